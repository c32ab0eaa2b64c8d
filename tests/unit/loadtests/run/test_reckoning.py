import json
from collections import Counter
from pathlib import Path

import pytest

from loadtests.people.person import Asked
from loadtests.people.seen import Seen
from loadtests.people.wrongs import Wrong
from loadtests.protocol.frames import Frame
from loadtests.run.reckoning import Reckoning, read_runs, reckon_person
from tests.support.wireframes import message, question

ASKS = "Why n1? tokens=3"
SENT = Asked("c", ASKS, "s", "a")
ASKED = question("q", 1, ASKS, client_message_id="c")
ANSWER = message("a", 2, reply_to="q", status="complete", content="t0 t1 t2 ")


def reckon(
    history: list[Frame],
    runs: int | None = 1,
    asked: tuple[Asked, ...] = (SENT,),
    shown: tuple[Frame, ...] = (ASKED, ANSWER),
) -> Reckoning:
    found, seen = Reckoning(), Seen()
    seen.look("s", shown)
    reckon_person(found, asked, seen, history, None if runs is None else Counter({ASKS: runs}))
    return found


def test_one_story_is_confirmed() -> None:
    found = reckon([ASKED, ANSWER])
    assert (found.confirmed, found.accepted, found.runs, found.words) == (1, 1, 1, [])


@pytest.mark.parametrize(
    ("history", "wrong"),
    [
        ([], {Wrong.VANISHED, Wrong.LOST, Wrong.RUNS}),
        ([ASKED, ANSWER | {"status": "streaming"}], {Wrong.OPEN, Wrong.REWRITTEN}),
        ([ASKED, ANSWER | {"content": "t0 t2 t1 "}], {Wrong.HISTORY, Wrong.REWRITTEN}),
        ([ASKED, ANSWER | {"content": "t0 t1 "}], {Wrong.HISTORY, Wrong.REWRITTEN}),
        ([ASKED, ANSWER, ASKED | {"id": "q2", "index": 3}], {Wrong.TWICE}),
    ],
)
def test_a_history_that_tells_another_story_is_found(history: list[Frame], wrong: set[Wrong]) -> None:
    assert set(reckon(history).violations) == wrong


@pytest.mark.parametrize("runs", [0, 2])
def test_an_answer_takes_one_run(runs: int) -> None:
    assert reckon([ASKED, ANSWER], runs).violations == {Wrong.RUNS: 1}


def test_without_a_record_runs_are_not_counted() -> None:
    assert reckon([ASKED, ANSWER], None).violations == {}


@pytest.mark.parametrize(("runs", "wrong"), [(0, 0), (1, 0), (2, 1)])
def test_an_answer_that_ended_before_its_first_word_may_not_have_run(runs: int, wrong: int) -> None:
    lost = ANSWER | {"status": "interrupted", "content": ""}
    assert reckon([ASKED, lost], runs, shown=()).violations.total() == wrong


@pytest.mark.parametrize(("runs", "wrong"), [(1, 1), (2, 0), (3, 1)])
def test_a_retry_is_a_run_of_its_own(runs: int, wrong: int) -> None:
    again = message("b", 3, reply_to="q", retry_of="a", status="complete", content="t0 t1 t2 ")
    again |= {"client_message_id": "d"}
    found = reckon([ASKED, ANSWER, again], runs, (SENT, Asked("d", ASKS, "s", "b")))
    assert (found.accepted, found.violations.total()) == (2, wrong)


@pytest.mark.parametrize(("runs", "wrong"), [(0, 0), (1, 1)])
def test_what_was_never_accepted_never_ran(runs: int, wrong: int) -> None:
    found = reckon([], runs, (Asked("c", ASKS),), shown=())
    assert (found.accepted, found.violations.total()) == (0, wrong)


def test_a_send_whose_ack_was_lost_counts_as_accepted_where_the_history_has_it() -> None:
    found = reckon([ASKED, ANSWER], 1, (Asked("c", ASKS),), shown=())
    assert (found.accepted, found.violations.total()) == (1, 0)


def test_runs_are_counted_by_their_beginning(tmp_path: Path) -> None:
    record = tmp_path / "record.jsonl"
    lines = [{"event": event, "question": asked} for asked in ("x", "y") for event in ("begin", "end")]
    record.write_text("".join(json.dumps(line) + "\n" for line in [*lines, lines[0]]))
    assert read_runs(record) == {"x": 2, "y": 1}
    assert read_runs(tmp_path / "none") == {}
