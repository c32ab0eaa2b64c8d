from collections.abc import Iterator

import pytest

from tests.faults.launching import Zygote, zygote


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def launcher() -> Iterator[Zygote]:
    with zygote() as found:
        yield found
