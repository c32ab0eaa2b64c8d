"""The document index that the settings name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from chains.answering.providers import embedding_model
from chains.retrieval.index import Index

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from langchain_core.embeddings import Embeddings

    from chains.retrieval.vectors import Vector
    from chains.settings import ChainSettings

FILE_NAME = "index.db"
BATCH = 64  # passages in one request to a provider


def open_index(settings: ChainSettings) -> Index:
    """Open the index in the data folder, making it if need be, with the embedding model of the settings."""
    embedder = ProviderEmbedder(settings.embeddings) if settings.embeddings else None
    return Index(settings.data_dir / FILE_NAME, embedder)


class ProviderEmbedder:
    """Vectors from any LangChain embedding model, scaled to length 1."""

    def __init__(self, name: str, model: Embeddings | None = None) -> None:
        self.name = name
        self._model = model or embedding_model(name)

    def embed_query(self, text: str) -> Vector:
        return scaled(self._model.embed_query(text))

    def embed_passages(self, texts: Sequence[str]) -> Iterator[Vector]:
        for start in range(0, len(texts), BATCH):
            yield from map(scaled, self._model.embed_documents(list(texts[start : start + BATCH])))


def scaled(numbers: Sequence[float]) -> Vector:
    vector = np.asarray(numbers, dtype=np.float32)
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-12), dtype=np.float32)
