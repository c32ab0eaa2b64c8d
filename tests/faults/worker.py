"""Runs one proof in a process of its own, for `prove`: `python -m tests.faults.worker ROW NAME …`.

The result goes to a file as JSON, what has been reached every few seconds: a trial that takes too long to end
costs itself alone. At SIGTERM it ends the trial that is under way.
"""

import argparse
import json
import os
import signal
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from tests.faults.launching import zygote
from tests.faults.proofs import Measured, Trial, rows, run

KEEP_S = 2.0


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.worker", description=__doc__)
    parser.add_argument("row", type=int)
    parser.add_argument("name")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--size", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--small", action="store_true")
    chosen = parser.parse_args()
    proof = next(
        proof
        for row in rows()
        for proof in row.proofs
        if (row.number, proof.name) == (chosen.row, chosen.name)
    )
    with tempfile.TemporaryDirectory(prefix="steadychat-proof-") as folder, zygote() as launcher:
        trial = Trial(
            chosen.size,
            chosen.seed,
            Path(folder),
            launcher,
            first=chosen.first,
            deadline=time.monotonic() + chosen.seconds,
            small=chosen.small,
        )

        def cut(*_: object) -> None:
            trial.cut = True

        signal.signal(signal.SIGTERM, cut)
        over = threading.Event()
        keeping = threading.Thread(target=_keep_on, args=[trial, chosen.out, over])
        keeping.start()
        try:
            run(proof, trial)
        finally:  # also what was reached before it broke off, which its status tells
            over.set()
            keeping.join()
            _keep(trial.measured, chosen.out)


def _keep_on(trial: Trial, out: Path, over: threading.Event) -> None:
    while not over.wait(KEEP_S):
        if trial.measured.trials:
            with suppress(RuntimeError):  # it was just added to
                _keep(trial.measured, out)


def _keep(measured: Measured, out: Path) -> None:
    """In one write over what stood there, and never shorter: whoever reads has the file open already, so it
    cannot be replaced by another, and a kill must not find it empty."""
    file = os.open(out, os.O_RDWR | os.O_CREAT)
    try:
        text = json.dumps(asdict(measured)).encode()
        os.pwrite(file, text.ljust(os.fstat(file).st_size), 0)
    finally:
        os.close(file)


if __name__ == "__main__":
    main()
