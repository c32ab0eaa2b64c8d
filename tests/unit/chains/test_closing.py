from __future__ import annotations

import asyncio

import pytest

from chains.contract import prepare
from tests.support.models import Endless, shapes

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("shape", range(4))
async def test_closing_the_pieces_closes_the_models_own_stream(shape: int) -> None:
    model = Endless()
    pieces = prepare("mine", shapes(model)[shape]).pieces("q")
    assert (await anext(pieces)).text == "word "
    await pieces.aclose()
    assert len(model.closed) == 1


@pytest.mark.parametrize("shape", range(3))
async def test_cancelling_a_pull_closes_the_models_own_stream(shape: int) -> None:
    model = Endless()
    pieces = prepare("mine", shapes(model)[shape]).pieces("q")
    first = asyncio.Event()

    async def pull() -> None:
        async for _ in pieces:
            first.set()

    pulling = asyncio.ensure_future(pull())
    await first.wait()
    pulling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await pulling
    await pieces.aclose()
    assert len(model.closed) == 1
