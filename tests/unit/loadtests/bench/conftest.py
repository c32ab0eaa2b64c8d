"""Results as a run would leave them."""

from typing import Any

import pytest

from loadtests.bench.origin import Origin
from loadtests.bench.plan import Cell
from loadtests.bench.results import Results, Row

ORIGIN = Origin("0123456789", "2026-01-02", "a machine", {"fastapi": "1.2.3"})


def row(peer: str, measure: str, repetition: int = 0, **figures: Any) -> Row:
    return Row(Cell(peer, measure, repetition), figures)


@pytest.fixture
def results() -> Results:
    """Two servers measured, one that failed, and much that was not."""
    usage = {"wall_s": 1.0, "server_cpu_s": 0.5, "client_cpu_s": 0.1, "foreign": 0.02}
    rows = [
        row("steadychat", "burst", 0, cpu_s_per_100k=4.0, tokens_per_s=20_000.0, usage=usage),
        row("steadychat", "burst", 1, cpu_s_per_100k=5.0, tokens_per_s=21_000.0, usage=usage),
        row("steadychat", "burst", 2, cpu_s_per_100k=9.0, tokens_per_s=19_000.0, usage=usage),
        row("langserve", "burst", cpu_s_per_100k=18.0, tokens_per_s=5_000.0, usage=usage),
        row("steadychat", "most", clients=150, client_bound=False),
        row("naive-free", "most", clients=700, client_bound=True),
        Row(Cell("naive", "burst", 0), {}, "NotStarted: naive WebSocket: no such module\nand more"),
    ]
    return Results(ORIGIN, rows, ["python -m loadtests.bench --repeat 3"])
