"""Trouble below a server: its database is locked by somebody else, or its disk is full."""

from collections.abc import Awaitable, Callable, Sequence
from random import Random

from tests.faults.proofs import Measured, Proof, Trial
from tests.faults.storage import Seen, full_once, locked_once

PROMISE = "Trouble below degrades, never corrupts"

SMALL = 1
AT_ONCE = 3
"""Each has a server of its own, and mostly waits."""
SECONDS = 10.0
SHORT_S = 2.0
LONG_S = 36.0
"""Longer than an answer waits for the database: it ends unsaved then."""
LONG_EVERY = 4
Once = Callable[[int, Random], Awaitable[Seen]]


async def locked(trial: Trial) -> Measured:
    """Somebody else holds the database for ten seconds."""
    seconds = SHORT_S if trial.size == SMALL else SECONDS

    async def once(number: int, chance: Random) -> Seen:
        return await locked_once(trial.launcher, trial.folder / f"locked-{number}", chance, seconds=seconds)

    return await _each(trial, once)


async def full(trial: Trial) -> Measured:
    """There is no room on the disk for ten seconds; in every fourth trial for longer than answers wait."""

    async def once(number: int, chance: Random) -> Seen:
        long = LONG_S if number % LONG_EVERY == LONG_EVERY - 1 else SECONDS
        seconds = SHORT_S if trial.size == SMALL else long
        return await full_once(trial.launcher, trial.folder / f"full-{number}", chance, seconds=seconds)

    return await _each(trial, once)


async def _each(trial: Trial, once: Once) -> Measured:
    async def make(number: int, chance: Random) -> Sequence[str]:
        seen = await once(number, chance)
        measured = trial.measured
        measured.figure("seconds until back", seen.back_s)
        measured.figure("seconds of the slowest read", seen.slowest_read_s)
        measured.count("sends confirmed meanwhile", seen.accepted)
        measured.count("sends refused and repeated", seen.refused)
        measured.count("answers ended unsaved, text kept", seen.unsaved)
        return seen.violations

    return await trial.each(make, at_once=AT_ONCE)


PROOFS = [
    Proof("database locked for 10 s", small=SMALL, full=30, run=locked),
    Proof("disk full", small=SMALL, full=20, run=full),
]
