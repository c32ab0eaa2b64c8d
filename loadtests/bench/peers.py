"""Who is measured: how each server is started, and how it is spoken to."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from loadtests.bench.wires import Chainlit, Scripted, Socket, Sse, Steady, Wire

ROOT = Path(__file__).parents[2]
CHAINLIT = ROOT / ".venv-chainlit" / "bin" / "python"
GC = "10000,5,10000"


@dataclass(frozen=True)
class Peer:
    """A server under test; `{port}` and `{folder}` are filled in, and `ready` is asked until it answers."""

    name: str
    kind: type[Wire]
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    ready: str = "/"
    settle_s: float = 0.3


def _uvicorn(app: str) -> tuple[str, ...]:
    tuned = ("--loop", "uvloop", "--http", "httptools", "--ws", "websockets-sansio")
    quiet = ("--log-level", "error", "--no-access-log", "--ws-per-message-deflate", "false")
    return (sys.executable, "-m", "uvicorn", app, "--host", "127.0.0.1", "--port", "{port}", *tuned, *quiet)


def _steady(name: str, kind: type[Wire], chain: str) -> Peer:
    """All of it: history, the durable log, every limit but that of sockets from one address."""
    settings = {
        "STEADYCHAT_DATA_DIR": "{folder}",
        "STEADYCHAT_CHAINS": chain,
        "STEADYCHAT_LIMIT_SOCKETS_PER_ADDRESS": "0",
        "STEADYCHAT_LIMIT_MESSAGES_PER_MINUTE": "0",
    }
    command = (sys.executable, "-m", "api.main", "serve", "--port", "{port}")
    return Peer(name, kind, command, settings, ready="/readyz")


STEADY = _steady("Steadychat", Steady, "lcel=loadtests.bench.chain:lcel")
STEADY_SCRIPTED = _steady("Steadychat, scripted", Scripted, "scripted=chains.scripted:build")
LANGSERVE = Peer(
    "LangServe", Sse, _uvicorn("loadtests.bench.servers.langserve_app:app"), ready="/openapi.json"
)
LANGSERVE_TUNED = Peer("LangServe, GC tuned", Sse, LANGSERVE.command, {"BENCH_GC": GC}, ready="/openapi.json")
NAIVE = Peer("naive WebSocket", Socket, _uvicorn("loadtests.bench.servers.naive:app"), ready="/openapi.json")
NAIVE_FREE = Peer(
    "naive WebSocket, free chain", Socket, NAIVE.command, {"BENCH_CHAIN": "free"}, ready="/openapi.json"
)
CHAINLIT_PEER = Peer(
    "Chainlit",
    Chainlit,
    (
        str(CHAINLIT),
        *("-m", "chainlit", "run", "loadtests/bench/servers/chainlit_app.py", "--headless"),
        *("--host", "127.0.0.1", "--port", "{port}"),
    ),
    {"CHAINLIT_APP_ROOT": "{folder}", "PYTHONPATH": str(ROOT)},
    settle_s=3,
)

PEERS = {
    "steadychat": STEADY,
    "steadychat-scripted": STEADY_SCRIPTED,
    "langserve": LANGSERVE,
    "langserve-tuned": LANGSERVE_TUNED,
    "naive": NAIVE,
    "naive-free": NAIVE_FREE,
    "chainlit": CHAINLIT_PEER,
}


def clean_environment() -> dict[str, str]:
    """What servers are started in: none of the settings of whoever measures."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("STEADYCHAT_")}
    return {**kept, "LANGSMITH_TRACING": "false", "PYTHONWARNINGS": "ignore"}
