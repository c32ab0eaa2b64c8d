"""What a connection has asked for ends with it."""

import asyncio

import pytest

from api.doors.requests import Requests
from api.wire.frames import Ping
from api.wire.incoming import AnyClientFrame

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_what_was_asked_in_the_same_moment_is_abandoned_before_it_begins() -> None:
    answered: list[AnyClientFrame] = []

    async def answer(frame: AnyClientFrame) -> None:
        answered.append(frame)

    requests = Requests(answer)
    requests.put(Ping(type="ping"))
    async with asyncio.timeout(1):
        await requests.abandon()
    assert answered == []
