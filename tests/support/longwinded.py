"""A chain that has said much before one looks, and goes on word by word: Markdown as models write it."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from langchain_core.runnables import Runnable, RunnableGenerator

from chains.contract import ChatInput

PARAGRAPH = (
    "Every token is **committed before it is shown**, so what you read is what is kept. A cursor says how "
    "far you have read, an [offset](https://example.org) where each piece belongs, and `seq` moves on.\n\n"
)
LIST = "- first the log\n- then the wire\n- and at last the page, which draws *only* what is new\n\n"
CODE = (
    "```python\ndef follow(log: Log, after: int) -> Iterator[Event]:\n    yield from log.read(after)\n```\n\n"
)
TABLE = "| part | what it costs |\n|---|---|\n| accept | 5 ms |\n| stream | 8 ms |\n\n"
CHAPTER = f"## What happens to an answer\n\n{PARAGRAPH * 3}{LIST}{PARAGRAPH}{CODE}{PARAGRAPH}{TABLE}"


def said_before(size: int) -> str:
    """Whole chapters of at least `size` characters."""
    return CHAPTER * (size // len(CHAPTER) + 1) if size else ""


def build() -> Runnable[Any, Any]:
    """The question is JSON: `ahead` characters at once, then `words` words, `rate` a second."""
    return RunnableGenerator(_talk).with_types(input_type=ChatInput)


async def _talk(given: AsyncIterator[Any]) -> AsyncIterator[Any]:
    asked = [each async for each in given][-1]
    plan = {"ahead": 0, "words": 0, "rate": 100} | json.loads(asked["question"])
    yield said_before(plan["ahead"])
    start = asyncio.get_running_loop().time()
    for number in range(plan["words"]):
        await asyncio.sleep(start + number / plan["rate"] - asyncio.get_running_loop().time())
        yield f"w{number} " if number % 40 else f"\n\nw{number} "
