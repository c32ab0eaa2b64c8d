"""The random histories, and the bugs that they must find, as proofs of promise 1."""

import asyncio
import time
from collections.abc import Sequence
from random import Random

from tests.faults.model.planted import BUGS
from tests.faults.model.search import search
from tests.faults.proofs import Measured, Proof, Trial

HISTORIES = 20
"""A trial is so many: starting a search costs as much as a few of them."""
MOST = 5000
FOUND_S = 120.0


async def histories(trial: Trial) -> Measured:
    """Both tabs, the database and the chain agree in the end, whatever was lost or died."""

    async def make(_number: int, chance: Random) -> Sequence[str] | None:
        try:
            await asyncio.to_thread(search, HISTORIES, chance.getrandbits(32), shrink=True)
        except Exception as error:  # noqa: BLE001 - whatever it came to, with the history
            return ["\n".join([f"{type(error).__name__}: {error}", *getattr(error, "__notes__", ())])]
        trial.measured.count("histories", HISTORIES)
        return None

    return await trial.each(make)


async def planted(trial: Trial) -> Measured:
    """Each bug in turn, from another seed each time: the search has two minutes."""
    names = list(BUGS)

    async def make(number: int, chance: Random) -> Sequence[str] | None:
        name = names[number % len(names)]
        seconds = await asyncio.to_thread(_seconds_to_find, name, chance.getrandbits(32))
        trial.measured.figure(f"seconds until found: {name}", round(seconds, 1))
        return [f"{name} was found after {seconds:.0f} s"] if seconds > FOUND_S else None

    return await trial.each(make)


def _seconds_to_find(name: str, seeded: int) -> float:
    begun = time.monotonic()
    try:
        search(MOST, seeded, BUGS[name])
    except AssertionError:  # of the machine or the verifier; anything else is no finding
        return time.monotonic() - begun
    raise AssertionError(f"{name} was not found in {MOST} histories")


HISTORY_PROOFS = (
    Proof("random histories of two tabs, two transports, deaths and losses", 2, 250, histories),
    Proof("five planted bugs are found by those histories", 5, 25, planted),
)
