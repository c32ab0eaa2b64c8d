from hypothesis import given, settings
from hypothesis import strategies as st

from loadtests.protocol.frames import Frame
from tests.support.model_world import World

ACTS = len(World(0, faulty=False).acts)
# Random histories of pieces, cuts, reordered pages, retries, another tab, trimming and restored backups.
HISTORIES = st.lists(st.integers(0, ACTS - 1), min_size=50, max_size=250)
SEEDS = st.integers(0, 2**32)


def plain(messages: list[Frame]) -> list[tuple[object, ...]]:
    return [(held["id"], held["index"], held["status"], held["content"]) for held in messages]


def played(history: list[int], seed: int, *, faulty: bool) -> World:
    world = World(seed, faulty=faulty)
    for act in history:
        world.acts[act]()
    world.settle()
    return world


@settings(max_examples=400, derandomize=True, deadline=None)
@given(HISTORIES, SEEDS)
def test_whatever_happened_on_the_way_the_end_is_what_the_server_has(history: list[int], seed: int) -> None:
    world = played(history, seed, faulty=True)
    shown = world.conversation.shown()
    held = world.server.shown
    assert plain(shown) == plain(held[len(held) - len(shown) :])
    assert (world.conversation.older_than() is None) == (len(shown) == len(held))


@settings(max_examples=400, derandomize=True, deadline=None)
@given(HISTORIES, SEEDS)
def test_a_correct_server_is_never_accused(history: list[int], seed: int) -> None:
    world = played(history, seed, faulty=False)
    world.verifier.violations.check()
    assert plain(world.conversation.shown()) == plain(world.server.shown[-len(world.conversation.shown()) :])
    assert all(entry.state in {"sent", "refused"} for entry in world.core.outbox.entries.values())
