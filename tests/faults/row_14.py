"""Trouble below a server: its database is locked by somebody else, or its disk is full."""

from collections.abc import Awaitable, Callable, Sequence
from random import Random

from tests.faults.proofs import Measured, Proof, Trial
from tests.faults.storage import Seen, full_once, locked_once

PROMISE = "Trouble below degrades, never corrupts"

SMALL = 1
BACK_S = 5.0
READ_S = 2.0
PATIENCE = 3
"""A first look takes so many times that: others use the machine."""
AT_ONCE = 3
"""Each has a server of its own, and mostly waits."""
SECONDS = 10.0
SHORT_S = 2.0
LONG_S = 36.0
"""Longer than an answer waits for the database: it ends unsaved then."""
LONG_EVERY = 4
REAL = "trials on a real full disk"
FORBIDDEN = "trials without one: the process was forbidden to write"
Once = Callable[[int, Random], Awaitable[Seen]]


async def locked(trial: Trial) -> Measured:
    """Somebody else holds the database for ten seconds."""
    seconds = SHORT_S if trial.small else SECONDS

    async def once(number: int, chance: Random) -> Seen:
        return await locked_once(trial.launcher, trial.folder / f"locked-{number}", chance, seconds=seconds)

    return await _each(trial, once)


async def full(trial: Trial) -> Measured:
    """There is no room on the disk for ten seconds; in every fourth trial for longer than answers wait."""

    async def once(number: int, chance: Random) -> Seen:
        long = LONG_S if number % LONG_EVERY == LONG_EVERY - 1 else SECONDS
        seconds = SHORT_S if trial.small else long
        seen = await full_once(trial.launcher, trial.folder / f"full-{number}", chance, seconds=seconds)
        trial.measured.count(REAL if seen.real else FORBIDDEN)
        return seen

    return await _each(trial, once)


async def _each(trial: Trial, once: Once) -> Measured:
    async def make(number: int, chance: Random) -> Sequence[str]:
        seen = await once(number, chance)
        measured = trial.measured
        measured.count("sends confirmed before it was over", seen.accepted)
        measured.count("sends refused and repeated", seen.refused)
        measured.count("trials in which it said that it is not ready", bool(seen.reasons))
        measured.count("answers ended unsaved, text kept", seen.unsaved)
        return [*seen.violations, *_too_late(trial, seen)]

    return await trial.each(make, at_once=AT_ONCE)


def _too_late(trial: Trial, seen: Seen) -> Sequence[str]:
    slack = PATIENCE if trial.small else 1
    found = []
    for name, took, bar in (
        ("until a message was answered again", seen.back_s, BACK_S * slack),
        ("until ready again", seen.ready_s, BACK_S * slack),
        ("of the slowest read meanwhile", seen.slowest_read_s, READ_S * slack),
    ):
        trial.measured.figure(f"seconds {name}", took, bar)
        if took > bar:
            found.append(f"{took:.1f} s {name}")
    return found


# Neither is quiet: what is held to seconds takes milliseconds, and mostly they wait.
PROOFS = [
    Proof("database locked for 10 s", small=SMALL, full=30, run=locked, waits=True),
    Proof("disk full", small=SMALL, full=20, run=full, waits=True),
]
