"""One client and one server with everything between them that can be lost, late, early or doubled."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from loadtests.protocol.backoff import Pace
from loadtests.protocol.conversation import Conversation
from loadtests.protocol.core import Core
from loadtests.protocol.effects import Effect, LoadMessage, LoadNewest, Subscribe, Transmit
from loadtests.protocol.frames import Frame
from loadtests.protocol.outbox import Entry
from loadtests.protocol.verify.session import Mark
from loadtests.protocol.verify.verifier import Verifier
from tests.support.model_server import ModelServer
from tests.support.wireframes import SESSION


@dataclass
class _Request:
    """A page (`before` for an older one) or a message that was asked for by REST, and what came."""

    effect: LoadNewest | LoadMessage | None
    mark: Mark
    before: str | None = None
    era: int = 0
    answer: Frame | None = None


class World:
    """`faulty` frames come twice or not at all, which no correct server does."""

    def __init__(self, seed: int, *, faulty: bool) -> None:
        self.server = ModelServer()
        self.core = Core(Pace())
        self.verifier = Verifier(trims=True)
        self._random = random.Random(seed)
        self._faulty = faulty
        self._backup = self.server.copy()
        self._wire = self.verifier.wire()
        self._connected = False
        self._upward: list[Subscribe | Entry] = []
        self._downward: list[Frame] = []
        self._position: int | None = None
        self._requests: list[_Request] = []
        self._waiting: list[Transmit] = []
        self._names = 0
        self._take(self.core.open(SESSION))
        often = (self._speak, self._connect, self._flow, self._downstream)
        seldom = (self._cut, self._trim, self._retry, self._restore, self._back_up)
        others = (
            self._upstream,
            self._transmit,
            self._answer,
            self._deliver,
            self._finish,
            self._send,
            self._send_elsewhere,
            self._older,
        )
        self.acts: tuple[Callable[[], None], ...] = seldom + 2 * others + 4 * often

    @property
    def conversation(self) -> Conversation:
        return self.core.conversations[SESSION]

    def settle(self) -> None:
        """Nothing is lost from now on: the answer ends and all that is under way arrives."""
        self._faulty = False
        self._finish()
        self._connect()
        # A last exchange: a frame swallowed at the very end shows only by what comes after it.
        self._send_elsewhere()
        for _ in range(1000):
            self._connect()
            while self._upward or self._downward or self._requests or self._waiting:
                self._finish()
                self._transmit()
                self._upstream()
                self._downstream()
                self._answer()
                self._deliver()
            self._finish()
            if self._position == self.server.end:
                return
            self._flow()
        raise AssertionError("it never settles")

    def _take(self, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Transmit):
                self._waiting.append(effect)
            elif isinstance(effect, Subscribe):
                if self._connected:
                    self._upward.append(effect)
            elif isinstance(effect, LoadNewest | LoadMessage) and self.core.wanted(effect):
                self._requests.append(_Request(effect, self.verifier.reading(SESSION)))

    def _speak(self) -> None:
        self.server.piece(self._random.choice(("a", "bc", "😀", "é ")))

    def _finish(self) -> None:
        self.server.finish(fails=self._random.random() < 0.3)

    def _connect(self) -> None:
        if not self._connected:
            self._connected = True
            self._wire = self.verifier.wire()
            self._take(self.core.carried("socket"))

    def _cut(self) -> None:
        if self._connected:
            self._connected = False
            self._upward, self._downward, self._position = [], [], None
            self._take(self.core.carried("none"))

    def _put(self, entry: Entry) -> None:
        self.verifier.sent(entry.client_message_id, entry.content)
        self._take(self.core.put(entry))

    def _name(self) -> str:
        self._names += 1
        return f"c{self._names}"

    def _send(self) -> None:
        name = self._name()
        self._put(Entry(name, f"question {name}", session_id=SESSION))

    def _retry(self) -> None:
        order = self.conversation.order
        if order and self.conversation.rows[order[-1]].message["role"] == "assistant":
            self._put(Entry(self._name(), None, session_id=SESSION, retry_of=order[-1]))

    def _send_elsewhere(self) -> None:
        """Another tab sends."""
        if self.server.running is None:
            self.server.accept(self._name())

    def _transmit(self) -> None:
        if self._waiting:
            effect = self._waiting.pop(0)
            entry = self.core.outbox.started(effect.client_message_id, effect.tries)
            if entry is not None:
                self._upward.append(entry)

    def _upstream(self) -> None:
        if not self._upward:
            return
        asked = self._upward.pop(0)
        if isinstance(asked, Subscribe):
            self._wire.asked(asked.session_id, asked.ask_id, asked.position)
            self._follow(self.server.subscribe(asked.ask_id, asked.position))
            return
        ack = self._accept(asked)
        if ack is None:
            return
        self._downward.append(ack)
        if self._position is None:
            answer = ack["pending_message_id"]
            came = (event for event in self.server.log if event["type"] == "message")
            first = next(event["seq"] for event in came if event["message"]["id"] == answer)
            kept = first > self.server.trimmed
            self._follow(self.server.unasked(first - 1 if kept else self.server.before_running()))

    def _accept(self, entry: Entry) -> Frame | None:
        """The ack of a send or retry; a refusal is answered at once."""
        name = entry.client_message_id
        known = any(held["client_message_id"] == name for held in self.server.messages)
        newest = self.server.messages[-1]["id"] if self.server.messages else None
        if not known and self.server.running is not None:
            code, retryable = "session_busy", True
        elif not known and entry.retry_of not in {None, newest}:
            code, retryable = "not_latest", False
        else:
            return self.server.accept(name) if entry.retry_of is None else self.server.retry(name)
        self._downward.append(
            {
                "type": "error",
                "code": code,
                "message": "No.",
                "retryable": retryable,
                "request": entry.frame()["type"],
                "client_message_id": name,
            }
        )
        return None

    def _follow(self, frame: Frame) -> None:
        self._downward.append(frame)
        self._position = frame["seq"]

    def _flow(self) -> None:
        """The follower reads on in the log, sometimes several pieces joined into one frame."""
        if self._position is None:
            return
        if self._position < self.server.trimmed:
            self._follow(self.server.unasked(self.server.before_running()))
            return
        events = self.server.log[self._position :]
        if not events:
            return
        frame = events[0]
        for after in events[1:]:
            joins = frame["type"] == after["type"] == "token" and frame["message_id"] == after["message_id"]
            if not joins or self._random.random() < 0.5:
                break
            frame = frame | {"content": frame["content"] + after["content"], "seq": after["seq"]}
        self._position = frame["seq"]
        self._downward.append(frame)
        fault = self._random.random() if self._faulty else 1
        if fault < 0.05:
            self._downward.append(frame)
        elif fault < 0.08:
            self._downward.pop()

    def _downstream(self) -> None:
        if self._downward:
            frame = self._wire.heard(self._downward.pop(0))
            assert frame is not None
            self._take(self.core.hear(frame))

    def _older(self) -> None:
        before = self.conversation.older_than()
        if before is not None:
            mark, era = self.verifier.reading(SESSION), self.conversation.era
            self._requests.append(_Request(None, mark, before, era))

    def _answer(self) -> None:
        """The server answers one of the requests."""
        waiting = [request for request in self._requests if request.answer is None]
        if not waiting:
            return
        request = self._random.choice(waiting)
        if isinstance(request.effect, LoadMessage):
            request.answer = self.server.read(request.effect.message_id)
            if request.answer is None:
                self._requests.remove(request)
        else:
            request.answer = self.server.page(request.before)

    def _deliver(self) -> None:
        """Answers arrive in any order."""
        ready = [request for request in self._requests if request.answer is not None]
        if not ready:
            return
        request = self._random.choice(ready)
        self._requests.remove(request)
        answer, effect = request.answer, request.effect
        assert answer is not None
        if isinstance(effect, LoadMessage):
            self.verifier.read(answer, request.mark)
            self._take(self.core.message_read(SESSION, answer, effect.era))
            return
        assert self.verifier.page(answer, request.mark)
        if effect is not None:
            self._take(self.core.newest_page(SESSION, answer, effect.ticket))
        elif request.before is not None:
            self._take(self.core.older_page(SESSION, answer, request.before, request.era))

    def _trim(self) -> None:
        self.server.trim()

    def _back_up(self) -> None:
        self._backup = self.server.copy()

    def _restore(self) -> None:
        """A backup is restored: the log goes back, connections end, the epoch is another."""
        if self._random.random() < 0.5:
            return
        epoch = f"e{int(self.server.epoch[1:]) + 1}"
        self.server = self._backup.copy()
        self.server.epoch = epoch
        self.server.finish(fails=True)
        self._backup = self.server.copy()
        self._cut()
