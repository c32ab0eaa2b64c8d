"""Every proof at its small size, always with the same seed; `make prove` makes them at the full size."""

from pathlib import Path

import pytest

from tests.faults.launching import Zygote
from tests.faults.proofs import Proof, Trial, rows, run

SEED = 1
PROOFS = [pytest.param(proof, id=f"{row.number}-{proof.name}") for row in rows() for proof in row.proofs]


@pytest.mark.parametrize("proof", PROOFS)
def test_a_promise_is_kept(proof: Proof, tmp_path: Path, launcher: Zygote) -> None:
    measured = run(proof, Trial(proof.small, SEED, tmp_path, launcher, small=True))
    assert not measured.failures
    assert measured.trials == proof.small
