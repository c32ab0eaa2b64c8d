from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from chains.evaluation import evaluate, ndcg
from chains.retrieval.index import Index
from tests.support.smallset import write_small_set

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.chains.conftest import WordEmbedder


def test_the_small_set_is_found_quoted_and_declined(tmp_path: Path) -> None:
    found = evaluate(write_small_set(tmp_path), cache_dir=tmp_path / "cache")
    assert (found.passages, found.questions, found.unanswerable) == (30, 15, 5)
    assert found.ndcg10 >= 0.9
    assert found.hit5 >= 0.95
    assert found.declined == 5
    assert found.wrongly_declined <= 1
    assert found.unfaithful == 0
    assert json.loads(json.dumps(found.as_json()))["query_ms_p50"] > 0


def test_vectors_are_cached_by_content(tmp_path: Path, embedder: WordEmbedder) -> None:
    folder = write_small_set(tmp_path)

    def index(path: Path) -> Index:
        return Index(path, embedder)

    stages: set[str] = set()
    evaluate(folder, cache_dir=tmp_path, index=index, progress=lambda stage, _: stages.add(stage))
    first = embedder.embedded
    again = evaluate(folder, cache_dir=tmp_path, index=index)
    assert embedder.embedded - first == first - again.passages
    assert stages == {"embedding", "asking", "declining"}


@pytest.mark.parametrize(
    ("ranking", "relevant", "expected"),
    [
        (["a", "b"], {"a"}, 1.0),
        (["b", "a"], {"a"}, 0.6309),
        (["b"], {"a"}, 0.0),
        (["a", "x", "b"], {"a", "b"}, 0.9197),
        ([*"0123456789", "a"], {"a"}, 0.0),
    ],
)
def test_ndcg_is_that_of_the_books(ranking: list[str], relevant: set[str], expected: float) -> None:
    assert ndcg(ranking, frozenset(relevant)) == pytest.approx(expected, abs=1e-4)
