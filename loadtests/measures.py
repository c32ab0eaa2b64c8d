"""What the person in front of this client would have felt. Times come from the caller; all are in seconds."""

from dataclasses import dataclass, field

from loadtests.expected import Schedule
from loadtests.protocol.frames import Frame, ends, is_terminal


@dataclass(frozen=True, slots=True)
class Recovery:
    """A lost connection: from the cut, and from the try that succeeded, until nothing was missing.

    `events` and `characters` are what came late by it; `recovered` says that no page was needed.
    """

    session_id: str
    by: str
    from_cut_s: float
    from_connect_s: float
    events: int
    characters: int
    recovered: bool


@dataclass(slots=True)
class _Cut:
    at: float
    cursor: int
    target: int | None = None
    connecting: float = 0
    by: str = ""
    characters: int = 0
    recovered: bool = False


@dataclass(slots=True)
class _Running:
    """An answer on its way: when it was asked for, and how late each frame was against its script."""

    sent: float | None = None
    first: float | None = None
    have: int = 0
    schedule: Schedule | None = None
    late: list[float] = field(default_factory=list)
    soonest: float = float("inf")


@dataclass
class Measures:
    """Lists that grow; `take` empties them, for whoever reports from time to time."""

    first_token_s: list[float] = field(default_factory=list)
    answer_s: list[float] = field(default_factory=list)
    lateness_s: list[float] = field(default_factory=list)
    recoveries: list[Recovery] = field(default_factory=list)
    connections: int = 0
    silent_ends: int = 0  # answers that had ended, and nobody had said so, or not yet on a slow line
    _sent: dict[str, tuple[float, str | None]] = field(default_factory=dict)
    _running: dict[str, _Running] = field(default_factory=dict)
    _cuts: dict[str, _Cut] = field(default_factory=dict)

    def take(self) -> "Measures":
        """Return what was measured since the last time."""
        taken = Measures(
            self.first_token_s,
            self.answer_s,
            self.lateness_s,
            self.recoveries,
            self.connections,
            self.silent_ends,
        )
        self.first_token_s, self.answer_s, self.lateness_s, self.recoveries = [], [], [], []
        self.connections = self.silent_ends = 0
        return taken

    def sent(self, client_message_id: str, question: str | None, now: float) -> None:
        self._sent[client_message_id] = (now, question)

    def acked(self, ack: Frame) -> None:
        at, question = self._sent.pop(ack["client_message_id"], (None, None))
        if at is None or is_terminal(ack):
            return
        running = self._running.setdefault(ack["pending_message_id"], _Running())
        running.sent = at
        running.schedule = None if question is None else Schedule.of(question)
        self._first(running)

    def heard(self, frame: Frame, now: float) -> None:
        """Take an event of the log that was not heard before."""
        if frame["type"] == "token":
            self._piece(frame, now)
        elif ends(frame):
            self.ended(frame["message_id"], now)

    def _piece(self, frame: Frame, now: float) -> None:
        running = self._running.setdefault(frame["message_id"], _Running())
        end = frame["at"] + len(frame["content"])
        if end <= running.have:
            return
        if running.first is None:
            running.first = now
            self._first(running)
        if running.schedule is not None:
            running.late.append(now - running.schedule.due(max(frame["at"], running.have)))
            running.soonest = min(running.soonest, now - running.schedule.due(end - 1))
        running.have = end

    def _first(self, running: _Running) -> None:
        if running.sent is not None and running.first is not None:
            self.first_token_s.append(running.first - running.sent)

    def ended(self, message_id: str, now: float) -> None:
        """Note that an answer is known to have ended, by its event or by a page that came before it."""
        running = self._running.pop(message_id, None)
        if running is None:
            return
        if running.first is None:
            running.first = now
            self._first(running)
        if running.sent is not None:
            self.answer_s.append(now - running.sent)
        # The quickest frame says when the chain must have begun; the others are late by comparison.
        self.lateness_s += [max(0, late - running.soonest) for late in running.late]

    def cut(self, session_id: str, cursor: int, now: float) -> None:
        """Note that nothing comes any more; only the first of several cuts counts."""
        self._cuts.setdefault(session_id, _Cut(now, cursor))

    def subscribed(self, frame: Frame, connecting: float, by: str, now: float) -> None:
        cut = self._cuts.get(frame["session_id"])
        if cut is not None:
            cut.target, cut.connecting, cut.by = frame["end"], max(connecting, cut.at), by
            cut.recovered = frame["recovered"]
            self.reached(frame["session_id"], frame["seq"], 0, now)

    def reached(self, session_id: str, cursor: int, characters: int, now: float) -> None:
        """Note how far the client has come after a cut."""
        cut = self._cuts.get(session_id)
        if cut is None or cut.target is None:
            return
        cut.characters += characters
        if cursor >= cut.target:
            del self._cuts[session_id]
            events = max(0, cut.target - cut.cursor)
            times = (now - cut.at, now - cut.connecting)
            self.recoveries.append(
                Recovery(session_id, cut.by, *times, events, cut.characters, cut.recovered)
            )

    @property
    def recovering(self) -> bool:
        return bool(self._cuts)

    def forget(self, session_id: str) -> None:
        self._cuts.pop(session_id, None)
