"""Whoever looks, by whichever way and through however many pages, sees the one history that there is."""

from tests.faults.paging import paged
from tests.faults.pairs import agreed
from tests.faults.proofs import Proof

PROMISE = "Tabs agree and history is exact"

PROOFS = [
    Proof("two tabs by different ways", small=20, full=1_000, run=agreed),
    Proof("pages while rows come and go", small=200, full=10_000, run=paged),
]
