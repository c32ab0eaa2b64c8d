"""Who is measured: how each server is started, and how it is spoken to."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from loadtests.bench.wires.chainlit import Chainlit
from loadtests.bench.wires.socket import Naive
from loadtests.bench.wires.sse import Sse
from loadtests.bench.wires.steady import Scripted, Steady
from loadtests.bench.wires.wire import Wire

ROOT = Path(__file__).parents[2]
CHAINLIT = ROOT / ".venv-chainlit" / "bin" / "python"
GC = "10000,5,10000"
"""The thresholds that Steadychat gives the garbage collector."""
NO_LIMIT = "1000000"
"""So that limits are checked, and nobody reaches them."""


@dataclass(frozen=True)
class Peer:
    """A server under test; `{port}` and `{folder}` are filled in, and `ready` is asked until it answers.

    `likely` is where the search for the greatest number of clients begins; `python` runs it.
    """

    name: str
    kind: type[Wire]
    arguments: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    ready: str = "/openapi.json"
    likely: int = 100
    python: Path = Path(sys.executable)
    packages: tuple[str, ...] = ()

    @property
    def command(self) -> tuple[str, ...]:
        return (str(self.python), *self.arguments)


def _uvicorn(app: str) -> tuple[str, ...]:
    """All that Steadychat itself has chosen of uvicorn, also for the others."""
    tuned = ("--loop", "uvloop", "--http", "httptools", "--ws", "websockets-sansio")
    quiet = ("--log-level", "error", "--no-access-log", "--ws-per-message-deflate", "false")
    return ("-m", "uvicorn", app, "--host", "127.0.0.1", "--port", "{port}", *tuned, *quiet)


def steady(name: str, kind: type[Wire], chain: str, likely: int, **environment: str) -> Peer:
    """All of it, as it comes: history, the durable log, checks.

    All users come from one address, and some send without a pause, so two limits are raised: checked as ever,
    and never reached.
    """
    settings = {
        "STEADYCHAT_DATA_DIR": "{folder}",
        "STEADYCHAT_CHAINS": chain,
        "STEADYCHAT_LIMIT_SOCKETS_PER_ADDRESS": NO_LIMIT,
        "STEADYCHAT_LIMIT_MESSAGES_PER_MINUTE": NO_LIMIT,
    }
    serve = ("-m", "api.main", "serve", "--port", "{port}")
    return Peer(name, kind, serve, settings | environment, "/readyz", likely)


LANGSERVE = _uvicorn("loadtests.bench.servers.langserve_app:app")
NAIVE = _uvicorn("loadtests.bench.servers.naive:app")
CHAINLIT_RUN = (
    *("-m", "chainlit", "run", str(ROOT / "loadtests/bench/servers/chainlit_app.py"), "--headless"),
    *("--host", "127.0.0.1", "--port", "{port}"),
)

PEERS = {
    "steadychat": steady("Steadychat", Steady, "lcel=loadtests.bench.chain:lcel", 200),
    "langserve": Peer("LangServe", Sse, LANGSERVE, likely=27, packages=("langserve",)),
    "langserve-tuned": Peer("LangServe, GC tuned", Sse, LANGSERVE, {"BENCH_GC": GC}, likely=100),
    "naive": Peer("naive WebSocket", Naive, NAIVE, likely=60),
    "chainlit": Peer(
        *("Chainlit", Chainlit, CHAINLIT_RUN, {"CHAINLIT_APP_ROOT": "{folder}"}, "/"),
        likely=15,
        python=CHAINLIT,
        packages=("chainlit",),
    ),
    "steadychat-scripted": steady("Steadychat, scripted", Scripted, "scripted=chains.scripted:build", 450),
    "naive-free": Peer("naive WebSocket, free chain", Naive, NAIVE, {"BENCH_CHAIN": "free"}, likely=600),
}
"""The first five serve the same chain, `prompt | model | StrOutputParser()`; the others one that is free."""


def clean_environment() -> dict[str, str]:
    """What servers are started in: none of the settings of whoever measures."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("STEADYCHAT_")}
    return {**kept, "PYTHONPATH": str(ROOT), "LANGSMITH_TRACING": "false", "PYTHONWARNINGS": "ignore"}
