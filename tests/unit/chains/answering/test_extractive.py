from __future__ import annotations

import asyncio
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chains.answering import extractive
from chains.answering.extractive import ExtractiveModel, words


@given(st.text(st.sampled_from("ab \n\t"), max_size=40).filter(str.strip))
def test_words_joined_are_the_text(text: str) -> None:
    assert "".join(words(text)) == text


@pytest.mark.anyio
async def test_it_speaks_word_by_word() -> None:
    model = ExtractiveModel(words_per_second=0)
    said = [str(each.text) async for each in model.astream("q", answer="one two\n\nthree")]
    assert [each for each in said if each] == ["one ", "two\n\n", "three"]


@pytest.mark.anyio
async def test_the_pace_follows_the_clock_so_that_delays_do_not_add_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now, naps = 100.0, []

    async def sleep(seconds: float) -> None:
        nonlocal now
        naps.append(seconds)
        now += seconds + 0.05  # every nap is too long

    class Clock:
        monotonic = staticmethod(lambda: now)

    class Loop:
        pass

    Loop.sleep = staticmethod(sleep)  # type: ignore[attr-defined]  # stands for the module
    monkeypatch.setattr(extractive, "time", Clock)
    monkeypatch.setattr(extractive, "asyncio", Loop)
    [_ async for _ in ExtractiveModel(words_per_second=10).astream("q", answer="a b c d e f")]
    assert naps == pytest.approx([0, 0.05, 0.05, 0.05, 0.05, 0.05])
    assert asyncio.sleep is not sleep
    assert time.monotonic() != now


def test_a_whole_answer_does_not_wait() -> None:
    assert str(ExtractiveModel(words_per_second=0.001).invoke("q", answer="one two").text) == "one two"
