"""A session as a file, written page by page."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import orjson

from api.core.records import Kept, Session
from api.wire.markdown import head, passage
from api.wire.objects import kept_json, session_json

Pages: TypeAlias = AsyncIterator[Sequence[Kept]]


@dataclass(frozen=True, slots=True)
class Format:
    media_type: str
    write: Callable[[Session, Pages], AsyncIterator[str]]


async def markdown(session: Session, pages: Pages) -> AsyncIterator[str]:
    """What is shown, to be read."""
    yield head(session)
    async for page in pages:
        yield "".join(map(passage, page))


async def json(session: Session, pages: Pages) -> AsyncIterator[str]:
    """All that is kept: one object, each message on a line of its own."""
    yield f'{{"session": {orjson.dumps(session_json(session)).decode()}, "messages": [\n'
    separator = ""
    async for page in pages:
        yield separator + ",\n".join(orjson.dumps(kept_json(each)).decode() for each in page)
        separator = ",\n"
    yield "\n]}\n"


FORMATS: Mapping[str, Format] = {
    "md": Format("text/markdown; charset=utf-8", markdown),
    "json": Format("application/json", json),
}
