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
