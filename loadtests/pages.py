"""How long a page of 50 takes in a session of a million messages, at its newest, middle and oldest end.

`python -m loadtests.pages` makes the session in a folder of its own, serves it on loopback, asks through
HTTP and prints one line of JSON; everything is gone afterwards.
"""

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import insert, update

from api.database.engine import writing_engine
from api.database.tables import messages, sessions

BATCH = 50_000
PAGE = 50
START_S = 60
START_MICROS = 1_700_000_000_000_000


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m loadtests.pages", description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--requests", type=int, default=300, help="at each depth")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as client:
        client.post("/api/chat/identity").raise_for_status()
        session_id = client.post("/api/chat/sessions", json={}).raise_for_status().json()["id"]
        fill(Path(folder) / "steadychat.db", session_id, chosen.messages)
        print(json.dumps(measure(client, session_id, chosen.messages, chosen.requests)))
    return 0


@contextmanager
def served(folder: Path) -> Iterator[httpx.Client]:
    """A server of its own on a free port, ready."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {"STEADYCHAT_DATA_DIR": str(folder), "STEADYCHAT_CHAINS": "scripted=chains.scripted:build"}
    command = [sys.executable, "-m", "api.main", "serve", "--port", str(port)]
    with (
        subprocess.Popen(command, env={**os.environ, **settings}, stdout=subprocess.DEVNULL) as process,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False) as client,
    ):
        try:
            until_ready(client, process)
            yield client
        finally:
            process.terminate()


def until_ready(client: httpx.Client, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if client.get("/readyz").is_success:
                return
        except httpx.TransportError:
            time.sleep(0.05)  # it does not listen yet
    raise SystemExit("the server did not start; see its messages above")


def fill(database: Path, session_id: str, count: int) -> None:
    """Puts `count` messages into the session, past the server: through it they would take hours."""
    engine = writing_engine(f"sqlite:///{database}")
    with engine.begin() as connection:
        for start in range(1, count + 1, BATCH):
            numbers = range(start, min(start + BATCH, count + 1))
            connection.execute(insert(messages), [row(session_id, number) for number in numbers])
        whole = update(sessions).where(sessions.c.id == session_id)
        connection.execute(whole.values(message_count=count, last_index=count))
    engine.dispose()


def row(session_id: str, number: int) -> dict[str, Any]:
    asked = number % 2 == 1
    text = f"Message {number}: " + ("what happens then? " if asked else "this is what happens then. " * 8)
    return {
        "id": message_id(number),
        "session_id": session_id,
        "number": number,
        "role": "user" if asked else "assistant",
        "status": "complete",
        "content": text,
        "reply_to": None if asked else message_id(number - 1),
        "created_at": START_MICROS + number,
        "completed_at": START_MICROS + number,
        "created_seq": 0,
    }


def message_id(number: int) -> str:
    return f"message-{number:09}"


def measure(client: httpx.Client, session_id: str, count: int, requests: int) -> dict[str, Any]:
    """Milliseconds of a page through HTTP, as one client on a kept connection sees them."""
    path = f"/api/chat/sessions/{session_id}/messages"
    depths = {"newest": None, "middle": message_id(count // 2), "oldest": message_id(PAGE + 1)}
    found: dict[str, Any] = {"messages": count, "requests": requests}
    for name, before in depths.items():
        params = {"limit": PAGE} | ({} if before is None else {"before": before})
        times = sorted(timed(client, path, params) for _ in range(requests))
        found[f"{name}_ms_p50"] = round(statistics.median(times), 2)
        found[f"{name}_ms_p99"] = round(times[int(len(times) * 0.99)], 2)
    return found


def timed(client: httpx.Client, path: str, params: dict[str, Any]) -> float:
    start = time.perf_counter()
    page = client.get(path, params=params).raise_for_status()
    took = (time.perf_counter() - start) * 1000
    if len(page.json()["messages"]) != PAGE:
        raise SystemExit("a page was not whole")
    return took


if __name__ == "__main__":
    sys.exit(main())
