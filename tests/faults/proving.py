"""Running proofs, each in a process of its own, and keeping what came of them."""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.faults.proofs import LEAVE_S, Measured, Proof, Row
from tests.faults.report import figures
from tests.faults.results import ROOT, Result, Results, machine, today

AT_ONCE = 2
KILLED_S = LEAVE_S + 30


@dataclass(frozen=True)
class Task:
    """A proof that is to be run, and how far."""

    row: Row
    proof: Proof
    first: int
    size: int
    seed: int
    small: bool = False

    @property
    def words(self) -> str:
        return f"{self.row.number} {self.proof.name}"

    @property
    def again(self) -> str:
        row, name = self.row.number, self.proof.name
        return f"python -m tests.faults.prove --row {row} --proof '{name}' --seed {self.seed}"


class Proving:
    """Runs tasks until they are done or the time is over.

    Two at a time, and one of those that mostly wait; quiet ones alone.
    """

    def __init__(self, results: Results | None, deadline: float) -> None:
        self._results = results
        self._deadline = deadline
        self.failed = False
        self.unfinished = False
        self._cut = False
        self._running: set[asyncio.subprocess.Process] = set()

    def cut(self) -> None:
        """Lets each proof end its trial and keep what it reached."""
        self._cut = True
        for process in self._running:
            process.terminate()

    async def run(self, tasks: Sequence[Task]) -> None:
        quiet = iter([task for task in tasks if task.proof.quiet])
        waits = iter([task for task in tasks if task.proof.waits])
        others = iter([task for task in tasks if not (task.proof.quiet or task.proof.waits)])

        async def one_after_the_other(tasks: Iterator[Task]) -> None:
            for task in tasks:
                await self._run(task)

        await asyncio.gather(*map(one_after_the_other, [waits, *[others] * AT_ONCE]))
        await one_after_the_other(quiet)

    async def _run(self, task: Task) -> None:
        seconds = min(task.proof.limit_s, self._deadline - time.monotonic())
        if seconds <= 0 or self._cut:
            say(f"   {task.words}: no time left")
            self.unfinished = True
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
                *(["--small"] if task.small else []),
                cwd=ROOT,
                start_new_session=True,
            )
            self._running.add(process)
            try:
                async with asyncio.timeout(seconds + KILLED_S):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()
            finally:
                self._running.discard(process)
            text = out.read()
        measured = Measured(**json.loads(text)) if text else Measured()
        if process.returncode != 0 and not (self._cut and not text):  # else it was cut before it had begun
            measured.fail(f"seed {task.seed}: the proof did not end by itself, status {process.returncode}")
        return measured

    def _tell(self, task: Task, measured: Measured, seconds: float) -> None:
        seen = ", ".join(figures(measured))
        say(
            f"{'FAILED' if measured.failed else 'ok'} {task.words}: {measured.trials} trials, "
            f"{measured.failed} failures, {seconds:.0f} s; {seen}"
        )
        for failure in measured.failures[:5]:
            say(f"   {failure}")
        if measured.failed:
            self.failed = True
            say(f"   again: {task.again}   (--trial N for one trial)")
        self.unfinished |= task.first + measured.trials < task.size
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
