"""A load from its beginning to its end: a good server passes, and each planted lie is found."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from chains.scripted import RECORD
from loadtests.people.wrongs import Wrong
from loadtests.protocol.verify.violations import Kind
from tests.house.serving import bare
from tests.load import liars

ROOT = Path(__file__).parents[2]
QUICK = ["--users", "4", "--spawn-rate", "20", "--haste", "10", "--seed", "3"]
LIMIT_S = 90


@dataclass(frozen=True)
class Ended:
    status: int
    said: str
    folder: Path

    @property
    def result(self) -> dict[str, Any]:  # Any: JSON
        found: dict[str, Any] = json.loads((self.folder / "result.json").read_text())
        return found

    @property
    def met(self) -> set[str]:
        return {kind for kind, count in self.result["violations"].items() if count}


def load(folder: Path, *arguments: str) -> Ended:
    process = subprocess.run(
        [sys.executable, "-m", "loadtests.run", *QUICK, *arguments, "--folder", str(folder)],
        cwd=ROOT,
        env=bare(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    return Ended(process.returncode, process.stdout, folder)


@pytest.fixture(scope="module")
def loads(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Ended]]:
    """All of them at the same time, since each of them mostly waits."""
    folder = tmp_path_factory.mktemp("loads")
    record = folder / "twice.jsonl"
    with (
        pytest.MonkeyPatch.context() as patch,
        socket.create_server(("127.0.0.1", 0)) as silent,
    ):
        patch.setitem(os.environ, RECORD, str(record))
        with liars.lying(folder / "server") as urls, ThreadPoolExecutor() as pool:
            for_liars = ["--scenario", "steady", "--duration", "4s", "--patience", "20s"]
            asked = {
                "good": ["--scenario", "storm", "--duration", "6s", "--patience", "30s"],
                "twice": [*for_liars, "--url", urls[liars.honest], "--record", str(record)],
                "silent": [
                    *("--scenario", "steady", "--duration", "2s", "--patience", "3s"),
                    *("--url", f"http://127.0.0.1:{silent.getsockname()[1]}"),
                ],
            } | {
                lie.__name__: [*for_liars, "--url", urls[lie]]
                for lie in (liars.dropped, liars.doubled, liars.reordered)
            }
            running = {name: pool.submit(load, folder / name, *words) for name, words in asked.items()}
            yield {name: future.result() for name, future in running.items()}


def test_a_server_that_keeps_its_promises_passes_through_storms(loads: dict[str, Ended]) -> None:
    good = loads["good"]
    assert good.status == 0, good.said
    assert good.result["passed"]
    assert good.result["confirmed"] >= 10
    assert good.result["runs"] == good.result["accepted"] >= good.result["confirmed"]
    assert good.result["cuts"] > 0
    assert good.met == set()


@pytest.mark.parametrize(
    ("lie", "kinds"),
    [
        ("dropped", {Kind.SEQ_GAP, Kind.AT_HOLE}),
        ("doubled", {Kind.SEQ_REPEAT, Kind.AT_OVERLAP}),
        ("reordered", {Kind.SEQ_GAP, Kind.AT_HOLE, Kind.SEQ_REPEAT, Kind.AT_OVERLAP}),
    ],
)
def test_a_planted_lie_about_tokens_is_found(loads: dict[str, Ended], lie: str, kinds: set[str]) -> None:
    assert loads[lie].status == 1, loads[lie].said
    assert kinds <= loads[lie].met


def test_a_planted_second_run_is_found_and_nothing_else(loads: dict[str, Ended]) -> None:
    twice = loads["twice"]
    assert twice.status == 1, twice.said
    assert twice.met == {Wrong.RUNS}
    assert twice.result["runs"] == 2 * twice.result["accepted"] > 0


def test_a_server_that_says_nothing_does_not_pass(loads: dict[str, Ended]) -> None:
    silent = loads["silent"]
    assert silent.status == 1, silent.said
    assert "no answer was verified" in silent.result["reasons"]


def test_the_report_says_what_was_found_and_needs_nothing_else(loads: dict[str, Ended]) -> None:
    good, doubled = loads["good"], loads["doubled"]
    assert "**Passed**" in (good.folder / "report.md").read_text()
    assert "**Failed**" in (doubled.folder / "report.md").read_text()
    page = (good.folder / "report.html").read_text()
    assert page.count("<svg") >= 8
    assert "http" not in page.replace("http-equiv", "")
    assert str(good.folder / "report.html") in good.said


def test_ctrl_c_ends_a_load_early_and_its_report_is_written(tmp_path: Path) -> None:
    """A terminal sends the interrupt to all processes of the load at once."""
    folder = tmp_path / "load"
    command = [sys.executable, "-m", "loadtests.run", *QUICK, "--scenario", "steady", "--duration", "60s"]
    process = subprocess.Popen(
        [*command, "--folder", str(folder)],
        cwd=ROOT,
        env=bare(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    seen = folder / "observations.jsonl"
    until = time.monotonic() + LIMIT_S
    while not (seen.exists() and '"complete": ' in seen.read_text()) and time.monotonic() < until:
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)
    said, _ = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 0, said
    assert "Traceback" not in said
    assert Ended(0, said, folder).result["confirmed"] > 0
