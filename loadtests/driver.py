"""Carries out what the core wants, over whichever transport there is, and tells it what came."""

import asyncio
import random
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

import httpx
import orjson

from loadtests.background import Background
from loadtests.errors import Closed, Refused, Unreached
from loadtests.measures import Measures
from loadtests.protocol.backoff import Pace
from loadtests.protocol.core import Carrier, Core
from loadtests.protocol.effects import Effect, Gone, LoadMessage, LoadNewest, Subscribe, Transmit
from loadtests.protocol.frames import Frame, is_event
from loadtests.protocol.verify.verifier import Verifier
from loadtests.protocol.verify.violations import Kind
from loadtests.reads import Reads
from loadtests.sends import Sends
from loadtests.transports.rest import Rest
from loadtests.transports.socket import ChatSocket
from loadtests.transports.streams import Streams

# `auto`: the WebSocket, and HTTP stands in while that cannot be had.
Mode = Literal["auto", "websocket", "http"]
TRIES_FIRST, TRIES_LATER = 2, 3


@dataclass
class Driver:
    """One user's connection. `start` it with the token; close its `background`."""

    url: str
    http: httpx.AsyncClient
    mode: Mode
    pace: Pace
    verifier: Verifier
    random: random.Random
    page_limit: int = 50
    measures: Measures = field(default_factory=Measures)
    background: Background = field(default_factory=Background)

    def __post_init__(self) -> None:
        self.core = Core(self.pace)
        self.rest = Rest(self.http, self.url, self.pace)
        self.streams = Streams(self.rest, self.pace, self.verifier, self.background, self)
        self.reads = Reads(self)
        self.sends = Sends(self)
        self.socket: ChatSocket | None = None
        self.gone: dict[str, Refused] = {}
        self.replies: dict[str, asyncio.Future[Frame]] = {}
        self._wire = self.verifier.wire()
        self._token = ""
        self._running: asyncio.Task[None] | None = None
        self._connecting_at = 0.0
        self._ever_open = False
        self._asked = 0

    @property
    def now(self) -> float:
        return asyncio.get_running_loop().time()

    @property
    def fault(self) -> Closed | None:
        """Why the server closed the connection for good, if it did."""
        return None if self.socket is None else self.socket.fault

    def start(self, token: str) -> None:
        self._token = token
        self.rest.introduce(token)
        self.switch(self.mode)

    def switch(self, mode: Mode) -> None:
        """Go on by another way, in the middle of whatever is under way."""
        self.mode = mode
        if mode == "http":
            self._drop_socket()
            self._carry("http")
            return
        if mode == "websocket" and self.core.carrier == "http":
            self._carry("none")
        if self._running is None:
            hello = {"type": "hello", "protocol": 1, "token": self._token}
            url = self.url.replace("http", "ws", 1) + "/ws/chat"
            self.socket = ChatSocket(url, hello, self.pace, self, self.random.random)
            self._running = self.background.run(self.socket.run())

    async def close(self) -> None:
        if self.socket is not None:
            await self.socket.close()
        await self.background.close()

    def _drop_socket(self) -> None:
        if self._running is not None and self.socket is not None:
            self._running.cancel()
            self._running = self.socket = None

    def perform(self, effects: list[Effect]) -> None:
        for effect in effects:
            self.background.later(getattr(effect, "delay_s", 0), partial(self._perform, effect))

    def _perform(self, effect: Effect) -> None:
        if not self.core.wanted(effect):
            return
        if isinstance(effect, Subscribe):
            self._subscribe(effect)
        elif isinstance(effect, LoadNewest):
            self.background.run(self.reads.newest(effect))
        elif isinstance(effect, LoadMessage):
            self.background.run(self.reads.message(effect))
        elif isinstance(effect, Transmit):
            self.sends.transmit(effect)
        elif isinstance(effect, Gone):
            self.lose(effect.session_id, Refused(0, effect.error))

    def _subscribe(self, effect: Subscribe) -> None:
        if self.core.carrier == "http":
            self._connecting_at = self.now
            self.streams.follow(effect.session_id, effect.ask_id, effect.position)
            return
        frame: Frame = {"type": "subscribe", "id": effect.ask_id, "session_id": effect.session_id}
        if effect.position is not None:
            frame |= {"epoch": effect.position[0], "after": effect.position[1]}
        self._wire.asked(effect.session_id, effect.ask_id, effect.position)
        self.say(frame)

    def leave(self, session_id: str) -> None:
        """Stop following a session and forget it."""
        if self.core.carrier == "socket":
            self._wire.dropped(session_id)
            self.say({"type": "unsubscribe", "session_id": session_id})
        self.streams.leave(session_id)
        self.core.forget(session_id)
        self.verifier.forget(session_id)
        self.measures.forget(session_id)

    def say(self, frame: Frame) -> None:
        """Send a frame by the socket; nothing happens where there is none."""
        if self.socket is not None and self.core.carrier == "socket":
            self.socket.send(frame)

    def request_id(self) -> str:
        self._asked += 1
        return f"r{self._asked}"

    def lose(self, session_id: str, why: Refused) -> None:
        """Tell whoever waits for something of a session that it cannot be followed."""
        self.gone[session_id] = why
        self.background.changed()

    # What the socket says.

    def connecting(self) -> None:
        self._connecting_at = self.now
        self.measures.connections += 1

    def opened(self, welcome: Frame) -> None:
        self._ever_open = True
        self._wire = self.verifier.wire()
        self._wire.heard(welcome)
        self._carry("socket")

    def received(self, data: bytes) -> None:
        try:
            frame = orjson.loads(data)
        except ValueError:
            self.verifier.violations.add(Kind.SHAPE, f"no JSON: {data[:100]!r}")
            return
        judged = self._wire.heard(frame)
        if judged is not None:
            self.heard(judged)

    def closed(self, _code: int) -> None:
        if self.core.carrier == "socket":
            self._carry("none")
        for reply in self.replies.values():
            reply.set_exception(Unreached("the connection closed"))
        self.replies.clear()
        limit = TRIES_LATER if self._ever_open else TRIES_FIRST
        if self.mode == "auto" and self.socket is not None and self.socket.failures >= limit:
            self.background.run(self._stand_in())
        self.background.changed()

    async def _stand_in(self) -> None:
        """Let HTTP stand in if it works where the socket does not."""
        try:
            await self.rest.chains()
        except (Unreached, Refused):
            return
        if self.core.carrier == "none" and self.mode == "auto":
            self._carry("http")

    def _carry(self, carrier: Carrier) -> None:
        if carrier != "http":
            self.streams.stop()
        for session_id, state in self.core.conversations.items():
            if state.following == "yes" and state.cursor is not None:
                self.measures.cut(session_id, state.cursor, self.now)
        self.perform(self.core.carried(carrier))
        self.background.changed()

    # What the streams say.

    def stream(self, session_id: str, *, up: bool) -> None:
        state = self.core.conversations.get(session_id)
        if not up and state is not None and state.following == "yes" and state.cursor is not None:
            self.measures.cut(session_id, state.cursor, self.now)
        self.perform(self.core.stream(session_id, up=up))

    def heard(self, frame: Frame) -> None:
        """Take a frame that has been judged."""
        kind = frame["type"]
        if kind == "ack":
            self.measures.acked(frame)
        elif kind == "draining" and self.socket is not None:
            self.socket.leave_in(frame["retry_after_ms"] / 1000)
        elif "id" in frame and frame["id"] in self.replies:
            self.replies.pop(frame["id"]).set_result(frame)
        self.perform(self.core.hear(frame))
        if kind == "subscribed" or is_event(frame):
            self._measure(frame)
        self.background.changed(a_little=kind == "token")

    def _measure(self, frame: Frame) -> None:
        if frame["type"] == "subscribed":
            self.measures.subscribed(frame, self._connecting_at, self.core.carrier, self.now)
            return
        self.measures.heard(frame, self.now)
        if self.measures.recovering:
            state = self.core.conversations.get(frame["session_id"])
            if state is not None and state.cursor is not None:
                self.measures.reached(
                    frame["session_id"], state.cursor, len(frame.get("content", "")), self.now
                )
