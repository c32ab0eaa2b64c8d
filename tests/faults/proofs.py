"""What a proof is: a promise, so many trials of it, and what came of them."""

import asyncio
import importlib
import time
import traceback
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.faults.launching import Launcher

FOLDER = Path(__file__).parent
FAILURES_KEPT = 20
STUCK_S = 120
LEAVE_S = 300
"""So long a proof whose time is over may take to end its trials and to look at what they left."""
WHOLE_S = 600
"""So long a proof without a deadline may take."""


@dataclass
class Measured:
    """What came of some trials. A failure is one violation, in words: of `failed` the first are kept.

    Of `figures` (seconds, megabytes) the largest counts when two parts of a proof are put together;
    `counts` (answers, tokens) are added up. `bars` are what figures are held to.
    """

    trials: int = 0
    failures: list[str] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    bars: dict[str, float] = field(default_factory=dict)
    failed: int = 0

    def __post_init__(self) -> None:
        self.failed = max(self.failed, len(self.failures))

    def fail(self, words: str) -> None:
        self.failed += 1
        if len(self.failures) < FAILURES_KEPT:
            self.failures.append(words)

    def count(self, name: str, number: int = 1) -> None:
        self.counts[name] = self.counts.get(name, 0) + number

    def figure(self, name: str, value: float, bar: float | None = None) -> None:
        """Keeps the largest, and beside it the bar that it is held to, for the page."""
        self.figures[name] = max(value, self.figures.get(name, value))
        if bar is not None:
            self.bars[name] = bar

    def __add__(self, other: "Measured") -> "Measured":
        failures = [*self.failures, *other.failures][:FAILURES_KEPT]
        both = Measured(self.trials + other.trials, failures, failed=self.failed + other.failed)
        for part in (self, other):
            for name, value in part.figures.items():
                both.figure(name, value, part.bars.get(name))
            for name, number in part.counts.items():
                both.count(name, number)
        return both


@dataclass
class Trial:
    """What a proof is given: how many trials of which seed, where, and until when.

    `first` is the first trial to make, `size` the number after the last: a proof that was cut goes on where
    it was. All that is random in trial n comes from `random(n)`, so that it can be repeated alone.
    """

    size: int
    seed: int
    folder: Path
    launcher: Launcher
    first: int = 0
    deadline: float | None = None
    """On the clock of `time.monotonic`."""
    small: bool = False
    """A first look: what trials do may be shorter, and bars that hold on a quiet machine may be wider."""
    measured: Measured = field(default_factory=Measured)
    cut: bool = False

    @property
    def over(self) -> bool:
        return self.cut or (self.deadline is not None and time.monotonic() >= self.deadline)

    def random(self, number: int) -> Random:
        return Random(f"{self.seed}:{number}")

    def numbers(self) -> Iterator[int]:
        """The trials to make, until they are made or the time is over. Each counts once it was made."""
        for number in range(self.first, self.size):
            if self.over:
                return
            yield number
            self.measured.trials += 1

    def fail(self, number: int, violations: str | Sequence[str]) -> None:
        found = [violations] if isinstance(violations, str) else violations
        for words in found:
            self.measured.fail(f"seed {self.seed} trial {number}: {words}")

    async def each(
        self, make: Callable[[int, Random], Awaitable[Sequence[str] | None]], *, at_once: int = 1
    ) -> Measured:
        """Makes all trials, some at once; what `make` returns or raises are their failures."""
        numbers = iter(range(self.first, self.size))

        async def one_after_the_other() -> None:
            while not self.over and (number := next(numbers, None)) is not None:
                stuck = asyncio.timeout(STUCK_S)
                try:
                    async with stuck:
                        self.fail(number, await make(number, self.random(number)) or [])
                except Exception as error:  # noqa: BLE001 - it is a finding, and the others go on
                    self.fail(number, f"stuck for {STUCK_S} s" if stuck.expired() else described(error))
                self.measured.trials += 1

        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(one_after_the_other())
        return self.measured


@dataclass(frozen=True)
class Proof:
    """`small` and `full` are numbers of trials.

    `quiet` ones measure time, so nothing else runs meanwhile; those that mostly wait (`waits`) are no burden
    to others.
    """

    name: str
    small: int
    full: int
    run: Callable[[Trial], Awaitable[Measured]]
    quiet: bool = False
    waits: bool = False
    limit_s: float = 3600
    """It is cut after this long, also at its full size."""


@dataclass(frozen=True)
class Row:
    """A promise with its proofs: the module `row_NN.py`, with `PROMISE` and `PROOFS`."""

    number: int
    promise: str
    proofs: tuple[Proof, ...]


def rows() -> list[Row]:
    """All that there are, in the order of their numbers."""
    return [_row(path) for path in sorted(FOLDER.glob("row_[0-9][0-9].py"))]


def _row(path: Path) -> Row:
    module = importlib.import_module(f"tests.faults.{path.stem}")
    return Row(int(path.stem[4:]), module.PROMISE, tuple(module.PROOFS))


def run(proof: Proof, trial: Trial) -> Measured:
    """Runs it in an event loop of its own; what it raises is a failure, and so is a proof that never ends.

    What was reached is kept.
    """
    try:
        asyncio.run(_until_over(proof, trial))
    except Exception as error:  # noqa: BLE001 - it is a finding
        at = trial.first + trial.measured.trials
        trial.fail(at, described(error))
    return trial.measured


def described(error: BaseException) -> str:
    """What it is, and where it was raised; of a group what it holds."""
    if isinstance(error, BaseExceptionGroup):
        return "; ".join(described(each) for each in error.exceptions)
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}{where}"


async def _until_over(proof: Proof, trial: Trial) -> None:
    left = WHOLE_S if trial.deadline is None else trial.deadline - time.monotonic() + LEAVE_S
    async with asyncio.timeout(left):
        found = await proof.run(trial)
    if found is not trial.measured:
        trial.measured = found
