"""What a user asks of the library is checked before the archive is asked."""

import pytest

from api.core.errors import ChatError, Code
from api.service.library import Library
from tests.support.backends import Backend

pytestmark = pytest.mark.anyio


async def test_a_search_finds_ones_own(backend: Backend) -> None:
    sent = await backend.exchange("A heron.")
    await backend.exchange("A heron.", user="bob")
    hits = await Library(backend.archive).search("ann", "HER", 10)
    assert [hit.message_id for hit in hits] == [sent.answer_id]


async def test_a_search_for_nothing_is_refused(backend: Backend) -> None:
    with pytest.raises(ChatError) as refused:
        await Library(backend.archive).search("ann", "?", 10)
    assert refused.value.code is Code.INVALID
