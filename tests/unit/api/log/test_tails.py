"""The tail of a followed log is a run without a gap, or it says that it does not know."""

from hypothesis import given
from hypothesis import strategies as st

from api.core.events import Created, Ended, Piece
from api.core.lifecycle import Role, Status
from api.core.records import Message
from api.log.tails import TAIL_CHARS, TAIL_EVENTS, Tail, Tails
from tests.support.clocks import SettableClock


def piece(seq: int, content: str = "x", session: str = "s") -> Piece:
    return Piece(session, seq, "m", 0, content)


def numbers(tail: Tail, after: int) -> list[int] | None:
    found = tail.after(after)
    return None if found is None else [event.seq for event in found]


def test_an_empty_tail_does_not_know() -> None:
    assert Tail().after(0) is None


def test_a_tail_knows_what_follows_its_first_event() -> None:
    tail = Tail()
    for seq in (5, 6, 7):
        tail.add(piece(seq))
    assert [numbers(tail, after) for after in (3, 4, 5, 7, 9)] == [None, [5, 6, 7], [6, 7], [], []]


def test_a_gap_starts_it_anew() -> None:
    tail = Tail()
    for seq in (5, 6, 9):
        tail.add(piece(seq))
    assert [numbers(tail, after) for after in (5, 7, 8)] == [None, None, [9]]


def test_what_is_told_once_more_changes_nothing() -> None:
    tail = Tail()
    for seq in (5, 6, 7, 6):
        tail.add(piece(seq))
    assert numbers(tail, 4) == [5, 6, 7]


def test_it_holds_so_many_events() -> None:
    tail = Tail()
    for seq in range(1, TAIL_EVENTS + 11):
        tail.add(piece(seq))
    assert tail.after(9) is None
    assert len(tail.after(10) or ()) == TAIL_EVENTS


def test_it_holds_so_much_text() -> None:
    tail = Tail()
    for seq in range(1, 7):
        tail.add(piece(seq, "x" * (TAIL_CHARS // 4)))
    assert [numbers(tail, after) for after in (1, 2)] == [None, [3, 4, 5, 6]]


def test_it_always_holds_the_newest() -> None:
    tail = Tail()
    tail.add(piece(1, "x" * (2 * TAIL_CHARS)))
    assert numbers(tail, 0) == [1]


@given(st.lists(st.integers(1, 3), max_size=50), st.integers(0, 120))
def test_it_never_leaves_anything_out(steps: list[int], after: int) -> None:
    """`steps` beyond 1 are gaps. What it tells is all that was added after the place, with none missing."""
    tail, seq = Tail(), 0
    added: list[int] = []
    for step in steps:
        seq += step
        added.append(seq)
        tail.add(piece(seq))
    found = numbers(tail, after)
    if found is not None:
        assert found == list(range(after + 1, seq + 1)) or (after >= seq and found == [])
        assert set(found) <= set(added)


def test_only_followed_sessions_have_a_tail() -> None:
    tails = Tails()
    tails.add(piece(1))
    assert tails.after("s", 0) is None
    tails.hold("s")
    tails.add(piece(2))
    assert [event.seq for event in tails.after("s", 1) or ()] == [2]
    assert tails.after("s", 0) is None


def test_the_last_follower_takes_the_tail_along() -> None:
    tails = Tails()
    tails.hold("s")
    tails.hold("s")
    tails.add(piece(1))
    tails.release("s")
    assert tails.after("s", 0) is not None
    tails.release("s")
    assert tails.after("s", 0) is None
    tails.hold("s")
    assert tails.after("s", 0) is None, "what came while nobody looked is missing"


def begun(seq: int) -> Created:
    now = SettableClock()()
    return Created("s", seq, Message("m", "s", 2, Role.ASSISTANT, "", Status.PENDING, now))


def ended(seq: int) -> Ended:
    return Ended("s", seq, "m", Status.COMPLETE, 1, "0")


def test_while_an_answer_runs_whoever_comes_back_misses_nothing() -> None:
    tails = Tails()
    tails.hold("s")
    for event in (begun(2), piece(3)):
        tails.add(event)
    tails.release("s")
    tails.add(piece(4))
    tails.hold("s")
    tails.add(piece(5))
    assert [event.seq for event in tails.after("s", 2) or ()] == [3, 4, 5]


def test_once_it_has_ended_nothing_is_kept_for_nobody() -> None:
    tails = Tails()
    for event in (begun(2), piece(3), ended(4)):
        tails.add(event)
    assert tails.after("s", 3) is None
    tails.hold("s")
    for event in (begun(6), piece(7), ended(8)):
        tails.add(event)
    assert [event.seq for event in tails.after("s", 6) or ()] == [7, 8]
    tails.release("s")
    assert tails.after("s", 7) is None


def test_of_a_session_that_is_gone_and_answered_nothing_is_kept() -> None:
    """Of a commit that may have been made nobody is told what it had, nor whether that was the end."""
    tails = Tails()
    tails.add(begun(2))
    tails.drop("s")
    tails.add(piece(3))
    assert tails.after("s", 2) is None


def test_of_a_session_that_is_gone_nothing_is_held() -> None:
    tails = Tails()
    tails.hold("s")
    tails.add(piece(1))
    tails.drop("s")
    tails.drop("s")
    assert tails.after("s", 0) is None
    tails.release("s")
