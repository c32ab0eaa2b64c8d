"""A message's record: what is in it, in which order, and which followers concern it."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from api.core.errors import Code
from api.core.lifecycle import Status
from api.core.notes import Attempt, Note, Trace, What
from api.core.records import JSON
from api.service.record import record

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


FIRST = Attempt("a1", after(10), 20, Status.COMPLETE, None, after(15), 29, 5000)
SECOND = Attempt("a2", after(20), 30, Status.STREAMING, retry_of="a1")
QUESTION = Attempt("q2", after(20), 30, Status.COMPLETE)


def nowhere(connection: str) -> bool:
    return False


def told(trace: Trace) -> list[tuple[str, str | None]]:
    return [(note.what.value, note.message_id) for note in record(trace, nowhere)]


def test_a_message_that_was_just_accepted_has_nothing_else_to_tell() -> None:
    accepted = Attempt("a", NOON, 2, Status.PENDING)
    assert list(record(Trace([accepted], None, []), nowhere)) == [Note(NOON, What.ACCEPTED, "a", {"seq": 2})]


def test_acceptance_notes_and_the_end_come_by_time() -> None:
    notes = [Note(after(12), What.FIRST_PIECE, "a1"), Note(after(11), What.STARTED, "a1")]
    assert told(Trace([FIRST], None, notes)) == [
        ("accepted", "a1"),
        ("started", "a1"),
        ("first_piece", "a1"),
        ("ended", "a1"),
    ]


def test_what_happened_in_one_moment_begins_with_the_acceptance_and_ends_with_the_end() -> None:
    at_once = replace(FIRST, completed_at=FIRST.created_at)
    notes = [Note(FIRST.created_at, What.STARTED, "a1"), Note(FIRST.created_at, What.FIRST_PIECE, "a1")]
    assert [what for what, _ in told(Trace([at_once], None, notes))] == [
        "accepted", "started", "first_piece", "ended"
    ]  # fmt: skip


def test_an_end_tells_its_status_its_place_and_where_the_logs_have_more() -> None:
    failed = replace(FIRST, status=Status.FAILED, code=Code.CHAIN_FAILED, error_id="e")
    assert record(Trace([failed], None, []), nowhere)[-1] == Note(
        after(15),
        What.ENDED,
        "a1",
        {"status": "failed", "generation_time_ms": 5000, "seq": 29, "code": "chain_failed", "error_id": "e"},
    )


def test_an_answer_tells_which_attempt_replaced_it() -> None:
    assert record(Trace([FIRST], SECOND, []), nowhere)[-1] == Note(
        after(20), What.RETRIED, "a1", {"retried_as": "a2"}
    )


def test_another_question_replaces_nothing() -> None:
    assert told(Trace([FIRST], QUESTION, [])) == [("accepted", "a1"), ("ended", "a1")]


def test_a_retry_tells_what_it_is_a_retry_of() -> None:
    assert record(Trace([SECOND], None, []), nowhere)[0].detail == {"seq": 30, "retry_of": "a1"}


def test_a_question_tells_of_all_attempts_at_it() -> None:
    assert told(Trace([FIRST, SECOND], None, [])) == [
        ("accepted", "a1"),
        ("ended", "a1"),
        ("accepted", "a2"),
    ]


@dataclass(frozen=True)
class Visit:
    """From where a follower read, where the log ended then, and where it left: None if it has not."""

    seq: int
    end: int
    left: int | None
    expected: bool
    here: bool = False


VISITS = {
    "one who came before, and left before": Visit(0, 10, 15, expected=False),
    "one who came before and read the first of it": Visit(10, 10, 20, expected=True),
    "one who came before and left long after": Visit(10, 10, 40, expected=True),
    "one who came before and is still there": Visit(10, 10, None, expected=True, here=True),
    "one who came before and was never heard of again": Visit(10, 10, None, expected=False),
    "the sender": Visit(19, 20, 29, expected=True),
    "the sender of an answer that was fast": Visit(19, 29, 29, expected=True),
    "one who came in the middle": Visit(24, 24, 29, expected=True),
    "one who came in the middle and was never heard of again": Visit(24, 24, None, expected=True),
    "one who came and left at once": Visit(24, 24, 24, expected=True),
    "one who came back after the end": Visit(29, 29, 29, expected=True),
    "one who came back after the end and stayed": Visit(29, 29, 50, expected=True),
    "one who came after the next message": Visit(30, 30, 40, expected=False),
    "one who had read it all, and came after the next message": Visit(29, 35, 40, expected=False),
    "one who read the rest after the next message": Visit(25, 35, 40, expected=True),
    "one who read it all after the next message": Visit(3, 35, 40, expected=True),
}


def visit(connection: str, came: tuple[int, int] | None, left: int | None) -> list[Note]:
    who: dict[str, JSON] = {"door": "sse", "connection": connection}

    def note(what: What, seq: int, more: dict[str, JSON]) -> Note:
        return Note(after(seq), what, None, who | {"position": {"epoch": "e", "seq": seq}} | more)

    return [
        *([note(What.FOLLOWER_RESUMED, came[0], {"end": came[1]})] if came else []),
        *([] if left is None else [note(What.FOLLOWER_LEFT, left, {})]),
    ]


@pytest.mark.parametrize("case", VISITS.values(), ids=VISITS.keys())
def test_followers_concern_what_they_read_or_came_to_while_it_was_the_newest(case: Visit) -> None:
    notes = visit("c", (case.seq, case.end), case.left)
    found = record(Trace([FIRST], QUESTION, notes), lambda _: case.here)
    assert [note for note in found if note.message_id is None] == (notes if case.expected else [])


@pytest.mark.parametrize(("left", "expected"), [(19, False), (20, True), (29, True), (30, False)])
def test_one_whose_coming_is_forgotten_concerns_what_it_left(left: int, expected: bool) -> None:
    notes = visit("c", None, left)
    found = record(Trace([FIRST], QUESTION, notes), nowhere)
    assert (notes[0] in found) is expected


def test_the_newest_answer_concerns_all_who_came_after_it() -> None:
    notes = visit("c", (29, 1000), None)
    assert notes[0] in record(Trace([FIRST], None, notes), nowhere)


def test_each_follower_is_told_apart_by_its_connection() -> None:
    early, sender = visit("early", (3, 3), 10), visit("sender", (19, 20), 29)
    mixed = [early[0], sender[0], early[1], sender[1]]
    found = record(Trace([FIRST], None, mixed), nowhere)
    assert [note for note in found if note.message_id is None] == sorted(sender, key=lambda note: note.at)


def test_a_connection_that_follows_anew_makes_a_visit_of_its_own() -> None:
    notes = [*visit("c", (3, 3), 10), *visit("c", (24, 24), 29)]
    found = record(Trace([FIRST], None, notes), nowhere)
    assert [note for note in found if note.message_id is None] == notes[2:]
