"""The random histories, and the bugs that they must find, as proofs of promise 1.

Each trial ends by itself, and with it the thread that makes it: no bug stays planted after its trial.
"""

import asyncio
import re
import time
from random import Random

from tests.faults.model.planted import BUGS, Bug
from tests.faults.model.search import search
from tests.faults.proofs import Measured, Proof, Trial

HISTORIES = 20
"""A trial is so many: starting a search costs as much as a few of them."""
AT_ONCE = 50
"""Between so many histories a search for a bug looks at the clock."""
FOUND_S = 120.0


async def histories(trial: Trial) -> Measured:
    """Both tabs, the database and the chain agree in the end, whatever was lost or died."""
    for number in trial.numbers():
        seeded = trial.random(number).getrandbits(32)
        try:
            await asyncio.to_thread(search, HISTORIES, seeded, shrink=True)
        except Exception as error:  # noqa: BLE001 - whatever it came to, with the history
            words = [f"{type(error).__name__}: {error}", *getattr(error, "__notes__", ())]
            trial.fail(number, "\n".join(words))
        else:
            trial.measured.count("histories", HISTORIES)
    return trial.measured


async def planted(trial: Trial) -> Measured:
    """Each bug in turn, from another seed each time: the search has two minutes."""
    names = list(BUGS)
    for number in trial.numbers():
        name = names[number % len(names)]
        seconds, others = await asyncio.to_thread(seconds_to_find, BUGS[name], trial.random(number))
        trial.measured.figure(f"seconds until found: {name}", round(seconds, 1), FOUND_S)
        if seconds > FOUND_S:
            instead = f"; what went wrong instead: {'; '.join(others)}" if others else ""
            trial.fail(number, f"{name} was not found within {FOUND_S:.0f} s{instead}")
    return trial.measured


def seconds_to_find(bug: Bug, chance: Random) -> tuple[float, list[str]]:
    """How much work it was, or more than there is time for; and what was found that does not name the bug.

    It is counted in the time of this thread, which never waits: what else the machine does is no matter.
    """
    begun, others = time.thread_time(), list[str]()
    while time.thread_time() - begun <= FOUND_S:
        try:
            search(AT_ONCE, chance.getrandbits(32), bug)
        except AssertionError as found:  # of the machine or the verifier; anything else is no finding
            if re.search(bug.told, str(found)):
                break
            others.append(" ".join(str(found).splitlines()[:2]))
    return time.thread_time() - begun, others


HISTORY_PROOFS = (
    Proof("random histories of two tabs, two transports, deaths and losses", 2, 100, histories),
    Proof("five planted bugs are found by those histories", 5, 25, planted, quiet=True),
)
