"""A session is written as one file, a page at a time."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from api.core.errors import Code, Problem
from api.core.lifecycle import Role, Status
from api.core.records import Feedback, Kept, Message, Session, Verdict
from api.wire.export import FORMATS
from api.wire.objects import message_json, session_json

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
TIME = "2026-01-01T12:00:00.000000Z"
SESSION = Session("s", "Birds", "rag", 1, NOW, NOW)


def kept(number: int, content: str = "Herons.", *, superseded: bool = False, **fields: Any) -> Kept:
    feedback = fields.pop("feedback", None)
    message = Message(
        f"m{number}",
        "s",
        number,
        Role.ASSISTANT,
        content,
        fields.pop("status", Status.COMPLETE),
        NOW,
        **fields,
    )
    return Kept(message, superseded, feedback)


async def each(pages: Sequence[Sequence[Kept]]) -> AsyncIterator[Sequence[Kept]]:
    for page in pages:
        yield page


async def written(format_: str, *pages: Sequence[Kept]) -> str:
    return "".join([part async for part in FORMATS[format_].write(SESSION, each(pages))])


async def test_json_has_all_that_is_kept() -> None:
    everything = kept(
        2,
        sources=({"title": "Birds"},),
        error=Problem(Code.CHAIN_FAILED, "It broke.", retryable=True),
        status=Status.FAILED,
        retry_of="m1",
        feedback=Feedback(Verdict.DOWN, "wrong", NOW),
    )
    replaced = kept(1, 'a "quoted"\nline \u2028', superseded=True)
    found = orjson.loads(await written("json", [replaced], [everything]))
    assert found["session"] == session_json(SESSION)
    assert found["messages"] == [
        {**message_json(replaced.message), "superseded": True, "feedback": None},
        {
            **message_json(everything.message),
            "superseded": False,
            "feedback": {"value": "down", "comment": "wrong", "updated_at": TIME},
        },
    ]


@pytest.mark.parametrize("sizes", [[], [1], [3], [1, 1, 1], [2, 1], [1, 2]])
async def test_json_is_whole_however_it_is_cut_into_pages(sizes: list[int]) -> None:
    numbers = iter(range(1, 10))
    pages = [[kept(next(numbers)) for _ in range(size)] for size in sizes]
    found = orjson.loads(await written("json", *pages))
    assert [message["index"] for message in found["messages"]] == list(range(1, sum(sizes) + 1))


async def test_markdown_has_what_is_shown() -> None:
    text = await written("md", [kept(1, "Storks.", superseded=True), kept(2)], [kept(3, "Cranes.")])
    assert [line for line in text.splitlines() if line.startswith(("#", ">"))] == [
        "# Birds",
        f"## Assistant, {TIME}",
        "> Herons.",
        f"## Assistant, {TIME}",
        "> Cranes.",
    ]


@pytest.mark.parametrize("format_", FORMATS)
async def test_no_page_is_asked_for_before_the_one_before_it_was_taken(format_: str) -> None:
    asked = 0

    async def counted() -> AsyncIterator[Sequence[Kept]]:
        nonlocal asked
        for number in range(1, 4):
            asked += 1
            yield [kept(number)]

    parts = FORMATS[format_].write(SESSION, counted())
    for number in range(4):
        assert await anext(parts)
        assert asked == number
