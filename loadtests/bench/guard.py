"""Does a token of Steadychat still cost what it did? `python -m loadtests.bench.guard`.

What is compared is the server's CPU for a token with that of a naive WebSocket with the same chain, in short
turns on the same machine: the ratio hardly knows how fast that machine is, and who else uses it. The ratios
that were are in `baseline.json`; `make bench-baseline` (`--write`) renews it. Exit status 1: one is worse by
a third.
"""

import argparse
import json
import math
import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import uvloop

from loadtests.bench.measures.burst import bursts
from loadtests.bench.measures.meter import warmed
from loadtests.bench.origin import commit, machine
from loadtests.bench.peers import PEERS, Peer, steady
from loadtests.bench.server import Server, serving
from loadtests.bench.wires.steady import Steady

BASELINE = Path(__file__).with_name("baseline.json")
WORSE = 4 / 3
CLIENTS, TOKENS = 10, 200
TURNS = {"lcel": 1, "free": 5}
"""The chains that are compared, and how many answers a client has in a turn: a fifth of a second or so."""
NAIVE = {"lcel": PEERS["naive"], "free": PEERS["naive-free"]}
FEWEST, MOST = 8, 30
UNREACHED = 1e6
SURE = 3.0
"""Standard errors between what was found and the limit before it is believed."""


def ours(chain: str, burden_us: float = 0) -> Peer:
    """Steadychat with one of the benchmark's chains, each token of which may cost more CPU than it did."""
    where = "servers.burdened" if burden_us else "chain"
    environment = {"BENCH_BURDEN_US": str(burden_us)}
    return steady("Steadychat", Steady, f"bench=loadtests.bench.{where}:{chain}", 0, **environment)


@dataclass(frozen=True)
class Compared:
    """Microseconds of the server's CPU for a token, ours and the naive one's, turn by turn."""

    turns: Sequence[tuple[float, float]]

    @property
    def logs(self) -> list[float]:
        return [math.log(our / naive) for our, naive in self.turns]

    @property
    def ratio(self) -> float:
        return math.exp(statistics.fmean(self.logs))

    @property
    def ours_us(self) -> float:
        return statistics.median(our for our, _ in self.turns)

    def exceeds(self, limit: float) -> bool | None:
        """Whether the ratio is above the limit; None where more turns are needed to be sure."""
        if len(self.turns) < FEWEST:
            return None
        error = statistics.stdev(self.logs) / math.sqrt(len(self.turns))
        away = math.log(self.ratio / limit)
        return away > 0 if abs(away) > SURE * error or len(self.turns) >= MOST else None


def compare(chain: str, limit: float, burden_us: float = 0) -> Compared:
    """As many turns as it takes to know on which side of the limit the ratio is. Raises NotStarted."""
    with serving(ours(chain, burden_us), core=None) as our, serving(NAIVE[chain], core=None) as naive:
        return uvloop.run(_taking_turns(our, naive, TURNS[chain], limit))


async def _taking_turns(our: Server, naive: Server, answers: int, limit: float) -> Compared:
    turns: list[tuple[float, float]] = []
    async with warmed(our, CLIENTS) as our_wires, warmed(naive, CLIENTS) as naive_wires:
        while (found := Compared(turns)).exceeds(limit) is None:
            one = await bursts(our, our_wires, TOKENS, answers)
            other = await bursts(naive, naive_wires, TOKENS, answers)
            turns.append((one.cpu_s_per_100k * 10, other.cpu_s_per_100k * 10))
    return found


def baseline() -> Mapping[str, float]:
    """The ratio of each chain as it was."""
    return dict(json.loads(BASELINE.read_text())["ratios"])


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m loadtests.bench.guard", description=__doc__)
    parser.add_argument("--write", action="store_true", help="renew the baseline")
    if parser.parse_args(arguments).write:
        _write({chain: _long(chain) for chain in TURNS})
        return 0
    worse = {chain: _worse(chain, before) for chain, before in baseline().items()}
    return 1 if any(worse.values()) else 0


def _worse(chain: str, before: float) -> bool:
    found = compare(chain, before * WORSE)
    said = f"{found.ratio:.2f} times a naive WebSocket's CPU, it was {before:.2f}"
    print(f"{chain}: {said} ({len(found.turns)} turns)", flush=True)
    return bool(found.exceeds(before * WORSE))


def _long(chain: str) -> float:
    """The median of three servers, each measured against what it was just found to be."""
    found = []
    for _ in range(3):
        first = compare(chain, UNREACHED)
        found.append(compare(chain, first.ratio).ratio)
        print(f"{chain}: {found[-1]:.2f}", flush=True)
    return round(statistics.median(found), 2)


def _write(ratios: Mapping[str, float]) -> None:
    told = {"ratios": dict(ratios), "commit": commit(), "machine": machine()}
    BASELINE.write_text(json.dumps(told, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main())
