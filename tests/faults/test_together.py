"""Several servers, one of which dies, freezes or leaves, and what lies between them away: nothing is lost."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from loadtests.client import Answer, ChatClient
from loadtests.protocol.outbox import Entry
from tests.faults.launching import Zygote
from tests.faults.oracle import question
from tests.faults.together import Together, together

pytestmark = pytest.mark.anyio

LEASE_S = 15.0
NOTICED_S = 45.0
"""Within this time another server ends what a dead one has left."""


@asynccontextmanager
async def within(seconds: float) -> AsyncIterator[None]:
    async with asyncio.timeout(seconds):
        yield


async def begun(client: ChatClient, name: str, **words: object) -> tuple[Entry, dict[str, str]]:
    """An answer that is being written, of which something is shown."""
    entry = client.send(question(name, **words), client_message_id=name)
    ack = await client.accepted(entry)
    await client.until(lambda: bool(text_of(client, ack)))
    return entry, ack


def text_of(client: ChatClient, ack: dict[str, str]) -> str:
    """What is shown of an answer."""
    state = client._driver.core.conversations.get(ack["session_id"])
    row = None if state is None else state.rows.get(ack["pending_message_id"])
    return "" if row is None else str(row.text)


async def whole(client: ChatClient, ack: dict[str, str]) -> Answer:
    return Answer.of(ack, await client.ended(ack["session_id"], ack["pending_message_id"]))


async def watching(place: Together, number: int, client: ChatClient, session_id: str) -> ChatClient:
    """The same user on another server, who follows that session."""
    other = await place.client(number, client.token)
    await other.follow(session_id)
    return other


async def eventually(true: Callable[[], bool], seconds: float) -> float:
    """How long it took until that was so, as seen by looking at it."""
    began = time.monotonic()
    while not true():
        if time.monotonic() - began > seconds:
            raise TimeoutError
        await asyncio.sleep(0.02)
    return time.monotonic() - began


async def test_an_answer_is_followed_on_every_server_while_it_is_written(
    launcher: Zygote, tmp_path: Path
) -> None:
    async with within(60), together(launcher, tmp_path, 3) as place:
        ann = await place.client(0)
        _, ack = await begun(ann, "a", tokens=200, rate=200)
        others = [await watching(place, number, ann, ack["session_id"]) for number in (1, 2)]
        answers = [await whole(client, ack) for client in (ann, *others)]
        assert len({answer.text for answer in answers}) == 1
        for answer in answers:
            assert place.wrong((answer, question("a", tokens=200, rate=200)), statuses=["complete"]) == []


async def test_one_id_is_accepted_once_however_many_servers_are_asked_at_once(
    launcher: Zygote, tmp_path: Path
) -> None:
    async with within(60), together(launcher, tmp_path, 3) as place:
        ann = await place.client(0)
        everywhere = [ann, *[await place.client(number, ann.token) for number in (1, 2)]]
        for number in range(20):
            name = f"race{number}"
            answers = await asyncio.gather(
                *(client.ask(question(name, tokens=3), client_message_id=name) for client in everywhere)
            )
            assert len({answer.id for answer in answers}) == 1
            assert place.wrong((answers[0], question(name, tokens=3)), statuses=["complete"]) == []


async def test_whoever_stops_an_answer_on_another_server_stops_its_model(
    launcher: Zygote, tmp_path: Path
) -> None:
    async with within(60), together(launcher, tmp_path) as place:
        ann = await place.client(0)
        _, ack = await begun(ann, "a", tokens=100_000, rate=50)
        other = await watching(place, 1, ann, ack["session_id"])
        assert await other.stop(ack["session_id"], ack["pending_message_id"]) == "cancelled"
        assert await eventually(lambda: place.oracle.ended("a") is not None, 5) < 0.5
        answers = [await whole(client, ack) for client in (ann, other)]
        for answer in answers:
            assert place.wrong((answer, question("a", tokens=100_000, rate=50)), statuses=["cancelled"]) == []


async def test_what_takes_longer_than_a_lease_loses_nothing(launcher: Zygote, tmp_path: Path) -> None:
    """Side by side, since they take their time."""
    trials = (ends_what_a_dead_one_has_left, writes_nothing_after_a_long_sleep, outlives_a_frozen_database)
    await asyncio.gather(*(trial(launcher, tmp_path / trial.__name__) for trial in trials))


async def ends_what_a_dead_one_has_left(launcher: Zygote, tmp_path: Path) -> None:
    async with within(90), together(launcher, tmp_path) as place:
        ann = await place.client(0)
        _, ack = await begun(ann, "a", tokens=100_000, rate=50)
        other = await watching(place, 1, ann, ack["session_id"])
        began = time.monotonic()
        await place.servers[0].kill()
        answer = await whole(other, ack)
        assert LEASE_S < time.monotonic() - began < NOTICED_S
        assert answer.text
        assert place.wrong((answer, question("a", tokens=100_000, rate=50)), statuses=["interrupted"]) == []


async def writes_nothing_after_a_long_sleep(launcher: Zygote, tmp_path: Path) -> None:
    async with within(90), together(launcher, tmp_path) as place:
        ann = await place.client(0)
        _, ack = await begun(ann, "a", tokens=100_000, rate=50)
        other = await watching(place, 1, ann, ack["session_id"])
        place.servers[0].stop()
        answer = await whole(other, ack)
        place.servers[0].cont()
        await eventually(lambda: place.oracle.ended("a") is not None, 10)
        again = await other.ask(question("b", tokens=3), session_id=ack["session_id"], client_message_id="b")
        asked = [(answer, question("a", tokens=100_000, rate=50)), (again, question("b", tokens=3))]
        assert place.wrong(*asked) == []
        assert answer.status == "interrupted"


async def test_without_valkey_everything_comes_a_little_later(launcher: Zygote, tmp_path: Path) -> None:
    async with within(90), together(launcher, tmp_path) as place:
        other, session_id = await outlives(place, 150, place.valkey.kill)
        place.valkey.start()
        later = await other.ask(question("b", tokens=50, rate=50), session_id=session_id)
        assert later.status == "complete"


@pytest.mark.parametrize("how", ["flush", "restart", "freeze"])
async def test_an_answer_outlives_a_valkey_in_trouble(launcher: Zygote, tmp_path: Path, how: str) -> None:
    async with within(90), together(launcher, tmp_path) as place:
        await outlives(place, 200, getattr(place.valkey, how))
        if how == "freeze":
            place.valkey.thaw()


async def test_an_answer_outlives_a_restart_of_the_database(launcher: Zygote, tmp_path: Path) -> None:
    async with within(90), together(launcher, tmp_path) as place:
        await outlives(place, 150, place.postgres.restart)


async def outlives_a_frozen_database(launcher: Zygote, tmp_path: Path) -> None:
    async with within(120), together(launcher, tmp_path) as place:

        def frozen() -> None:
            place.postgres.freeze()
            time.sleep(LEASE_S + 5)  # it is the time itself that is tried
            place.postgres.thaw()

        await outlives(place, 1200, frozen)


async def outlives(place: Together, tokens: int, trouble: Callable[[], None]) -> tuple[ChatClient, str]:
    """An answer that is followed on two servers comes whole to both, whatever happens in the middle of it.

    Returns whoever follows it on the other one, and its session.
    """
    ann = await place.client(0)
    _, ack = await begun(ann, "a", tokens=tokens, rate=50)
    other = await watching(place, 1, ann, ack["session_id"])
    await asyncio.to_thread(trouble)
    answers = await asyncio.gather(whole(ann, ack), whole(other, ack))
    words = question("a", tokens=tokens, rate=50)
    assert all(place.wrong((answer, words), statuses=["complete"]) == [] for answer in answers)
    return other, ack["session_id"]
