from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from langchain_core.embeddings import DeterministicFakeEmbedding

from chains.library import ProviderEmbedder, open_index
from chains.settings import ChainSettings

if TYPE_CHECKING:
    from pathlib import Path


def test_the_index_lies_in_the_data_folder_which_is_made(tmp_path: Path) -> None:
    index = open_index(ChainSettings(data_dir=tmp_path / "new" / "var"))
    assert index.path == tmp_path / "new" / "var" / "index.db"
    assert index.path.exists()


def test_any_langchain_embedding_model_gives_vectors_of_length_1() -> None:
    embedder = ProviderEmbedder("fake:model", DeterministicFakeEmbedding(size=8))
    texts = [f"text {n}" for n in range(100)]
    vectors = list(embedder.embed_passages(texts))
    assert len(vectors) == 100
    assert np.linalg.norm(vectors[0]) == pytest.approx(1)
    assert np.allclose(vectors[70], embedder.embed_query("text 70"))
