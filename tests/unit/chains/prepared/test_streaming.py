from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from chains.prepared.known import digest, is_as_read
from chains.prepared.streaming import streaming
from tests.unit.chains.prepared.worlds import AT_ONCE, FORMS, GIVEN, SAID, STREAMS, Spoken, outcome, saying

pytestmark = pytest.mark.anyio


def test_the_installed_langchain_is_the_one_that_was_read() -> None:
    assert is_as_read(), f"read again what chains.prepared does as LangChain does, then add {digest()!r}"


@pytest.mark.parametrize("said", STREAMS)
@pytest.mark.parametrize("form", FORMS)
async def test_a_prepared_chain_says_what_the_chain_says(form: str, said: str) -> None:
    models = [Spoken(chunks=list(STREAMS[said])) for _ in range(2)]
    expected = await outcome(FORMS[form](models[0]).astream(GIVEN))
    assert await outcome(streaming(FORMS[form](models[1]))(GIVEN)) == expected
    assert models[1].closed == models[0].closed


@pytest.mark.parametrize("said", ["words", "blocks", "tool calls", "a provider"])
@pytest.mark.parametrize("form", AT_ONCE)
async def test_what_two_say_at_once_is_said(form: str, said: str) -> None:
    model = Spoken(chunks=list(STREAMS[said]))
    expected = await outcome(AT_ONCE[form](model).astream(GIVEN))
    found = await outcome(streaming(AT_ONCE[form](model))(GIVEN))
    assert sorted(map(str, found.said)) == sorted(map(str, expected.said))


@pytest.mark.parametrize("said", SAID)
async def test_whatever_a_generator_says_is_said(said: str) -> None:
    pieces: Sequence[Any] = SAID[said]
    assert await outcome(streaming(saying(*pieces))(GIVEN)) == await outcome(saying(*pieces).astream(GIVEN))
