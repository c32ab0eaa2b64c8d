from collections.abc import Callable

import pytest
from starlette.requests import HTTPConnection

from api.auth.none import NoAuth

pytestmark = pytest.mark.anyio


async def test_everybody_is_the_one_user(connect: Callable[..., HTTPConnection]) -> None:
    auth = NoAuth()
    found = await auth.identify(connect(("Authorization", "Bearer whatever")))
    assert found.user_id == (await auth.check("")).user_id == auth.issue().user_id == "local"
