from collections.abc import Iterator

import pytest

from loadtests.cluster.cluster import Cluster, together
from loadtests.cluster.places import passing

SETTINGS = {"STEADYCHAT_CHAINS": "scripted=chains.scripted:build"}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def shared() -> Iterator[Cluster]:
    with passing() as folder, Cluster(folder, servers=3, settings=SETTINGS) as made:
        yield made


@pytest.fixture
def cluster(shared: Cluster) -> Cluster:
    """All of it runs, whatever the test before has done to it."""
    together(*(each for each in shared.all if not each.alive))
    shared.settle()
    return shared
