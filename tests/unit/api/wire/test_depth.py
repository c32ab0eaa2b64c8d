import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.wire.depth import DEPTH, depth_ok


def measured(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(measured, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(measured, value), default=0)
    return 0


TREES = st.recursive(
    st.text(alphabet='[]{}"\\ab') | st.integers(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text('[{"\\'), children, max_size=3),
)


@given(TREES, st.integers(0, 5), st.booleans())
def test_the_depth_is_that_of_the_parsed_value(tree: object, limit: int, spaced: bool) -> None:
    raw = json.dumps(tree, ensure_ascii=False, indent=1 if spaced else None)
    assert depth_ok(raw, limit) == depth_ok(raw.encode(), limit) == (measured(tree) <= limit)


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_sixteen_are_enough_and_seventeen_too_many(opening: str) -> None:
    assert depth_ok(opening * DEPTH)
    assert not depth_ok(opening * (DEPTH + 1))


def test_brackets_in_strings_do_not_count() -> None:
    assert depth_ok(json.dumps(["[" * 100, '"' + "{" * 100, "\\", "[" * 100]))


def test_a_string_cannot_hide_brackets() -> None:
    assert not depth_ok(r'["\\", ' + "[" * DEPTH)


@pytest.mark.parametrize("unit", ['"', '\\"', '"\\', '"[', "\\", '"a\\"', "[]"])
def test_hostile_text_takes_no_longer_than_its_length(unit: str) -> None:
    raw = '"' + unit * (256 * 1024 // len(unit))
    before = time.process_time()
    depth_ok(raw)
    depth_ok(raw.encode())
    assert time.process_time() - before < 1  # a quadratic scan takes minutes
