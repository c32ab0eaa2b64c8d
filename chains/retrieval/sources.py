"""A found passage as a source of an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chains.model import JSONValue, Source

if TYPE_CHECKING:
    from chains.retrieval.records import Hit


def source_of(hit: Hit) -> Source:
    """Return the passage as a source; its score is its similarity to the question."""
    location: dict[str, JSONValue] | None = None if hit.page is None else {"page": hit.page}
    return Source(
        id=hit.id,
        title=hit.title,
        uri=hit.uri,
        excerpt=hit.text,
        score=round(hit.similarity, 3),
        location=location,
    )
