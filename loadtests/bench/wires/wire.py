"""One connection that asks one question at a time, as cheap as Python allows.

Nothing is parsed that need not be, so that one core of clients can load one core of server. What is checked
of each token is its number, and of each answer that it ends where it should: whatever is lost, repeated, out
of order or too much raises `WireBroken`.
"""

import asyncio
import re
import time
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias, cast

MARK = re.compile(rb" w@(\d+):(\d+)@")
CONNECT_S = 30.0
BATCH = 50
NS = 1_000_000_000

Arrival: TypeAlias = tuple[int, int]
"""When a token came and when it was due, in nanoseconds of `time.monotonic`."""


class WireBroken(AssertionError):
    """The answer is not what the chain said, or did not come to its end."""


@dataclass
class Heard:
    """One question's answer: when it was asked, and if it was acknowledged, in nanoseconds; its arrivals.

    `own_ns` is what the model itself took until its first token.
    """

    asked: int
    own_ns: int = 0
    acked: int = 0
    arrivals: list[Arrival] = field(default_factory=list)

    @property
    def first_ms(self) -> float:
        """Milliseconds from the question to the first token, over the model's own."""
        return (self.arrivals[0][0] - self.asked - self.own_ns) / 1e6


class Wire(asyncio.Protocol):
    """Subclasses know how a server wants to be asked, and which bytes are of an answer."""

    mark = MARK

    def __init__(self, port: int) -> None:
        self.port = port
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._answer: asyncio.Future[Heard] | None = None
        self._heard = Heard(0)
        self._wanted = 0
        self._broken: str | None = None
        self._transport: asyncio.Transport | None = None

    @abstractmethod
    def open(self) -> None:
        """Begin; `ready` is set when questions can be asked."""

    @abstractmethod
    def say(self, question: str) -> None:
        """Send a question."""

    async def ask(self, tokens: int, delay_s: float) -> Heard:
        """Ask for so many tokens, and wait for the whole answer. Raises WireBroken."""
        if self._broken is not None:
            raise WireBroken(self._broken)
        self._answer = asyncio.get_running_loop().create_future()
        self._heard, self._wanted = Heard(time.monotonic_ns(), self.own_ns(delay_s)), tokens
        self.say(self.question(tokens, delay_s))
        return await self._answer

    def question(self, tokens: int, delay_s: float) -> str:
        return f"{tokens} {delay_s}"

    def own_ns(self, delay_s: float) -> int:
        """What the chain waits before its first token."""
        return round(delay_s * NS)

    def due(self, found: re.Match[bytes]) -> int:
        return int(found[2])

    def take(self, data: bytes) -> int:
        """Take the tokens in some bytes of an answer; where the last of them ends."""
        now, reach, arrivals = time.monotonic_ns(), 0, self._heard.arrivals
        for found in self.mark.finditer(data):
            if int(found[1]) != len(arrivals) or not self.asking:
                self.fail(f"token {int(found[1])} came where {len(arrivals)} of {self._wanted} had come")
                break
            arrivals.append((now, self.due(found)))
            reach = found.end()
        return reach

    @property
    def asking(self) -> bool:
        return self._answer is not None and not self._answer.done()

    def acked(self) -> None:
        self._heard.acked = time.monotonic_ns()

    def ended(self) -> None:
        """The server says that the answer is whole."""
        if len(self._heard.arrivals) != self._wanted:
            self.fail(f"the answer ended after {len(self._heard.arrivals)} of {self._wanted} tokens")
        elif self._answer is not None and not self._answer.done():
            self._answer.set_result(self._heard)

    def fail(self, why: str) -> None:
        self._broken = self._broken or why
        for future in (self.ready, self._answer):
            if future is not None and not future.done():
                future.set_exception(WireBroken(self._broken))

    def write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's does not inherit from it
        self.open()

    def connection_lost(self, exc: Exception | None) -> None:
        self.fail(f"the connection ended: {exc!r}")

    def close(self) -> None:
        for future in (self.ready, self._answer):
            if future is not None:
                future.cancel()
        if self._transport is not None:
            self._transport.abort()


async def connect(kind: type[Wire], port: int, count: int) -> list[Wire]:
    """Open so many connections, all of them ready. Raises WireBroken, TimeoutError."""
    wires: list[Wire] = []
    while len(wires) < count:
        wires += await _batch(kind, port, min(BATCH, count - len(wires)))
    return wires


async def _batch(kind: type[Wire], port: int, count: int) -> Sequence[Wire]:
    loop, wires = asyncio.get_running_loop(), [kind(port) for _ in range(count)]
    async with asyncio.timeout(CONNECT_S):
        await asyncio.gather(
            *(loop.create_connection(partial(_same, wire), "127.0.0.1", port) for wire in wires)
        )
        await asyncio.gather(*(wire.ready for wire in wires))
    return wires


def _same(wire: Wire) -> Wire:
    return wire
