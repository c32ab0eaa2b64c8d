"""What the index holds, and what a search finds in it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Document:
    """A document as the index knows it; `digest` is of its bytes, `bytes` and `passages` are counts."""

    id: str
    title: str
    filename: str
    media_type: str
    digest: str
    bytes: int
    passages: int = 0
    created_at: str = ""
    path: str | None = None  # where it was ingested from; None for an upload
    uri: str | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document that can be found and quoted; `title` says where it stands."""

    title: str
    text: str
    page: int | None = None

    @property
    def embedded_text(self) -> str:
        """What the embedding model reads: the title says what the text is about."""
        return f"{self.title}\n{self.text}"


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that was found: its fused score among the others, and its cosine with the question."""

    id: str
    document_id: str
    ordinal: int
    title: str
    text: str
    page: int | None
    uri: str | None
    score: float
    similarity: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """How well a question is met, whatever else is in the index; both from 0 to 1.

    `similarity` is the cosine of the nearest passage; `coverage` the share of the question's content words,
    weighted by their rarity, that the best of the first passages has.
    """

    similarity: float
    coverage: float


@dataclass(frozen=True, slots=True)
class Findings:
    """What a search found: the best passages in order; `indexed` counts those it chose from."""

    question: str
    hits: tuple[Hit, ...]
    evidence: Evidence
    weights: dict[str, float]  # the question's stems with their rarity
    indexed: int
