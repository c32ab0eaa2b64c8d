"""A `steadychat serve`, or a `make run`, as a process of its own."""

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

START_S = 60
STOP_S = 40


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(
    command: Sequence[str], *, folder: Path, port: int, environment: Mapping[str, str]
) -> Iterator[httpx.Client]:
    """Yield a client of the server once it says that it is ready; stop it afterwards as an operator would."""
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**bare(), **environment, "STEADYCHAT_PORT": str(port)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    said: list[bytes] = []
    reader = threading.Thread(target=lambda: said.extend(process.stdout or ()))
    reader.start()
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False) as client:
            _until_ready(client, process, said)
            yield client
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_S)
        finally:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            reader.join()
            if process.stdout:
                process.stdout.close()


def bare() -> dict[str, str]:
    """The environment without settings of Steadychat, so that a person's own do not decide a test."""
    return {name: value for name, value in os.environ.items() if not name.startswith("STEADYCHAT_")}


def _until_ready(client: httpx.Client, process: subprocess.Popen[bytes], said: list[bytes]) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise AssertionError(f"it ended with status {process.returncode}:\n{_text(said)}")
        try:
            if client.get("/readyz").status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass  # it does not listen yet
        time.sleep(0.05)
    raise AssertionError(f"it was not ready after {START_S} s:\n{_text(said)}")


def _text(said: list[bytes]) -> str:
    return b"".join(said).decode(errors="replace")
