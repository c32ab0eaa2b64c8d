"""A stop ends an answer from wherever it comes, once and truly; whoever is only lost stops nothing."""

from tests.faults.attempts import attempts
from tests.faults.losing import lost
from tests.faults.proofs import Proof
from tests.faults.stopping import closed, stopped

PROMISE = "Stop works from any tab, and losing the connection is not a stop"

PROOFS = [
    Proof("stop against done", small=150, full=5_000, run=stopped),
    Proof("the model's stream after a stop", small=10, full=200, run=closed, quiet=True),
    Proof("answers that lost all followers, ten at a time", small=3, full=30, run=lost),
    Proof("retry against retry and stop", small=40, full=1_000, run=attempts),
]
