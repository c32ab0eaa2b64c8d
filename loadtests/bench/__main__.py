"""Measures servers side by side in one run: `python -m loadtests.bench`, `make bench`.

Each server gets one core and the load the other. Every figure is of this machine and this run.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import uvloop

from loadtests.bench import ours
from loadtests.bench.measure import as_json, burst, idle, most_clients, paced
from loadtests.bench.peers import PEERS, Peer
from loadtests.bench.server import LOAD_CORE, NotStarted, Server, pin, serving
from loadtests.bench.wires import WireBroken

Figures: TypeAlias = dict[str, Any]  # Any: JSON
CLIENTS = 50
IDLE = 1_000
START = {
    "steadychat": 200,
    "steadychat-scripted": 450,
    "langserve": 27,
    "langserve-tuned": 100,
    "naive": 60,
    "naive-free": 600,
    "chainlit": 15,
}


async def _most(server: Server, name: str) -> Figures:
    return {"clients": await most_clients(server, START[name])}


Measure: TypeAlias = Callable[[Server, str], Awaitable[Figures]]


async def _burst(server: Server, _name: str) -> Figures:
    return as_json(await burst(server, CLIENTS))


async def _paced(server: Server, _name: str) -> Figures:
    return as_json(await paced(server, CLIENTS))


async def _idle(server: Server, _name: str) -> Figures:
    return as_json(await idle(server, IDLE))


async def _sends(server: Server, _name: str) -> Figures:
    return as_json(await ours.sends(server))


MEASURES: dict[str, Measure] = {
    "burst": _burst,
    "paced": _paced,
    "most": _most,
    "idle": _idle,
    "sends": _sends,
}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m loadtests.bench", description=__doc__)
    parser.add_argument("--measure", default="burst,paced,most", help=f"of {', '.join(MEASURES)}")
    parser.add_argument("--peers", default=",".join(PEERS), help=f"of {', '.join(PEERS)}")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path("var/bench.json"))
    chosen = parser.parse_args(arguments)
    pin(LOAD_CORE)
    rows: list[Figures] = []
    for repetition in range(chosen.repeat):
        for name in chosen.peers.split(","):
            for measure in chosen.measure.split(","):
                rows.append(
                    {"peer": name, "measure": measure, "repetition": repetition}
                    | measured(PEERS[name], name, MEASURES[measure])
                )
                print(json.dumps(rows[-1]), flush=True)
                chosen.out.parent.mkdir(parents=True, exist_ok=True)
                chosen.out.write_text(json.dumps(rows, indent=1))
    return 1 if any("failed" in row for row in rows) else 0


def measured(peer: Peer, name: str, measure: Measure) -> Figures:
    """A fresh server for each measure, so that none pays for what another has left."""
    try:
        with serving(peer) as server:
            return uvloop.run(measure(server, name))
    except (NotStarted, WireBroken, TimeoutError, asyncio.CancelledError) as error:
        return {"failed": f"{type(error).__name__}: {error}"[:500]}


if __name__ == "__main__":
    sys.exit(main())
