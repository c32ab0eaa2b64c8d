import errno
import json
import logging
import sys
from collections.abc import Iterator
from io import StringIO

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


class FullDisk(StringIO):
    """Standard error output that goes into a file for which there is no room."""

    full = True

    def write(self, text: str) -> int:
        return super().write(text) if not self.full else self._no_room()

    def flush(self) -> None:
        if self.full:
            self._no_room()

    def _no_room(self) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("way", ["ours", "stdlib"])
def test_a_line_for_which_there_is_no_room_stops_nothing(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    file = FullDisk()
    monkeypatch.setattr(sys, "stderr", file)
    logs.configure()
    logger = structlog.get_logger() if way == "ours" else logging.getLogger("uvicorn.error")
    logger.warning("lost")
    file.full = False
    logger.warning("written")
    assert "written" in file.getvalue()
    assert "lost" not in file.getvalue()
