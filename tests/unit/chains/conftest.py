"""What the tests of the chains share: the event loop, and an index with a model that costs nothing."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

import numpy as np
import pytest

from chains.retrieval.index import Index

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from chains.retrieval.vectors import Vector


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class WordEmbedder:
    """Texts that share words are near; `embedded` counts the passages."""

    name = "words"

    def __init__(self) -> None:
        self.embedded = 0

    def embed_query(self, text: str) -> Vector:
        vector = np.full(64, 1e-6, dtype=np.float32)
        for word in re.findall(r"\w+", text.lower()):
            vector[hashlib.md5(word.encode(), usedforsecurity=False).digest()[0] % 64] += 1
        return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)

    def embed_passages(self, texts: Sequence[str]) -> Iterator[Vector]:
        for text in texts:
            self.embedded += 1
            yield self.embed_query(text)


@pytest.fixture
def embedder() -> WordEmbedder:
    return WordEmbedder()


@pytest.fixture
def index(tmp_path: Path, embedder: WordEmbedder) -> Index:
    return Index(tmp_path / "index.db", embedder)
