"""Records come out of the database as they went in."""

from collections.abc import Mapping
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from api.core.errors import Code, Problem
from api.core.events import Created, Ended
from api.core.lifecycle import Role, Status
from api.core.records import JSON, Message
from api.database.records import (
    dump_created,
    dump_ended,
    dump_problem,
    load_created,
    load_ended,
    load_problem,
)
from api.database.times import from_micros, to_micros

TIMES = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - given UTC
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
PROBLEMS = st.builds(
    Problem, st.sampled_from(Code), TEXTS, st.booleans(), st.none() | st.integers(0, 10**6), st.none() | TEXTS
)


@given(TIMES)
def test_times_keep_their_microseconds(time: datetime) -> None:
    assert from_micros(to_micros(time)) == time


@given(PROBLEMS | st.none())
def test_problems(problem: Problem | None) -> None:
    assert load_problem(dump_problem(problem)) == problem


@given(TIMES, TEXTS, st.sampled_from(Role), st.sampled_from(Status), st.none() | TIMES, st.none() | TEXTS)
def test_births(
    time: datetime, text: str, role: Role, status: Status, completed: datetime | None, key: str | None
) -> None:
    message = Message("m", "s", 3, role, text, status, time, key, "q", completed_at=completed)
    assert load_created("s", 7, dump_created(message)) == Created("s", 7, message)


@given(st.sampled_from(Status), st.none() | PROBLEMS, st.none() | st.floats(0, 1), st.none() | TIMES, TEXTS)
def test_ends(
    status: Status,
    problem: Problem | None,
    confidence: float | None,
    completed: datetime | None,
    text: str,
) -> None:
    source: Mapping[str, JSON] = {"id": "1", "excerpt": text, "location": {"page": 3}, "score": None}
    event = Ended("s", 7, "m", status, 12, "0a0b0c0d", (source,), confidence, 5, problem, completed)
    assert load_ended("s", 7, "m", dump_ended(event)) == event
