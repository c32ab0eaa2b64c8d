"""Runs the proofs of what is promised and writes `docs/guarantees.md`: `python -m tests.faults.prove`.

Results are kept for each commit: what is finished is not run again, and what was cut goes on where it was.
Exit status 1: a promise was not kept, now or before at this commit. 3: not all trials were made.
"""

import argparse
import asyncio
import random
import signal
import sys
import time
from collections.abc import Sequence

from tests.faults.proofs import Proof, Row, rows
from tests.faults.proving import Proving, Task, say
from tests.faults.report import report
from tests.faults.results import ROOT, Results, changed, commit

KEPT = ROOT / "var" / "prove"
REPORT = ROOT / "docs" / "guarantees.md"
FAILED, UNFINISHED = 1, 3


def main(arguments: Sequence[str] | None = None) -> int:
    chosen = _parse(arguments)
    found = [row for row in rows() if chosen.row in {None, row.number}]
    if not found:
        say(f"There is no row {chosen.row}. There are: {', '.join(str(row.number) for row in rows())}.")
        return 2
    results = _results(chosen)
    proving = Proving(results, time.monotonic() + chosen.budget * 60)
    proving.failed = _failed_before(found, results, chosen)
    _run(proving, _tasks(found, results, chosen))
    if results is not None:
        REPORT.write_text(_report(results))
        say(f"Written: {REPORT.relative_to(ROOT)}")
    if proving.unfinished:
        say("Not all trials were made. Run it again: it goes on where it was.")
    return FAILED if proving.failed else UNFINISHED if proving.unfinished else 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.prove", description=__doc__)
    parser.add_argument("--row", type=int, help="only this promise")
    parser.add_argument("--proof", help="only this proof of it")
    parser.add_argument(
        "--size",
        default="full",
        help="full, a share of the full size as 10%%, or small: a first look, of which nothing is kept",
    )
    parser.add_argument("--again", action="store_true", help="also what is finished, with a new seed")
    parser.add_argument(
        "--budget", type=float, default=24 * 60, metavar="MIN", help="stop after so many minutes"
    )
    parser.add_argument("--seed", type=int, help="repeat with this seed; nothing is kept then")
    parser.add_argument("--trial", type=int, help="only this trial of the seed")
    return parser.parse_args(arguments)


def _results(chosen: argparse.Namespace) -> Results | None:
    """None where what is measured cannot be kept: it would belong to no commit, or to no whole proof."""
    if chosen.trial is not None or chosen.seed is not None:
        say("One seed is repeated: nothing is kept.")
        return None
    if chosen.size == "small":
        say("A first look: nothing is kept.")
        return None
    dirty = changed()
    if dirty:
        say(f"The code differs from its last commit ({len(dirty)} files): nothing is kept.")
        return None
    return Results(KEPT, commit())


def _failed_before(found: Sequence[Row], results: Results | None, chosen: argparse.Namespace) -> bool:
    """Whether a proof that is not made again has failed at this commit."""
    if results is None or chosen.again:
        return False
    kept = [results.load(row.number, proof.name) for row in found for proof in row.proofs]
    return any(result is not None and result.measured.failed for result in kept)


def _tasks(found: Sequence[Row], results: Results | None, chosen: argparse.Namespace) -> list[Task]:
    tasks = []
    for row in found:
        for proof in row.proofs:
            if chosen.proof in {None, proof.name}:
                tasks += _task(row, proof, results, chosen)
    return tasks


def _task(row: Row, proof: Proof, results: Results | None, chosen: argparse.Namespace) -> list[Task]:
    if results and chosen.again:
        results.drop(row.number, proof.name)
    kept = results.load(row.number, proof.name) if results else None
    size = _size(proof, chosen.size)
    first = kept.measured.trials if kept else 0
    seed = kept.seed if kept else chosen.seed
    if chosen.trial is not None:
        first, size = chosen.trial, chosen.trial + 1
    if first >= size:
        say(f"   {row.number} {proof.name}: {first} trials are kept from before (--again makes them again)")
        return []
    seed = random.SystemRandom().randrange(10**6) if seed is None else seed
    return [Task(row, proof, first, size, seed, small=chosen.size == "small")]


def _size(proof: Proof, words: str) -> int:
    if words == "small":
        return proof.small
    if words == "full":
        return proof.full
    return max(1, round(proof.full * float(words.removesuffix("%")) / 100))


def _run(proving: Proving, tasks: Sequence[Task]) -> None:
    async def until_cut() -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, proving.cut)
        await proving.run(tasks)

    asyncio.run(until_cut())


def _report(results: Results) -> str:
    return report(
        [
            (row, [(proof.name, results.newest(row.number, proof.name)) for proof in row.proofs])
            for row in rows()
        ],
        REPORT.read_text() if REPORT.exists() else "",
    )


if __name__ == "__main__":
    sys.exit(main())
