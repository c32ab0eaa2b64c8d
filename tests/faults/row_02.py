"""A message that is sent any number of times is one message with one answer."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.faults.judged import Judged, world
from tests.faults.oracle import Oracle, question
from tests.faults.proofs import Measured, Proof, Trial
from tests.faults.racing import CONFLICT, DOORS, USERS, Told, User, differing, raced
from tests.faults.server import Server
from tests.faults.tab import Tab

PROMISE = "One send runs at most once, over WebSocket, REST and tabs"
Moment = Callable[[], Awaitable[None]]
ONLY = {"complete"}
BLIND_S = (0, 0.001, 0.003)


async def races(trial: Trial) -> Measured:
    """The same id at once, two to five times, by all doors; some with another text or session."""
    async with world(trial, ONLY) as (_, users, judged):

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
    wrong = differing(told, [body for _, body in senders])
    if wrong:
        return wrong
    taken = [(body, each) for (_, body), each in zip(senders, told, strict=True) if each.refused is None]
    won = next(body for body, each in taken if not each.duplicate)
    return await _shown(judged, racing, won, [each for _, each in taken], chance)


async def _shown(
    judged: Judged, sender: User, body: dict[str, Any], told: Sequence[Told], chance: Random
) -> Sequence[str]:
    """Both tabs send it once more, so both show the answer; then its session is free for another trial."""
    told = [*told, *[await sender.send(door, body) for door in DOORS[:2]]]
    wrong = differing(told, [body] * len(told))
    if not wrong:
        session_id, _, message_id = told[-1].ids
        name, text = body["client_message_id"], body["content"]
        both = [await tab.shown(message_id, name, text) for tab in sender.tabs]
        if both[0] != both[1]:
            wrong.append(f"one tab shows {both[0]}, the other {both[1]}")
        judged.add(chance.choice(both))
        for tab in sender.tabs:
            await tab.forget(session_id)
        sender.session = session_id
    return wrong


async def lost_acks(trial: Trial) -> Measured:
    """The connection is cut after the commit and before the ack is read, then it is sent again."""
    async with world(trial, ONLY) as (server, users, judged):
        oracle = Oracle(server.database, server.record)

        async def lose(number: int, chance: Random) -> Sequence[str]:
            async with users.one() as sender:
                losing = Losing(trial, server, judged, oracle, sender, chance)
                found = await losing.committed(f"l-{number}-{chance.getrandbits(32):08x}")
                if not found and chance.random() < 0.5:
                    found = await losing.blindly(f"b-{number}-{chance.getrandbits(32):08x}")
                return found

        await trial.each(lose, at_once=USERS)
    return trial.measured


@dataclass
class Losing:
    """Somebody who sends a message, loses the connection, and sends it again."""

    trial: Trial
    server: Server
    judged: Judged
    oracle: Oracle
    sender: User
    chance: Random

    async def committed(self, name: str) -> Sequence[str]:
        """The database holds it before the cut, and nobody has read that it does."""
        told = await self._twice(body := self._body(name), lambda: self.judged.committed(name))
        session_id, _, message_id = told.ids
        if not told.duplicate or self.oracle.accepted(name) != (session_id, message_id):
            return [f"it was committed as {self.oracle.accepted(name)}, and then accepted: {told}"]
        self.trial.measured.count("acks lost after the commit")
        return await self._shown(body, told)

    async def blindly(self, name: str) -> Sequence[str]:
        """Whether it has come as far as that or not."""
        body, blind_s = self._body(name), self.chance.choice(BLIND_S)
        told = await self._twice(body, lambda: asyncio.sleep(blind_s))
        self.trial.measured.count("blind cuts more")
        return await self._shown(body, told)

    def _body(self, name: str) -> dict[str, Any]:
        text = question(name, tokens=self.chance.choice((1, 3, 12)))
        body: dict[str, Any] = {"content": text, "client_message_id": name}
        if self.sender.session is not None and self.chance.random() < 0.5:
            body["session_id"] = self.sender.session
        return body

    async def _twice(self, body: dict[str, Any], moment: Moment) -> Told:
        lose = self.chance.choice((_lose_on_socket, _lose_on_rest))
        await lose(self.server, self.sender, body, moment)
        return await self.sender.send(self.chance.choice(DOORS), body)

    async def _shown(self, body: dict[str, Any], told: Told) -> Sequence[str]:
        # Whichever it was: what is told from here on is a repetition.
        first = Told("cut off", told.ids, refused=told.refused)
        return await _shown(self.judged, self.sender, body, [first], self.chance)


async def _lose_on_socket(server: Server, losing: User, body: dict[str, Any], moment: Moment) -> None:
    async with Tab(server.socket_url, losing.headers) as doomed:
        doomed.turn_deaf()
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
