"""What happens to the network and the server, and when: plans alone, nothing is done here."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from loadtests.proxy.plan import How

LIFE_S = 6.0
FORGET_EVERY_S = 120.0
TUNNEL_S, TUNNEL_EVERY_S, TUNNEL_FIRST_S = 30.0, 75.0, 10.0
STORM_EVERY_S = 15.0
DEPLOY_EVERY_S = 20.0


@dataclass(frozen=True, slots=True)
class Lives:
    """From now on each connection lives for about so long, and is cut: in order, by a reset, into silence."""

    seconds: float

    def __str__(self) -> str:
        return f"connections are cut after about {self.seconds:g} s each"


@dataclass(frozen=True, slots=True)
class Forget:
    """Connections that fell silent are reset; the others live on, for about so long.

    A server's kernel gives up whoever acknowledges nothing, but before the fault proxy all is acknowledged:
    without this its dead connections would pile up, and look like growth.
    """

    seconds: float

    def __str__(self) -> str:
        return "what fell silent is given up"


@dataclass(frozen=True, slots=True)
class CutAll:
    how: How

    def __str__(self) -> str:
        return f"all connections are cut ({self.how})"


@dataclass(frozen=True, slots=True)
class Enter:
    """Into a tunnel: what is sent waits, as TCP repeats it; half of the connections will not survive."""

    def __str__(self) -> str:
        return "into a tunnel: nothing passes"


@dataclass(frozen=True, slots=True)
class Leave:
    def __str__(self) -> str:
        return "out of the tunnel"


@dataclass(frozen=True, slots=True)
class Restart:
    """The server is asked to leave, or killed, and started again."""

    kill: bool

    def __str__(self) -> str:
        return "the server is killed and started" if self.kill else "the server is restarted"


Deed: TypeAlias = Lives | Forget | CutAll | Enter | Leave | Restart
Moment: TypeAlias = tuple[float, Deed]  # seconds after the start
Weather: TypeAlias = Callable[[float, random.Random], Iterator[Moment]]


def steady(_duration_s: float, _dice: random.Random) -> Iterator[Moment]:
    """Nothing happens."""
    yield from ()


def commuter(duration_s: float, _dice: random.Random) -> Iterator[Moment]:
    """Every connection is cut every few seconds, each at its own time."""
    yield 0, Lives(LIFE_S)
    for number in _numbers():
        at = FORGET_EVERY_S * (number + 1)
        if at >= duration_s:
            return
        yield at, Forget(LIFE_S)


def tunnel(duration_s: float, _dice: random.Random) -> Iterator[Moment]:
    """Nothing passes for 30 s, again and again; a short load has shorter tunnels."""
    first, length = min(TUNNEL_FIRST_S, duration_s / 5), min(TUNNEL_S, duration_s * 0.4)
    for number in _numbers():
        start = first + number * TUNNEL_EVERY_S
        if start + length > duration_s:
            return
        yield start, Enter()
        yield start + length, Leave()


def storm(duration_s: float, dice: random.Random) -> Iterator[Moment]:
    """All connections are cut at once, every 15 s."""
    for at in _every(STORM_EVERY_S, duration_s):
        yield at, CutAll(dice.choice(("fin", "rst")))


def deploy(duration_s: float, _dice: random.Random) -> Iterator[Moment]:
    """The server is restarted every 20 s; every third time it is killed."""
    for number, at in enumerate(_every(DEPLOY_EVERY_S, duration_s), 1):
        yield at, Restart(kill=number % 3 == 2)  # noqa: PLR2004 - the second of three


def _every(period_s: float, duration_s: float) -> Iterator[float]:
    """Times until shortly before the end; at least two of them, however short it all is."""
    period = min(period_s, duration_s / 3)
    for number in _numbers():
        at = period * (number + 1)
        if at > duration_s - period / 2:
            return
        yield at


def _numbers() -> Iterator[int]:
    number = 0
    while True:
        yield number
        number += 1
