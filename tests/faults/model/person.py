"""A person at a tab: the client's core and its verifier, with everything in between under way."""

from dataclasses import dataclass
from typing import Any

from loadtests.protocol.backoff import Pace
from loadtests.protocol.core import Core
from loadtests.protocol.effects import Effect, LoadMessage, LoadNewest, Subscribe, Transmit
from loadtests.protocol.frames import Frame
from loadtests.protocol.outbox import Entry
from loadtests.protocol.verify.session import Mark
from loadtests.protocol.verify.verifier import Verifier
from loadtests.protocol.verify.wire import Wire
from tests.faults.model.loop import StillLoop
from tests.faults.model.network import Call, Line
from tests.faults.model.server import MortalServer

SESSIONS = "/api/chat/sessions"
PAGE = 3  # few, so that there is something to page
AGAIN_S = 1.0


@dataclass
class Asked:
    """A request that is under way, and what it was made for."""

    call: Call
    effect: Effect
    mark: Mark | None = None


@dataclass
class Stream:
    """The events of one session over HTTP."""

    call: Call
    ask_id: str
    wire: Wire

    @property
    def under_way(self) -> bool:
        """Whether anything of it has not reached its other side yet."""
        return bool(not self.call.arrived or self.call.down or self.call.ended)


class Person:
    def __init__(self, name: str, loop: StillLoop, server: MortalServer, core: type[Core] = Core) -> None:
        self.name = name
        self._loop = loop
        self._server = server
        self.core = core(Pace())
        self.verifier = Verifier()
        self.line: Line | None = None
        self._wire = self.verifier.wire()
        self.calls: list[Asked] = []
        self.streams: dict[str, Stream] = {}
        self.later: list[tuple[float, Effect]] = []

    # What a person does

    def send(self, content: str, session_id: str | None) -> None:
        self.put(Entry(content, content, session_id=session_id))

    def retry(self, key: str, session_id: str, message_id: str) -> None:
        self.put(Entry(key, None, session_id=session_id, retry_of=message_id))

    def put(self, entry: Entry) -> None:
        self.verifier.sent(entry.client_message_id, entry.content)
        self._do(self.core.put(entry))

    def look(self, session_id: str) -> None:
        self._do(self.core.open(session_id))

    # Ways to the server

    @property
    def connected(self) -> bool:
        """Whether there is a way, as far as this client knows."""
        return self.core.carrier != "none"

    def connect(self, carrier: str) -> None:
        """By a new socket, or over HTTP alone. Whatever there was before is lost."""
        self.lose()
        if carrier == "http":
            self._do(self.core.carried("http"))
            return
        line = Line(self._loop, self._server)
        if not line.ended:
            self.line = line
            self._wire = self.verifier.wire()
            self._do(self.core.carried("socket"))

    def lose(self) -> None:
        """The network is cut: all that is under way, in either direction."""
        if self.line is not None:
            self.line.cut()
            self.line = None
        for stream in self.streams.values():
            stream.call.cut()
        self.streams.clear()
        calls, self.calls = self.calls, []
        for asked in calls:
            asked.call.cut()
            self._failed(asked)
        if self.core.carrier != "none":
            self._do(self.core.carried("none"))

    # What arrives

    def arrive(self, count: int) -> None:
        """What this client has sent reaches the server."""
        if self.line is not None:
            self.line.arrive(count)
        for call in [asked.call for asked in self.calls] + [each.call for each in self.streams.values()]:
            if not call.arrived:
                call.arrive(self._server)

    def hear(self, count: int) -> None:
        """The next frames from the server are here."""
        line = self.line
        while line is not None and line is self.line and count and line.down:
            count -= 1
            self._hear(self._wire, line.down.popleft())
        if line is not None and line is self.line and line.ended and not line.down:
            self.line = None
            self._do(self.core.carried("none"))
        for session_id, stream in list(self.streams.items()):
            self._hear_stream(session_id, stream, count or 1)

    def _hear_stream(self, session_id: str, stream: Stream, count: int) -> None:
        call = stream.call
        while count and call.down and self.streams.get(session_id) is stream:
            count -= 1
            _, frame = call.down.popleft()
            if frame["type"] == "subscribed" and stream.ask_id:
                frame["id"], stream.ask_id = stream.ask_id, ""
            self._hear(stream.wire, frame)
        if call.ended and not call.down and self.streams.get(session_id) is stream:
            del self.streams[session_id]
            self._do(self.core.stream(session_id, up=False))
            if call.status != 404:
                self._do(self.core.stream(session_id, up=True))

    def _hear(self, wire: Wire, frame: Frame) -> None:
        heard = wire.heard(frame)
        if heard is not None:
            self._do(self.core.hear(heard))

    def answered(self, place: int) -> None:
        """One of the answers to requests is here; they come in any order."""
        ready = [asked for asked in self.calls if asked.call.ended]
        if not ready:
            return
        asked = ready[place % len(ready)]
        self.calls.remove(asked)
        body = asked.call.answer()
        if body is None or asked.call.status is None or asked.call.status >= 500:
            self._failed(asked)
        elif isinstance(asked.effect, Transmit):
            self._accepted(asked.effect, body, asked.call.status)
        else:
            self._read(asked, body, asked.call.status)

    def _accepted(self, effect: Transmit, body: Frame, status: int) -> None:
        if status >= 400:
            self._do(self.core.outbox.refused(effect.client_message_id, body))
            return
        self.verifier.acked(body)
        self._do(self.core.accepted(body, followed=False))

    def _read(self, asked: Asked, body: Frame, status: int) -> None:
        effect, mark = asked.effect, asked.mark
        if status >= 400 or mark is None:
            return
        if isinstance(effect, LoadNewest):
            if self.verifier.page(body, mark):
                self._do(self.core.newest_page(effect.session_id, body, effect.ticket))
        elif isinstance(effect, LoadMessage):
            self.verifier.read(body, mark)
            self._do(self.core.message_read(effect.session_id, body, effect.era))

    def _failed(self, asked: Asked) -> None:
        """No answer came; what was asked is asked again later."""
        effect = asked.effect
        if isinstance(effect, Transmit):
            self._do(self.core.outbox.unanswered(effect.client_message_id, effect.tries + 1))
        else:
            self.later.append((self._loop.time() + AGAIN_S, effect))

    # What the core wants done

    def due(self) -> None:
        """What had to wait is done now, if it is still wanted."""
        now = self._loop.time()
        due = [effect for when, effect in self.later if when <= now]
        self.later = [each for each in self.later if each[0] > now]
        for effect in due:
            if self.core.wanted(effect):
                self._carry_out(effect)

    def _do(self, effects: list[Effect]) -> None:
        for effect in effects:
            delay = getattr(effect, "delay_s", 0)
            if delay:
                self.later.append((self._loop.time() + delay, effect))
            else:
                self._carry_out(effect)

    def _carry_out(self, effect: Effect) -> None:
        if isinstance(effect, Subscribe):
            self._subscribe(effect)
        elif isinstance(effect, Transmit):
            self._transmit(effect)
        elif isinstance(effect, LoadNewest):
            path = f"{SESSIONS}/{effect.session_id}/messages"
            self._call(effect, "GET", path, limit=PAGE)
        elif isinstance(effect, LoadMessage):
            self._call(effect, "GET", f"{SESSIONS}/{effect.session_id}/messages/{effect.message_id}")

    def _subscribe(self, effect: Subscribe) -> None:
        position: dict[str, Any] = {}
        if effect.position is not None:
            position = {"epoch": effect.position[0], "after": effect.position[1]}
        if self.core.carrier == "socket" and self.line is not None:
            self._wire.asked(effect.session_id, effect.ask_id, effect.position)
            frame = {"type": "subscribe", "id": effect.ask_id, "session_id": effect.session_id, **position}
            self.line.up.append(frame)
        elif self.core.carrier == "http":
            old = self.streams.pop(effect.session_id, None)
            if old is not None:
                old.call.cut()
            call = Call(self._loop, "GET", f"{SESSIONS}/{effect.session_id}/events", None, **position)
            wire = self.verifier.wire()
            wire.asked(effect.session_id, effect.ask_id, effect.position)
            self.streams[effect.session_id] = Stream(call, effect.ask_id, wire)

    def _transmit(self, effect: Transmit) -> None:
        entry = self.core.outbox.started(effect.client_message_id, effect.tries)
        if entry is None:
            return
        if self.core.carrier == "socket" and self.line is not None:
            self.line.up.append(entry.frame())
            return
        body = {name: value for name, value in entry.frame().items() if name not in {"type", "message_id"}}
        path = "/api/chat/messages"
        if entry.retry_of is not None:
            path = f"{SESSIONS}/{entry.session_id}/messages/{entry.retry_of}/retry"
        self._call(effect, "POST", path, body)

    def _call(
        self, effect: Effect, method: str, path: str, body: Frame | None = None, **query: object
    ) -> None:
        mark = None if isinstance(effect, Transmit) else self.verifier.reading(effect.session_id)
        self.calls.append(Asked(Call(self._loop, method, path, body, **query), effect, mark))
