"""Whatever the OpenAPI document allows, and what it does not, is answered as it says."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, TypeAlias

import hypothesis
import pytest
import schemathesis
from schemathesis import Case, GenerationMode
from schemathesis.checks import CheckFunction, not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.support.live import Live, User

AnyCase: TypeAlias = Case[Any]  # of any operation
OURS = "^/(api|healthz|readyz)"  # LangServe's routes have tests of their own
ENDLESS = "/api/chat/sessions/{session_id}/events"  # its stream does not end by itself
AS_DOCUMENTED = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture(params=[GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def mode(request: pytest.FixtureRequest) -> GenerationMode:
    found: GenerationMode = request.param
    return found


def check_each(
    server: Live, user: User, mode: GenerationMode, checks: Sequence[CheckFunction], examples: int
) -> int:
    """Calls every operation of ours with generated requests; returns how many operations there were."""
    schema = schemathesis.openapi.from_url(f"{server.url}/openapi.json")
    found = list(schema.include(path_regex=OURS).exclude(path=ENDLESS).get_all_operations())
    for each in found:
        assert isinstance(each, Ok)
        with suppress(hypothesis.errors.Unsatisfiable):  # nothing about it can be wrong
            attempt(each.ok().as_strategy(generation_mode=mode), user, checks, examples)()
    return len(found)


def attempt(
    cases: hypothesis.strategies.SearchStrategy[AnyCase],
    user: User,
    checks: Sequence[CheckFunction],
    examples: int,
) -> Callable[[], None]:
    @hypothesis.settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(case=cases)
    def run(case: AnyCase) -> None:
        case.call_and_validate(headers={"Authorization": f"Bearer {user.token}"}, checks=list(checks))

    return run


def test_requests_are_answered_as_documented(server: Live, user: User, mode: GenerationMode) -> None:
    assert check_each(server, user, mode, AS_DOCUMENTED, examples=20) > 15
