"""Runs the proofs of what is promised and writes `docs/guarantees.md`: `python -m tests.faults.prove`.

Results are kept for each commit: what is finished is not run again, and what was cut goes on where it was.
"""

import argparse
import asyncio
import json
import random
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass

from tests.faults.proofs import Measured, Proof, Row, rows
from tests.faults.report import report
from tests.faults.results import ROOT, Result, Results, changed, commit, machine, today

KEPT = ROOT / "var" / "prove"
REPORT = ROOT / "docs" / "guarantees.md"
AT_ONCE = 2
LEAVE_S = 90


@dataclass(frozen=True)
class Task:
    """A proof that is to be run, and how far."""

    row: Row
    proof: Proof
    first: int
    size: int
    seed: int

    @property
    def words(self) -> str:
        return f"{self.row.number} {self.proof.name}"


class Proving:
    """Runs tasks, at most two at a time and quiet ones alone, until they are done or the time is over."""

    def __init__(self, results: Results | None, deadline: float) -> None:
        self._results = results
        self._deadline = deadline
        self.failed = False
        self._cut = False
        self._running: set[asyncio.subprocess.Process] = set()

    def cut(self) -> None:
        """Lets each proof end its trial and keep what it reached."""
        self._cut = True
        for process in self._running:
            process.terminate()

    async def run(self, tasks: Sequence[Task]) -> None:
        waiting = iter([task for task in tasks if not task.proof.quiet])

        async def one_after_the_other() -> None:
            for task in waiting:
                await self._run(task)

        await asyncio.gather(*(one_after_the_other() for _ in range(AT_ONCE)))
        for task in tasks:
            if task.proof.quiet:
                await self._run(task)

    async def _run(self, task: Task) -> None:
        seconds = min(task.proof.limit_s, self._deadline - time.monotonic())
        if seconds <= 0 or self._cut:
            say(f"   {task.words}: no time left")
            return
        say(f"-> {task.words}: trials {task.first} to {task.size}, seed {task.seed}")
        began = time.monotonic()
        measured = await self._worked(task, seconds)
        self._tell(task, measured, time.monotonic() - began)

    async def _worked(self, task: Task, seconds: float) -> Measured:
        with tempfile.NamedTemporaryFile() as out:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.faults.worker", str(task.row.number), task.proof.name),
                *("--first", str(task.first), "--size", str(task.size), "--seed", str(task.seed)),
                *("--seconds", str(seconds), "--out", out.name),
                cwd=ROOT,
                start_new_session=True,
            )
            self._running.add(process)
            try:
                async with asyncio.timeout(seconds + LEAVE_S):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()
            finally:
                self._running.discard(process)
            text = out.read()
        if text:
            return Measured(**json.loads(text))
        if self._cut:  # before it had begun
            return Measured()
        return Measured(0, [f"seed {task.seed}: the proof ended without a word, status {process.returncode}"])

    def _tell(self, task: Task, measured: Measured, seconds: float) -> None:
        seen = [f"{number:,} {name}" for name, number in measured.counts.items()]
        seen += [f"{name} {value:.3g}" for name, value in measured.figures.items()]
        say(
            f"{'FAILED' if measured.failures else 'ok'} {task.words}: {measured.trials} trials, "
            f"{len(measured.failures)} failures, {seconds:.0f} s; {', '.join(seen)}"
        )
        for failure in measured.failures[:5]:
            say(f"   {failure}")
        if measured.failures:
            self.failed = True
            say(
                f"   again: python -m tests.faults.prove --row {task.row.number} --proof '{task.proof.name}' "
                f"--seed {task.seed}   (--trial N for one trial)"
            )
        if self._results is not None:
            kept = self._results.load(task.row.number, task.proof.name) or self._fresh(task)
            kept.add(measured, seconds)
            self._results.save(kept)

    def _fresh(self, task: Task) -> Result:
        assert self._results is not None
        return Result(
            task.row.number,
            task.proof.name,
            task.size,
            task.proof.full,
            task.seed,
            self._results.commit,
            today(),
            machine(),
        )


def say(line: str) -> None:
    print(line, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    chosen = _parse(arguments)
    found = [row for row in rows() if chosen.row in {None, row.number}]
    if not found:
        say(f"There is no row {chosen.row}. There are: {', '.join(str(row.number) for row in rows())}.")
        return 2
    results = _results(alone=chosen.trial is not None or chosen.seed is not None)
    tasks = _tasks(found, results, chosen)
    proving = Proving(results, time.monotonic() + chosen.budget * 60)
    _run(proving, tasks)
    if results is not None:
        REPORT.write_text(_report(results))
        say(f"Written: {REPORT.relative_to(ROOT)}")
    return 1 if proving.failed else 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.prove", description=__doc__)
    parser.add_argument("--row", type=int, help="only this promise")
    parser.add_argument("--proof", help="only this proof of it")
    parser.add_argument("--size", default="full", help="full, small, or a share of the full size as 10%%")
    parser.add_argument(
        "--budget", type=float, default=24 * 60, metavar="MIN", help="stop after so many minutes"
    )
    parser.add_argument("--seed", type=int, help="repeat with this seed; nothing is kept then")
    parser.add_argument("--trial", type=int, help="only this trial of the seed")
    return parser.parse_args(arguments)


def _results(*, alone: bool) -> Results | None:
    """None where what is measured cannot be kept: it would belong to no commit, or to no whole proof."""
    if alone:
        say("One seed is repeated: nothing is kept.")
        return None
    dirty = changed()
    if dirty:
        say(f"The code differs from its last commit ({len(dirty)} files): nothing is kept.")
        return None
    return Results(KEPT, commit())


def _tasks(found: Sequence[Row], results: Results | None, chosen: argparse.Namespace) -> list[Task]:
    tasks = []
    for row in found:
        for proof in row.proofs:
            if chosen.proof in {None, proof.name}:
                tasks += _task(row, proof, results, chosen)
    return tasks


def _task(row: Row, proof: Proof, results: Results | None, chosen: argparse.Namespace) -> list[Task]:
    kept = results.load(row.number, proof.name) if results else None
    size = _size(proof, chosen.size)
    first = kept.measured.trials if kept else 0
    seed = kept.seed if kept else chosen.seed
    if chosen.trial is not None:
        first, size = chosen.trial, chosen.trial + 1
    if first >= size:
        say(f"   {row.number} {proof.name}: {first} trials are kept from before")
        return []
    return [Task(row, proof, first, size, random.SystemRandom().randrange(10**6) if seed is None else seed)]


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
            (row, [(proof.name, results.load(row.number, proof.name)) for proof in row.proofs])
            for row in rows()
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
