import pytest

from loadtests.people.seen import Seen, disagreements
from loadtests.protocol.frames import Frame
from tests.support.wireframes import message, question

ASKED = question("q", 1)
RUNNING = message("a", 2, reply_to="q", status="streaming", content="t0 t1 ")
ENDED = RUNNING | {"status": "complete", "content": "t0 t1 t2 "}


def seen(*shown: Frame) -> Seen:
    found = Seen()
    assert found.look("s", shown) == []
    return found


def test_an_answer_may_grow_and_end_and_stay_as_it_is() -> None:
    found = seen(ASKED, RUNNING)
    assert found.look("s", [ASKED, ENDED]) == []
    assert found.look("s", [ASKED, ENDED]) == []


@pytest.mark.parametrize(
    ("later", "words"),
    [
        (ENDED | {"content": "t0 t1 "}, "was 9 characters long and is 6"),
        (ENDED | {"content": "t0 t1 t2 t3 "}, "was 9 characters long and is 12"),
        (ENDED | {"content": "t0 t2 t1 "}, "says something else in its first 9 characters"),
        (ENDED | {"status": "cancelled"}, "was complete and is cancelled"),
        (ENDED | {"index": 4}, "was at index 2 and is at 4"),
    ],
)
def test_what_was_shown_may_not_be_taken_back(later: Frame, words: str) -> None:
    assert seen(ASKED, ENDED).look("s", [ASKED, later]) == [f"message a {words}"]


def test_an_answer_that_runs_may_not_begin_otherwise() -> None:
    found = seen(ASKED, RUNNING)
    assert found.look("s", [RUNNING | {"content": "t0 t9 t2 "}, ASKED]) == [
        "message a says something else in its first 6 characters"
    ]


def test_a_question_is_missed_and_one_that_is_not_paged_in_is_not() -> None:
    found = seen(ASKED, ENDED, question("q2", 3), message("a2", 4))
    assert found.look("s", [ENDED, message("a2", 4)]) == ["message q2 at index 3 is gone"]
    assert found.look("s", [question("q2", 3), message("a2", 4)]) == []


def test_a_replaced_attempt_is_not_missed() -> None:
    assert seen(ASKED, ENDED).look("s", [ASKED, message("b", 3, reply_to="q")]) == []


def test_a_row_made_from_an_ack_guesses_its_index() -> None:
    assert seen(ASKED, RUNNING | {"index": 9, "created_at": ""}).look("s", [ASKED, RUNNING]) == []


def test_tabs_are_compared_where_both_show_something() -> None:
    long, short = [ASKED, ENDED, question("q2", 3), message("a2", 4)], [question("q2", 3), message("a2", 4)]
    assert disagreements(long, short) == []
    assert disagreements(long, []) == []
    assert disagreements(long, short[1:]) == []
    assert disagreements(long, [ASKED, *short]) == ["message a is in one tab alone"]
    assert disagreements([ASKED, ENDED], [ASKED, RUNNING]) == ["message a differs between tabs"]
