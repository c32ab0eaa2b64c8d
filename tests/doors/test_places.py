"""A user's and an address's WebSockets are counted on all servers together."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection

from loadtests.cluster.valkey import Valkey
from tests.doors.test_storage import wait_until
from tests.doors.test_ws import closed_with
from tests.support.live import Live, User, live
from tests.support.postgres import database
from tests.support.talk import hear, say, socket

TOO_MANY = 429
GAP_S = 0.2
"""Servers tell each other when a socket spoke to some milliseconds."""


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with Valkey(tmp_path_factory.mktemp("valkey")) as running:
        yield running.url


@pytest.fixture
def two(redis_url: str, tmp_path: Path) -> Iterator[tuple[Live, Live]]:
    """Both know the same users, and have one database."""
    with database() as url:
        yield from _two(tmp_path, redis_url, url)


def _two(tmp_path: Path, redis_url: str, url: str) -> Iterator[tuple[Live, Live]]:
    settings: dict[str, Any] = {  # each setting has its type
        "database_url": url,
        "redis_url": redis_url,
        "secret": "the same for both, and long enough for it",
        "limit_sockets_per_user": 2,
        "limit_sockets_per_address": 3,
    }
    with live(tmp_path / "a", **settings) as a, live(tmp_path / "b", **settings) as b:
        for server in (a, b):
            wait_until(lambda server=server: server.parts.neighbours.trouble is None)  # type: ignore[misc]  # a default is no argument
        yield a, b


def let_in(server: Live, user: User) -> bool:
    """Else it is refused with 429."""
    try:
        with socket(server, user) as connection:
            return answers(connection)
    except InvalidStatus as refused:
        return refused.response.status_code != TOO_MANY


def answers(connection: ClientConnection) -> bool:
    say(connection, type="ping")
    return bool(hear(connection)["type"] == "pong")


def test_a_socket_too_many_closes_the_one_that_was_silent_longest_on_the_other_server(
    two: tuple[Live, Live],
) -> None:
    a, b = two
    with a.user() as user, socket(a, user) as first:
        time.sleep(GAP_S)
        with socket(b, user) as second, socket(b, user) as third:
            assert closed_with(first) == 4504
            assert answers(second)
            assert answers(third)


def test_an_address_with_too_many_sockets_is_refused_by_either_server_until_one_is_closed(
    two: tuple[Live, Live],
) -> None:
    a, b = two
    with a.user() as ann, a.user() as ben, socket(a, ann), socket(b, ann):
        with socket(b, ben):
            assert not any(let_in(server, ben) for server in two)
        wait_until(lambda: let_in(a, ben))
