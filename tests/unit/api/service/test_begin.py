"""Rule 6 of the protocol: where a follower begins."""

from dataclasses import dataclass

import pytest

from api.core.records import Position
from api.service.follow import NOWHERE, Asked, begin
from api.service.ports import LogState

HERE, BACK = "now", "before the crash"


@dataclass(frozen=True)
class Case:
    asked: Asked
    trimmed: int = 4
    active: int | None = None
    before: int | None = None
    expected: tuple[int, bool] = (10, False)


CASES = {
    "a position in the log is recovered": Case(Asked(HERE, 7), expected=(7, True)),
    "the end of the log is recovered": Case(Asked(HERE, 10), expected=(10, True)),
    "the last trimmed position is recovered": Case(Asked(HERE, 4), expected=(4, True)),
    "one before that is not": Case(Asked(HERE, 3)),
    "a position beyond the end is not": Case(Asked(HERE, 11)),
    "the start of an untrimmed log is recovered": Case(Asked(HERE, 0), trimmed=0, expected=(0, True)),
    "another epoch is not": Case(Asked(BACK, 7)),
    "a position without an epoch is not": Case(Asked(None, 7)),
    "an epoch without a position is not": Case(Asked(HERE, None)),
    "nothing asked begins at the end": Case(NOWHERE),
    "nothing asked begins before the running answer": Case(NOWHERE, active=8, expected=(8, False)),
    "what is not recovered begins before the running answer": Case(
        Asked(BACK, 9), active=8, expected=(8, False)
    ),
    "what is recovered is not moved by it": Case(Asked(HERE, 9), active=8, expected=(9, True)),
    "a sender begins before its answer": Case(NOWHERE, before=6, expected=(6, False)),
    "also if another answer runs": Case(NOWHERE, before=6, active=8, expected=(6, False)),
    "also at the last trimmed position": Case(NOWHERE, before=4, expected=(4, False)),
    "unless its events are gone": Case(NOWHERE, before=3),
    "then before the running answer": Case(NOWHERE, before=3, active=8, expected=(8, False)),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_where_a_follower_begins(case: Case) -> None:
    state = LogState(Position(HERE, 10), case.trimmed, case.active)
    before = None if case.before is None else Position(HERE, case.before)
    start = begin("s", state, case.asked, before)
    seq, recovered = case.expected
    assert (start.session_id, start.position) == ("s", Position(HERE, seq))
    assert (start.end, start.recovered) == (10, recovered)


def test_a_place_of_another_epoch_is_no_place() -> None:
    start = begin("s", LogState(Position(HERE, 10), 0, None), before=Position(BACK, 6))
    assert start.position.seq == 10
