"""Runs one proof in a process of its own, for `prove`: `python -m tests.faults.worker ROW NAME …`.

The result goes to a file as JSON. At SIGTERM it ends the trial that is under way and keeps what it reached.
"""

import argparse
import json
import signal
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from tests.faults.launching import zygote
from tests.faults.proofs import Trial, rows, run


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.worker", description=__doc__)
    parser.add_argument("row", type=int)
    parser.add_argument("name")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--size", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--out", type=Path, required=True)
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
        )

        def cut(*_: object) -> None:
            trial.cut = True

        signal.signal(signal.SIGTERM, cut)
        measured = run(proof, trial)
    chosen.out.write_text(json.dumps(asdict(measured)))


if __name__ == "__main__":
    main()
