"""Whatever the OpenAPI document allows, and what it does not, is answered as it says."""

from collections.abc import Callable, Iterable
from contextlib import suppress

import hypothesis
import pytest
import schemathesis
from schemathesis import Case, GenerationMode
from schemathesis.checks import CheckFunction, not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.support.live import Live, User

OURS = "^/(api|healthz|readyz)"
ENDLESS = "/api/chat/sessions/{session_id}/events"  # its stream does not end by itself
CHAINS = "^/chains/scripted/(invoke|batch|stream)$"  # LangServe describes them too loosely for more
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
    server: Live, user: User, paths: str, mode: GenerationMode, checks: Iterable[CheckFunction], examples: int
) -> int:
    """Calls every operation of these paths with generated requests; returns how many operations there were."""
    schema = schemathesis.openapi.from_url(f"{server.url}/openapi.json")
    found = schema.include(path_regex=paths).exclude(path=ENDLESS).get_all_operations()
    count = 0
    for count, operation in enumerate((each.ok() for each in found), 1):
        with suppress(hypothesis.errors.Unsatisfiable):  # nothing about it can be wrong
            attempt(operation.as_strategy(generation_mode=mode), user, list(checks), examples)()
    return count


def attempt(
    cases: hypothesis.strategies.SearchStrategy[Case], user: User, checks: list[CheckFunction], examples: int
) -> Callable[[], None]:
    @hypothesis.settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(case=cases)
    def run(case: Case) -> None:
        case.call_and_validate(headers={"Authorization": f"Bearer {user.token}"}, checks=checks)

    return run


def test_requests_are_answered_as_documented(server: Live, user: User, mode: GenerationMode) -> None:
    assert check_each(server, user, OURS, mode, AS_DOCUMENTED, examples=20) > 15


@pytest.mark.filterwarnings(
    "ignore:Accessing the 'model_fields' attribute on the instance:pydantic.PydanticDeprecatedSince211"
)  # LangServe does
def test_chains_break_on_nothing_that_langserve_lets_in(server: Live, user: User, mode: GenerationMode) -> None:
    assert check_each(server, user, CHAINS, mode, [not_a_server_error], examples=10) >= 2
