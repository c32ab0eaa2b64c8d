"""A message goes `pending → streaming → one of four ends`, or straight to one of them."""

import itertools

import pytest

from api.core.lifecycle import RUNNING, IllegalMoveError, Status, move

ENDS = {"complete", "cancelled", "failed", "interrupted"}
ALLOWED = {("pending", "streaming")} | {(start, end) for start in ("pending", "streaming") for end in ENDS}


@pytest.mark.parametrize(("before", "after"), list(itertools.product(Status, Status)))
def test_the_table_allows_the_protocols_moves_and_no_other(before: Status, after: Status) -> None:
    if (before, after) in ALLOWED:
        assert move(before, after) is after
        return
    with pytest.raises(IllegalMoveError) as refused:
        move(before, after)
    assert (refused.value.before, refused.value.after) == (before, after)


def test_the_four_ends_are_terminal_and_the_others_run() -> None:
    assert {status for status in Status if status.terminal} == ENDS
    assert set(RUNNING) == {"pending", "streaming"}
