"""Searching for a history that goes wrong."""

import structlog
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.faults.model.machine import Chat
from tests.faults.model.planted import Bug

STEPS = 40


def search(histories: int, seeded: int, bug: Bug | None = None, *, shrink: bool = False) -> None:
    """Tries so many histories, made from a seed; raises what the first that goes wrong came to."""
    bug = bug or Bug()
    machine = seed(seeded)(type("Chat", (Chat,), {"core": bug.core, "writer": bug.writer}))
    with bug.plant(), structlog.testing.capture_logs():
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=histories,
                stateful_step_count=STEPS,
                phases=[Phase.generate, Phase.shrink] if shrink else [Phase.generate],
                deadline=None,
                database=None,
                print_blob=False,
                report_multiple_bugs=False,
                suppress_health_check=list(HealthCheck),
            ),
        )
