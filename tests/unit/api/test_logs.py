import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from api import logs
from tests.support.logs import logs_restored


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    with logs_restored():
        yield


def failed() -> ValueError:
    try:
        int("what somebody wrote")
    except ValueError as error:
        return error
    raise AssertionError("that is no number")


@pytest.mark.parametrize("way", ["ours", "stdlib"])
def test_an_exception_is_logged_by_its_type_and_place_without_its_words(
    way: str, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure()
    logger = structlog.get_logger() if way == "ours" else logging.getLogger("uvicorn.error")
    logger.error("it broke", exc_info=failed())
    line = capsys.readouterr().err
    assert "what somebody wrote" not in line
    found = json.loads(line)
    assert (found["event"], found["level"], found["error"]) == ("it broke", "error", "ValueError")
    assert "failed" in found["at"][0]


def test_a_line_stays_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure()
    structlog.get_logger().warning("two\nlines \x1b[31m")
    assert capsys.readouterr().err.count("\n") == 1
