"""`make cluster` as a person uses it: it says where everything is, and Ctrl-C ends all of it."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from loadtests.cluster.places import passing
from loadtests.cluster.polling import until
from tests.house.serving import bare

ROOT = Path(__file__).parents[2]
LIMIT_S = 60.0
LEAVES_S = 120.0
"""A server that is told to leave may take 45 s, and PostgreSQL writes what it has to its disk after that."""


@pytest.fixture
def folder() -> Iterator[Path]:
    with passing() as made:
        yield made


def command(folder: Path, port: int) -> list[str]:
    options = ["--servers", "1", "--port", str(port), "--folder", str(folder)]
    return [sys.executable, "-m", "loadtests.cluster", *options]


def listed(said: str) -> dict[str, int]:
    """The processes, by their names."""
    return {name: int(pid) for name, pid in re.findall(r"^  (\S+) +\d+  pid (\d+) +/", said, re.MULTILINE)}


def test_it_says_where_everything_is_starts_what_dies_and_ends_in_order(folder: Path) -> None:
    log = folder / "said.txt"
    with log.open("w") as said:
        process = subprocess.Popen(
            command(folder, 0),
            cwd=ROOT,
            env=bare(),
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        look(process, lambda: "How the proxy sees" in log.read_text())
        url = re.findall(r"^Steadychat is ready: (http://127.0.0.1:\d+)$", log.read_text(), re.MULTILINE)[0]
        assert "<!doctype html>" in httpx.get(url, trust_env=False).text.lower()
        pids = listed(log.read_text())
        assert set(pids) == {"postgres", "valkey", "server-1", "proxy"}
        children = psutil.Process(process.pid).children(recursive=True)
        os.kill(pids["server-1"], signal.SIGKILL)
        look(process, lambda: "server-1 runs again" in log.read_text())
        children += psutil.Process(process.pid).children(recursive=True)
    finally:
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does, to all that belong to it
        ended = until(lambda: process.poll() is not None, LEAVES_S)
        if not ended:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(LIMIT_S)
    server_log = folder / "server-1" / "steadychat.log"
    assert ended, log.read_text() + (server_log.read_text()[-2000:] if server_log.exists() else "")
    assert process.returncode == 0, log.read_text()
    assert log.read_text().endswith("Stopped.\n")
    assert "Traceback" not in log.read_text()
    assert until(lambda: not any(child.is_running() for child in children), LIMIT_S)


def look(process: "subprocess.Popen[bytes]", true: Callable[[], bool]) -> None:
    assert until(lambda: true() or process.poll() is not None, LIMIT_S, 0.05)
    assert true()


def test_a_port_that_is_taken_is_told_before_anything_is_started(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            command(folder, port), cwd=ROOT, env=bare(), capture_output=True, text=True, check=False
        )
    assert done.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}" in done.stderr
    assert list(folder.iterdir()) == []


def test_without_haproxy_the_command_that_gets_one_is_named(folder: Path) -> None:
    environment = bare() | {"STEADYCHAT_HAPROXY": "no-such-haproxy"}
    done = subprocess.run(
        command(folder, 0), cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "`make proxy`" in done.stderr
    assert list(folder.iterdir()) == []
