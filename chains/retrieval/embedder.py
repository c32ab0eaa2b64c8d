"""Text to vectors: the interface, and the provider named by the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chains.retrieval.vectors import Vector


class Embedder(Protocol):
    """Turns texts into unit vectors; vectors of different `name`s are never compared."""

    @property
    def name(self) -> str: ...

    def embed_query(self, text: str) -> Vector:
        """One unit vector for a question."""

    def embed_passages(self, texts: Sequence[str]) -> Iterator[Vector]:
        """One unit vector per text, in order, yielded as soon as it is known."""
