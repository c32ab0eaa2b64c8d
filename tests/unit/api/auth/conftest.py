from collections.abc import Callable

import pytest
from starlette.requests import HTTPConnection

Connect = Callable[..., HTTPConnection]


@pytest.fixture
def connect() -> Connect:
    """A connection as a door sees it, from its headers (repeatable) and where it came in."""

    def make(
        *headers: tuple[str, str],
        scheme: str = "http",
        root_path: str = "",
        client: tuple[str, int] | None = ("203.0.113.9", 5000),
    ) -> HTTPConnection:
        return HTTPConnection(
            {
                "type": "http",
                "method": "GET",
                "path": root_path + "/",
                "root_path": root_path,
                "query_string": b"",
                "scheme": scheme,
                "client": client,
                "server": ("127.0.0.1", 8000),
                "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers],
            }
        )

    return make
