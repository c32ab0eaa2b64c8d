from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest

from chains.contract import Exchange, UnsupportedPiece, prepare
from chains.registry import load
from chains.script import Script, ScriptedFailure
from chains.scripted import RECORD, Scripted

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio


async def say(scripted: Scripted, question: str, *, synchronous: bool = False) -> str:
    runnable = scripted.synchronous() if synchronous else scripted.runnable()
    chain = prepare("scripted", runnable)
    return "".join([each.text async for each in chain.pieces(question, [Exchange("a", "b")])])


@pytest.mark.parametrize("synchronous", [False, True])
@pytest.mark.parametrize("form", ["dict", "text", "chunk"])
async def test_it_says_numbered_tokens(form: str, synchronous: bool) -> None:
    said = await say(Scripted(), f"tokens=5 form={form}", synchronous=synchronous)
    assert said == Script(tokens=5).text()


@pytest.mark.parametrize("synchronous", [False, True])
async def test_a_failure_comes_at_its_token(synchronous: bool) -> None:
    scripted = Scripted()
    with pytest.raises(ScriptedFailure, match="token 2"):
        await say(scripted, "tokens=5 fail_at=2", synchronous=synchronous)
    assert (scripted.calls[0].said, scripted.calls[0].outcome) == (2, "failed")


async def test_a_wrong_type_is_no_piece() -> None:
    with pytest.raises(UnsupportedPiece, match="int"):
        await say(Scripted(), "tokens=5 wrong_at=2")


async def test_nul_and_surrogates_reach_the_adapter() -> None:
    assert await say(Scripted(), "tokens=1 nul_at=0 pair_at=0") == "\ufffd\U0001f600t0 "


async def test_sources_and_confidence_come_at_the_end() -> None:
    chain = prepare("scripted", Scripted().runnable())
    pieces = [each async for each in chain.pieces("tokens=1 sources=2 confidence=.5 status=busy")]
    assert pieces[0].status == "busy"
    assert [len(each.sources) for each in pieces if each.sources] == [2]
    assert pieces[-1].confidence == 0.5


async def test_a_hang_ends_when_it_is_stopped_and_the_record_says_so() -> None:
    scripted = Scripted()
    pieces = prepare("scripted", scripted.runnable()).pieces("tokens=5 hang_at=1")
    assert (await anext(pieces)).text == "t0 "
    hanging = asyncio.ensure_future(anext(pieces))
    await asyncio.sleep(0)
    hanging.cancel()
    with pytest.raises(asyncio.CancelledError):
        await hanging
    await pieces.aclose()
    assert scripted.calls[0].closed_early


async def test_every_run_is_recorded_in_the_file_that_the_environment_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(RECORD, str(tmp_path / "record"))
    chains = load("a=chains.scripted:build,b=chains.scripted:build_synchronous")
    for chain in chains.values():
        [_ async for _ in chain.pieces("tokens=2", [Exchange("a", "b")])]
    lines = [json.loads(each) for each in (tmp_path / "record").read_text().splitlines()]
    assert [each["event"] for each in lines] == ["begin", "end", "begin", "end"]
    assert [each["at"] for each in lines] == sorted(each["at"] for each in lines)
    assert [(each["said"], each["outcome"], each["history"]) for each in lines[1::2]] == [
        (2, "finished", 2)
    ] * 2


async def test_a_whole_answer_can_be_had_at_once() -> None:
    runnable = Scripted().runnable()
    assert await runnable.ainvoke({"question": "tokens=2 sources=1"}) == {
        "answer": "t0 t1 ",
        "sources": [
            {
                "id": "s1",
                "title": "Source 1",
                "uri": "https://example.org/1",
                "excerpt": "Excerpt 1",
                "score": 1.0,
                "location": {"page": 1},
            }
        ],
    }
