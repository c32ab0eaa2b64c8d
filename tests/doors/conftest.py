from collections.abc import Iterator

import pytest

from tests.support.live import Live, User, live


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with live(
        tmp_path_factory.mktemp("doors"), limit_messages_per_minute=0, limit_sockets_per_user=0
    ) as found:
        yield found


@pytest.fixture
def user(server: Live) -> Iterator[User]:
    with server.user() as found:
        yield found
