"""Listens to everything that one client hears and counts what a correct server would not have done."""

from loadtests.protocol.frames import PAGE, Frame, misfit
from loadtests.protocol.verify.session import Expected, Mark, SessionRecord
from loadtests.protocol.verify.violations import Kind, Violations
from loadtests.protocol.verify.wire import Wire

_IDS = ("session_id", "index", "user_message_id", "pending_message_id")


class Verifier:
    """Stricter than a client needs to be. `expected` knows what the chain says to a question, or None.

    `trims`: the server's log may have lost a position that this client comes back with.
    """

    def __init__(self, expected: Expected = lambda _question: None, *, trims: bool = False) -> None:
        self.violations = Violations()
        self._expected = expected
        self._trims = trims
        self._sessions: dict[str, SessionRecord] = {}
        self._acks: dict[str, Frame] = {}
        self._questions: dict[str, str | None] = {}

    def wire(self) -> Wire:
        """Return what judges a new connection or stream."""
        return Wire(self.violations, self.session, self.acked, trims=self._trims)

    def session(self, session_id: str) -> SessionRecord:
        found = self._sessions.get(session_id)
        if found is None:
            found = SessionRecord(session_id, self.violations, self._expected)
            self._sessions[session_id] = found
        return found

    def sent(self, client_message_id: str, question: str | None) -> None:
        """Note what is sent under an id; a retry has no question."""
        self._questions[client_message_id] = question

    def acked(self, ack: Frame) -> None:
        """Take an ack of any door; the ones of a WebSocket are heard by its wire."""
        wrong = misfit({"type": "ack"} | ack)
        if wrong is not None:
            self.violations.add(Kind.SHAPE, f"an ack: {wrong}")
            return
        name, session_id = ack["client_message_id"], ack["session_id"]
        before = self._acks.get(name)
        if before is not None and before["epoch"] == ack["epoch"]:
            if any(before[field] != ack[field] for field in _IDS):
                ids = [{field: each[field] for field in _IDS} for each in (before, ack)]
                self.violations.add(Kind.IDS, f"{name}: {ids[0]} and {ids[1]}", session_id)
            elif not before["duplicate"] and not ack["duplicate"]:
                self.violations.add(Kind.IDS, f"{name} was accepted as new twice", session_id)
        self._acks[name] = ack
        session = self.session(session_id)
        if session.meet(ack["epoch"]) and name in self._questions:
            session.acked(ack, self._questions[name])

    def reading(self, session_id: str) -> Mark:
        """Note that a request for a page or a message of the session leaves now."""
        return self.session(session_id).mark()

    def read(self, message: Frame, mark: Mark) -> None:
        """Take a message that was read by REST."""
        session = self.session(mark.session_id)
        if mark.epoch == session.epoch:
            session.read(message, mark, None)

    def page(self, page: Frame, mark: Mark) -> bool:
        """Take a page, the newest if it has a position; say whether its shape is one that can be used."""
        wrong = misfit(page, PAGE) or next(filter(None, map(_unfit, page["messages"])), None)
        session = self.session(mark.session_id)
        if wrong is not None:
            session.report(Kind.SHAPE, f"a page: {wrong}")
            return False
        if session.meet(page["epoch"]):
            self._judge_page(session, page, mark)
        return True

    def _judge_page(self, session: SessionRecord, page: Frame, mark: Mark) -> None:
        indexes = [message["index"] for message in page["messages"]]
        if indexes != sorted(set(indexes)):
            session.report(Kind.INDEX, f"a page in the order {indexes}")
        if page["has_more"] != (page["next_cursor"] is not None):
            session.report(Kind.SHAPE, f"has_more {page['has_more']}, next_cursor {page['next_cursor']}")
        known = mark.end if mark.epoch == page["epoch"] else 0
        if page["seq"] is not None and page["seq"] < known:
            session.report(Kind.LOG_END, f"a page at {page['seq']}, {known} was seen before")
        for message in page["messages"]:
            session.read(message, mark, page["seq"])
        if mark.epoch == page["epoch"]:
            _find_missing(session, page, mark)

    def forget(self, session_id: str) -> None:
        """Let go of a session; what comes of it later starts anew."""
        self._sessions.pop(session_id, None)


def _unfit(message: object) -> str | None:
    return None if isinstance(message, dict) and isinstance(message.get("index"), int) else "a message"


def _find_missing(session: SessionRecord, page: Frame, mark: Mark) -> None:
    """Everything known before the request and within the page stands in it, but for replaced attempts.

    What replaces an attempt that is missing from an older page may stand on a page that was never read.
    """
    there = {message["id"]: message["index"] for message in page["messages"]}
    if not there and page["seq"] is None:
        return
    first = min(there.values(), default=0)
    last = float("inf") if page["seq"] is not None else max(there.values())
    for record in session.records.values():
        message = record.message
        if message is None or record.since > mark.time or record.id in there:
            continue
        if page["seq"] is None and message["role"] == "assistant":
            continue
        if first <= message["index"] <= last and not session.replaced(message):
            session.report(Kind.MISSING, f"index {message['index']}", record.id)
