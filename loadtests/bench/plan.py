"""What is measured, and of whom."""

from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from loadtests.bench.measures.burst import burst
from loadtests.bench.measures.idle import idle
from loadtests.bench.measures.most import Most, most
from loadtests.bench.measures.paced import paced
from loadtests.bench.measures.pages import pages
from loadtests.bench.measures.sends import sends
from loadtests.bench.measures.start import start
from loadtests.bench.peers import PEERS
from loadtests.bench.server import Server

EVERYBODY = tuple(PEERS)
CONNECTED = ("steadychat", "naive", "chainlit")
OURS = ("steadychat", "steadychat-scripted")


def _most(server: Server) -> Coroutine[Any, Any, Most]:  # Any: a coroutine's, as always
    return most(server, server.peer.likely)


@dataclass(frozen=True)
class Planned:
    """A measure, and the peers that have what it measures."""

    of: Callable[[Server], Coroutine[Any, Any, Any]]  # Any: each has a dataclass of its own
    peers: Sequence[str]


MEASURES = {
    "start": Planned(start, EVERYBODY),
    "burst": Planned(burst, EVERYBODY),
    "paced": Planned(paced, EVERYBODY),
    "most": Planned(_most, EVERYBODY),
    "idle": Planned(idle, CONNECTED),
    "sends": Planned(sends, OURS),
    "pages": Planned(pages, OURS[:1]),
}


@dataclass(frozen=True)
class Cell:
    """One measurement: of whom, what, and for which time."""

    peer: str
    measure: str
    repetition: int


def cells(measures: Sequence[str], peers: Sequence[str], repeat: int) -> Iterator[Cell]:
    """Peers take turns, so that an hour that is bad for the machine is bad for all of them."""
    for repetition in range(repeat):
        for measure in measures:
            for peer in peers:
                if peer in MEASURES[measure].peers:
                    yield Cell(peer, measure, repetition)
