"""A message that is sent any number of times is one message with one answer."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from random import Random
from typing import Any

from tests.faults.judged import Judged, world
from tests.faults.oracle import question
from tests.faults.proofs import Measured, Proof, Trial
from tests.faults.racing import CONFLICT, DOORS, USERS, Told, User, differing, raced
from tests.faults.server import Server
from tests.faults.tab import Tab

PROMISE = "One send runs at most once, over WebSocket, REST and tabs"
Moment = Callable[[], Awaitable[None]]


async def races(trial: Trial) -> Measured:
    """The same id at once, two to five times, by all doors; some with another text or session."""
    async with world(trial) as (_, users, judged):

        async def race(number: int, chance: Random) -> Sequence[str]:
            async with users.one() as racing:
                return await _race(trial, judged, racing, number, chance)

        await trial.each(race, at_once=USERS)
    return trial.measured


async def _race(trial: Trial, judged: Judged, racing: User, number: int, chance: Random) -> Sequence[str]:
    name = f"r-{number}-{chance.getrandbits(32):08x}"
    text = question(name, tokens=chance.choice((1, 3, 12)))
    body: dict[str, Any] = {"content": text, "client_message_id": name}
    if racing.session is not None and chance.random() < 0.5:
        body["session_id"] = racing.session
    senders = [(chance.choice(DOORS), body) for _ in range(chance.randint(2, 5))]
    alike = chance.random() < 0.8
    if not alike:
        door, _ = senders[0]
        other = {key: value for key, value in body.items() if key != "session_id"}
        senders[0] = door, other if "session_id" in body else body | {"content": f"{text} other"}
    told = await raced(racing, senders, chance)
    trial.measured.count("sends", len(told))
    trial.measured.count("conflicts", sum(each.refused == CONFLICT for each in told))
    wrong = differing(told, alike=alike)
    if wrong:
        return wrong
    won = next(body for (_, body), each in zip(senders, told, strict=True) if each.refused is None)
    return await _shown(judged, racing, won, told, chance)


async def _shown(
    judged: Judged, sender: User, body: dict[str, Any], told: Sequence[Told], chance: Random
) -> Sequence[str]:
    """Both tabs send it once more, so both show the answer; then its session is free for another trial."""
    again = [await sender.send(door, body) for door in DOORS[:2]]
    wrong = differing([*told, *again], alike=False)
    if not wrong:
        session_id, _, message_id = again[0].ids
        name, text = body["client_message_id"], body["content"]
        both = [await tab.shown(message_id, name, text) for tab in sender.tabs]
        judged.add(chance.choice(both))
        for tab in sender.tabs:
            await tab.forget(session_id)
        sender.session = session_id
    return wrong


async def lost_acks(trial: Trial) -> Measured:
    """The connection is cut after the commit and before the ack is read, then it is sent again."""
    async with world(trial) as (server, users, judged):

        async def lose(number: int, chance: Random) -> Sequence[str]:
            async with users.one() as losing:
                return await _lose(trial, server, judged, losing, number, chance)

        await trial.each(lose, at_once=USERS)
    return trial.measured


async def _lose(
    trial: Trial, server: Server, judged: Judged, losing: User, number: int, chance: Random
) -> Sequence[str]:
    name = f"l-{number}-{chance.getrandbits(32):08x}"
    text = question(name, tokens=chance.choice((1, 3, 12)))
    body: dict[str, Any] = {"content": text, "client_message_id": name}
    if losing.session is not None and chance.random() < 0.5:
        body["session_id"] = losing.session
    lose = chance.choice((_lose_on_socket, _lose_on_rest))
    blind_s = chance.choice((None, None, None, 0, 0.001, 0.003))

    async def moment() -> None:
        await (judged.committed(name) if blind_s is None else asyncio.sleep(blind_s))

    await lose(server, losing, body, moment)
    told = await losing.send(chance.choice(DOORS), body)
    trial.measured.count("committed before the cut", told.duplicate)
    if blind_s is None and not told.duplicate:
        return [f"it was committed, and accepted once more: {told}"]
    first = Told("cut off", told.ids)  # whichever it was: what is told from here on is a repetition
    return await _shown(judged, losing, body, [first], chance)


async def _lose_on_socket(server: Server, losing: User, body: dict[str, Any], moment: Moment) -> None:
    async with Tab(server.socket_url, losing.headers) as doomed:
        await doomed.say(type="send", **body)
        await moment()
        doomed.abort()


async def _lose_on_rest(server: Server, losing: User, body: dict[str, Any], moment: Moment) -> None:
    """By hand, since no client of HTTP lets a request go without its response."""
    request = losing.rest.build_request("POST", "/api/chat/messages", json=body)
    head = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
    _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(f"POST {request.url.path} HTTP/1.1\r\n{head}\r\n".encode() + request.content)
    await moment()
    writer.transport.abort()


PROOFS = [
    Proof("races of one id over both doors", small=150, full=10_000, run=races),
    Proof("lost acks", small=60, full=2_000, run=lost_acks),
]
