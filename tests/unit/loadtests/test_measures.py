import pytest

from loadtests.measures import Measures, Recovery
from tests.support.wireframes import ack, done, subscribed, token

PACED = "tokens=3 rate=10"  # t0 t1 t2, due after 0, 0.1 and 0.2 s


def asked(question: str = PACED) -> Measures:
    measures = Measures()
    measures.sent("c", question, 10.0)
    measures.acked(ack())
    return measures


def test_the_first_token_and_the_end_count_from_the_send() -> None:
    measures = asked()
    measures.heard(token(3, 0, "t0 "), 10.5)
    measures.heard(token(4, 3, "t1 "), 10.6)
    measures.heard(done(5, "t0 t1 "), 11.0)
    assert (measures.first_token_s, measures.answer_s) == ([0.5], [1.0])


def test_a_token_that_comes_before_its_ack_counts_too() -> None:
    measures = Measures()
    measures.sent("c", None, 10.0)
    measures.heard(token(3, 0, "t0 "), 10.5)
    measures.acked(ack())
    assert measures.first_token_s == [0.5]


def test_an_answer_that_only_a_page_brought_counts_from_there() -> None:
    measures = asked()
    measures.ended("a", 12.0)
    measures.heard(done(5, ""), 13.0)
    assert (measures.first_token_s, measures.answer_s) == ([2.0], [2.0])


def test_lateness_is_against_the_pace_of_the_script() -> None:
    measures = asked()
    for number, at in enumerate((10.5, 10.6, 11.0)):
        measures.heard(token(3 + number, 3 * number, f"t{number} "), at)
    measures.heard(done(6, ""), 11.0)
    assert measures.lateness_s == pytest.approx([0, 0, 0.3])


def test_in_a_joined_frame_the_oldest_token_counts() -> None:
    measures = asked()
    measures.heard(token(3, 0, "t0 "), 10.5)
    measures.heard(token(5, 3, "t1 t2 "), 10.7)
    measures.heard(done(6, ""), 11.0)
    assert measures.lateness_s == pytest.approx([0, 0.1])


def test_what_was_heard_before_is_not_late() -> None:
    measures = asked()
    measures.heard(token(3, 0, "t0 "), 10.5)
    measures.heard(token(3, 0, "t0 "), 19.0)
    measures.heard(done(6, ""), 19.0)
    assert measures.lateness_s == [0]


def test_a_recovery_lasts_from_the_cut_to_the_end_that_the_log_had_then() -> None:
    measures = Measures()
    measures.cut("s", 10, 100.0)
    measures.cut("s", 10, 101.0)
    assert measures.recovering
    measures.subscribed(subscribed(10, end=14), 103.0, "socket", 103.5)
    measures.reached("s", 13, 6, 103.6)
    measures.reached("s", 15, 4, 103.75)
    assert measures.recoveries == [Recovery("s", "socket", 3.75, 0.75, 4, 10, recovered=True)]
    assert not measures.recovering


def test_where_nothing_was_missed_the_subscribed_ends_it() -> None:
    measures = Measures()
    measures.cut("s", 10, 100.0)
    measures.subscribed(subscribed(10, end=10), 100.5, "http", 101.0)
    assert measures.recoveries == [Recovery("s", "http", 1.0, 0.5, 0, 0, recovered=True)]


def test_taking_leaves_nothing_behind() -> None:
    measures = asked()
    measures.heard(token(3, 0, "t0 "), 10.5)
    measures.connections = 3
    taken = measures.take()
    assert (taken.first_token_s, taken.connections) == ([0.5], 3)
    assert (measures.first_token_s, measures.connections) == ([], 0)
