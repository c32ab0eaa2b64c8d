"""What a proof has reached can be read at any moment, and a worker that breaks off says so by its status."""

import json
import signal
import subprocess
import sys
from pathlib import Path

from tests.faults import worker
from tests.faults.proofs import Measured
from tests.faults.results import ROOT


def test_what_is_kept_is_read_from_a_file_that_was_open_before(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.touch()
    with out.open("rb") as reader:
        for measured in (Measured(1), Measured(100, ["lost"], {"s": 0.25}), Measured(2)):
            worker._keep(measured, out)
            reader.seek(0)
            assert Measured(**json.loads(reader.read())) == measured


def test_a_worker_that_breaks_off_keeps_what_it_reached_and_exits_with_a_status(tmp_path: Path) -> None:
    broken = """
import asyncio, sys
from tests.faults import proofs, worker

async def leave(trial):
    trial.measured.trials = 3
    raise KeyboardInterrupt

worker.rows = lambda: [proofs.Row(1, "x", (proofs.Proof("y", 1, 10, leave),))]
sys.argv = ["worker", "1", "y", "--size", "10", "--seed", "7", "--seconds", "60", "--out", sys.argv[1]]
worker.main()
"""
    out = tmp_path / "out"
    command = [sys.executable, "-c", broken, str(out)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode in {1, 130, -signal.SIGINT}, ended.stderr
    assert json.loads(out.read_text())["trials"] == 3
