"""A link names its user once, for a while, and of its code only a hash is kept."""

import asyncio
from datetime import timedelta

import pytest

from api.core.errors import ChatError, Code
from api.service.links import HOLDS, Links
from api.store.links import OF_A_USER
from tests.contract.test_forgetting import forgotten
from tests.support.backends import Backend

pytestmark = pytest.mark.anyio


@pytest.fixture
def links(backend: Backend) -> Links:
    return Links(backend.links, backend.clock)


async def refused(links: Links, code: str) -> None:
    with pytest.raises(ChatError, match="Make a new one") as error:
        await links.claim(code)
    assert error.value.code is Code.NOT_FOUND


async def test_a_link_names_its_user_once(links: Links) -> None:
    anns, bobs = await links.make("ann"), await links.make("bob")
    assert len(anns.code) >= 22, "at least 128 bits"
    assert anns.code != bobs.code
    assert await links.claim(bobs.code) == "bob"
    await refused(links, bobs.code)
    assert await links.claim(anns.code) == "ann"


async def test_of_many_claims_at_once_one_wins(links: Links) -> None:
    link = await links.make("ann")
    outcomes = await asyncio.gather(*(links.claim(link.code) for _ in range(8)), return_exceptions=True)
    assert [each for each in outcomes if not isinstance(each, ChatError)] == ["ann"]


async def test_a_link_holds_until_it_expires(links: Links, backend: Backend) -> None:
    used, late = await links.make("ann"), await links.make("ann")
    assert late.expires_at - backend.clock() == HOLDS == timedelta(minutes=10)
    backend.clock.forward(HOLDS.total_seconds() - 1)
    assert await links.claim(used.code) == "ann"
    backend.clock.forward(1)
    await refused(links, late.code)


@pytest.mark.parametrize("code", ["", "never made", "\0", "\ud800", "x" * 100_000])
async def test_what_was_never_made_is_refused_like_what_was_used(links: Links, code: str) -> None:
    await links.make("ann")
    await refused(links, code)


async def test_of_many_links_of_a_user_the_newest_hold(links: Links, backend: Backend) -> None:
    bobs = await links.make("bob")
    made = []
    for _ in range(OF_A_USER + 2):
        made.append((await links.make("ann")).code)
        backend.clock.forward(1)
    for code in made[:2]:
        await refused(links, code)
    assert [await links.claim(code) for code in made[2:]] == ["ann"] * OF_A_USER
    assert await links.claim(bobs.code) == "bob"


async def test_links_of_a_forgotten_user_are_gone_and_nobody_elses(links: Links, backend: Backend) -> None:
    anns, bobs = await links.make("ann"), await links.make("bob")
    await forgotten(backend)
    await refused(links, anns.code)
    assert await links.claim(bobs.code) == "bob"


async def test_the_code_itself_is_not_kept(links: Links, backend: Backend) -> None:
    link = await links.make("yakuser")
    assert await backend.kept([link.code, "yakuser"]) == {"yakuser"}
