import gc
from collections.abc import Iterator

import pytest

from loadtests.cluster.valkey import Valkey
from tests.support.buses import Admin


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    with Valkey(tmp_path_factory.mktemp("valkey")) as running:
        yield running


@pytest.fixture
def admin(valkey: Valkey) -> Iterator[Admin]:
    looking = Admin(valkey.url)
    with looking.client:
        yield looking


@pytest.fixture
def no_collections() -> Iterator[None]:
    """A full one takes its time, and is rare."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()
