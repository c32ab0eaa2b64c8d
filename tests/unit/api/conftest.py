import pytest


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """The server runs on asyncio alone."""
    return "asyncio"
