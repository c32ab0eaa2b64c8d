"""What people do in a chat: each habit is one visit, and sees everything that it began to its end."""

import asyncio
import uuid
from collections.abc import Callable, Coroutine, Mapping
from time import monotonic
from typing import Any, TypeAlias

from loadtests.client import Mode
from loadtests.people.person import Asked, Person
from loadtests.people.questions import question
from loadtests.people.seen import disagreements
from loadtests.people.tab import Tab
from loadtests.people.wrongs import Wrong

Habit: TypeAlias = Callable[[Person], Coroutine[Any, Any, None]]
LONG = 150  # tokens: long enough to do something meanwhile
AWAY_S = (1.0, 12.0)
AGREE_S, LOOK_S = 80.0, 0.1  # a dead connection is noticed after 40 s, and the way back may take 30


def _question(person: Person, tokens: int | None = None) -> str:
    return question(person.dice, tokens=tokens, haste=person.world.haste)


async def ask(person: Person) -> None:
    """Ask, and read the answer while it comes."""
    tab = await person.tab()
    await person.see(tab, await person.send(tab, _question(person)))


async def page_back(person: Person) -> None:
    """Look for something said earlier, page by page."""
    tab = await person.tab()
    if person.session_id is None:
        return
    for _ in range(person.dice.randint(1, 5)):
        start = monotonic()
        if not await tab.client.older(person.session_id):
            break
        person.watch.took("page of history", monotonic() - start)
        person.look(tab)
        await person.pause(1)


async def leave_and_come_back(person: Person) -> None:
    """Go away in the middle of an answer, and find it whole on coming back."""
    tab = await person.tab()
    asked = await person.send(tab, _question(person, LONG))
    await tab.until_said(_session(asked), _answer(asked), person.dice.randint(0, 400))
    await person.leave()
    await person.pause(person.dice.uniform(*AWAY_S))
    await person.see(await person.tab(), asked)


async def open_two_tabs(person: Person) -> None:
    """Ask in one tab and watch in another, which must show the same."""
    tab = await person.tab()
    if person.session_id is None:
        await person.see(tab, await person.send(tab, _question(person)))
    other_mode: Mode = "http" if tab.mode == "websocket" else "websocket"
    async with person.another_tab(person.dice.choice([tab.mode, other_mode])) as other:
        asked = await person.send(tab, _question(person))
        await person.see(tab, asked)
        await other.client.ended(_session(asked), _answer(asked))
        await _agree(person, tab, other, _session(asked))


async def _agree(person: Person, tab: Tab, other: Tab, session_id: str) -> None:
    """Both tabs come to show the same. One that is cut off may know an end by its id, and the rest later."""
    deadline = monotonic() + AGREE_S / person.world.haste
    while differing := disagreements(tab.shows(session_id), other.shows(session_id)):
        if monotonic() > deadline:
            for wrong in differing:
                person.watch.violated(Wrong.TABS, wrong)
            return
        await asyncio.sleep(LOOK_S)


async def stop(person: Person) -> None:
    """Stop an answer that is not what was wanted; sometimes it is over just then."""
    tab = await person.tab()
    asked = await person.send(tab, _question(person, LONG))
    await tab.until_said(_session(asked), _answer(asked), person.dice.randint(1, 300))
    start = monotonic()
    await tab.client.stop(_session(asked), _answer(asked))
    await person.see(tab, asked)
    person.watch.took("stop", monotonic() - start)


async def retry(person: Person) -> None:
    """Have the same question answered once more."""
    tab = await person.tab()
    first = await person.send(tab, _question(person))
    message = await person.see(tab, first)
    again = Asked(str(uuid.uuid4()), first.question, first.session_id)
    person.asked.append(again)
    person.watch.counted("asked")
    start = monotonic()
    again.message_id = (await tab.retried(_session(first), message, again.client_message_id)).id
    await person.see(tab, again)
    person.watch.took("retry", monotonic() - start)


async def change_session(person: Person) -> None:
    """Go on in an earlier session, or begin another."""
    await person.leave()
    person.session_id = person.dice.choice([None, *person.seen.sessions])
    await ask(person)


async def change_network(person: Person) -> None:
    """Go on by the other door in the middle of an answer."""
    tab = await person.tab()
    asked = await person.send(tab, _question(person, LONG))
    await tab.until_said(_session(asked), _answer(asked), person.dice.randint(1, 300))
    tab.client.switch("websocket" if tab.client.carrier == "http" else "http")
    await person.see(tab, asked)
    tab.client.switch(tab.mode)


def _session(asked: Asked) -> str:
    return asked.session_id or ""


def _answer(asked: Asked) -> str:
    return asked.message_id or ""


# How often people do each, by weight.
HABITS: Mapping[Habit, int] = {
    ask: 12,
    page_back: 3,
    leave_and_come_back: 4,
    open_two_tabs: 2,
    stop: 2,
    retry: 2,
    change_session: 1,
    change_network: 1,
}
