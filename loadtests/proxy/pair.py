"""One connection through the proxy: a client's side, a server's side, and two lanes between them."""

import asyncio
import random
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from loadtests.proxy.lane import Lane
from loadtests.proxy.plan import Cut, Direction, How, Plan

SINK_BYTES = 64 * 1024
FAREWELL_S = 2.0
ANY_HOW: tuple[How, ...] = ("fin", "rst", "silence")
ANY_WEIGHTS = (9, 9, 2)
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: on, for 0 s


@dataclass(frozen=True, slots=True)
class CutDone:
    """What was cut, why (`byte`, `idle`, `life`, `all`), and how much had passed each way."""

    connection: int
    how: How
    why: str
    direction: Direction | None
    up: int
    down: int


class Side(asyncio.Protocol):
    """One end; what it receives goes into `lane`, what comes out of `back` is written to it."""

    def __init__(self, pair: "Pair", lane: Lane, back: Lane) -> None:
        self._pair = pair
        self._lane = lane
        self._back = back
        self.transport: asyncio.Transport | None = None
        self.lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - for mypy: TCP
        self.transport = transport
        transport.set_write_buffer_limits(high=SINK_BYTES)
        self._pair.made(self)

    def data_received(self, data: bytes) -> None:
        self._pair.active()
        self._lane.take(data)

    def eof_received(self) -> bool:
        self._lane.end()
        return True  # the other direction goes on

    def pause_writing(self) -> None:
        self._back.hold("full", on=True)

    def resume_writing(self) -> None:
        self._back.hold("full", on=False)

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        self._pair.lost(self, exc)

    def close(self) -> None:
        if self.transport is not None:
            self.transport.close()

    def abort(self, *, reset: bool) -> None:
        if self.transport is None or self.lost:
            return
        if reset:
            found: socket.socket | None = self.transport.get_extra_info("socket")
            if found is not None:
                found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.transport.abort()

    def say_end(self) -> None:
        if self.transport is not None and not self.transport.is_closing() and self.transport.can_write_eof():
            with suppress(OSError):  # it has just been reset, and that is not yet known here
                self.transport.write_eof()


class Pair:
    def __init__(
        self,
        number: int,
        dice: random.Random,
        connect: Callable[["Pair"], None],
        cut: Callable[[CutDone], None],
        done: Callable[["Pair"], None],
    ) -> None:
        self.number = number
        self.up = Lane("up", dice, self._reached, self._ended)
        self.down = Lane("down", dice, self._reached, self._ended)
        self.client = Side(self, self.up, self.down)
        self.server = Side(self, self.down, self.up)
        self._connect = connect
        self._cut = cut
        self._done = done
        self._dice = dice
        self._plan = Plan()
        self._parting = False  # cut by FIN: what still comes is thrown away
        self._finished = False
        self._hangs = False
        self._heard = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._life: asyncio.TimerHandle | None = None

    @property
    def doomed(self) -> bool:
        """Whether bytes of it are gone, or will never have a server: it cannot be healed."""
        return self.up.swallowing or self.down.swallowing or self._hangs

    def follow(self, plan: Plan) -> None:
        self._plan = plan
        self._watch()
        self._live()
        self.up.follow(plan)
        self.down.follow(plan)

    def made(self, side: Side) -> None:
        if side is self.client:
            self.active()
            # Soon, not now: before Python 3.11.4 a transport begins to read after this whatever it was told.
            asyncio.get_running_loop().call_soon(self._pause_alone)
            self._hangs = self._plan.admission == "hang"
            if not self._hangs:
                self._connect(self)
        elif self.client.lost or self.client.transport is None or side.transport is None:
            side.abort(reset=False)
        else:
            self.client.transport.resume_reading()
            self.down.join(side.transport, self.client.transport)
            self.up.join(self.client.transport, side.transport)

    def _pause_alone(self) -> None:
        if self.client.transport is not None and self.up.sink is None:
            self.client.transport.pause_reading()

    def active(self) -> None:
        self._heard = asyncio.get_running_loop().time()

    def reset(self) -> None:
        self.up.stop()
        self.down.stop()
        self.client.abort(reset=True)
        self.server.abort(reset=True)

    def told(self) -> dict[str, object]:
        """What there is to say of an open connection; `client` is the address that it came from."""
        found = self.client.transport
        return {
            "connection": self.number,
            "client": None if found is None else found.get_extra_info("peername"),
            "up": self.up.passed,
            "down": self.down.passed,
        }

    def cut(self, how: How, why: str, direction: Direction | None = None) -> None:
        if self._parting or self.client.lost or (how == "silence" and self.up.swallowing):
            return
        self._cut(CutDone(self.number, how, why, direction, self.up.passed, self.down.passed))
        if how == "silence":
            self.up.swallow()
            self.down.swallow()
        elif how == "rst":
            self.reset()
        else:
            self._part()

    def _part(self) -> None:
        """End both sides in order: say it, and read what still comes, or closing would be a reset."""
        self._parting = True
        self.up.swallow()
        self.down.swallow()
        self.client.say_end()
        self.server.say_end()
        asyncio.get_running_loop().call_later(FAREWELL_S, self.drop)

    def drop(self) -> None:
        """Let go of both sides, whatever they are doing."""
        self.up.stop()
        self.down.stop()
        self.client.abort(reset=False)
        self.server.abort(reset=False)

    def lost(self, side: Side, error: Exception | None) -> None:
        other = self.server if side is self.client else self.client
        if other.lost or other.transport is None:
            self._finish()
        elif not self._parting and not (self.up.swallowing and self.down.swallowing):
            if error is None:
                other.close()
            else:
                other.abort(reset=True)

    def _finish(self) -> None:
        if self._finished:
            return
        self._finished = True
        self.up.stop()
        self.down.stop()
        for timer in (self._timer, self._life):
            if timer is not None:
                timer.cancel()
        self._done(self)

    def _reached(self, cut: Cut) -> None:
        self.cut(cut.how, "byte", cut.direction)

    def _ended(self, lane: Lane) -> None:
        if self.up.over and self.down.over:
            self.client.close()
            self.server.close()
        elif self._parting:
            (self.client if lane is self.up else self.server).close()

    def _watch(self) -> None:
        """Look again when the idle time may be over."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._plan.idle_s:
            loop = asyncio.get_running_loop()
            left = self._plan.idle_s - (loop.time() - self._heard) if self._heard else self._plan.idle_s
            if left <= 0:
                self.cut(self._plan.idle_how, "idle")
            else:
                self._timer = loop.call_later(left, self._watch)

    def _live(self) -> None:
        """From now on it has a life of its own length."""
        if self._life is not None:
            self._life.cancel()
            self._life = None
        if self._plan.life_s:
            how = self._plan.life_how
            chosen = self._dice.choices(ANY_HOW, ANY_WEIGHTS)[0] if how == "any" else how
            length = self._plan.life_s * self._dice.uniform(0.5, 1.5)
            self._life = asyncio.get_running_loop().call_later(length, self.cut, chosen, "life")
