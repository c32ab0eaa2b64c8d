import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from api.documents.corpus import IndexCorpus
from api.documents.model import Document
from api.documents.ports import CorpusAwayError, UnreadableError
from chains.ingest import Source, add_document
from chains.retrieval.index import Index
from chains.retrieval.vectors import Vector

TEXT = b"# Clouds\n\nClouds are made of water.\n"


class FakeEmbedder:
    name = "fake"

    def embed_query(self, text: str) -> Vector:
        return np.full(4, 0.5, dtype=np.float32)

    def embed_passages(self, texts: Sequence[str]) -> Iterator[Vector]:
        return (self.embed_query(each) for each in texts)


@pytest.fixture
def index(tmp_path: Path) -> Index:
    return Index(tmp_path / "index.db", FakeEmbedder())


def queued(filename: str = "clouds.md") -> Document:
    return Document("d1", "clouds", filename, "text/markdown", len(TEXT), datetime.now(UTC))


def test_an_upload_is_indexed_under_its_own_id(index: Index) -> None:
    told: list[float] = []
    corpus = IndexCorpus(index)
    found = corpus.add(queued(), TEXT, told.append)
    assert (found.id, found.title, found.status, found.progress) == ("d1", "Clouds", "indexed", 1.0)
    assert (found.passages, found.bytes, told[-1]) == (1, len(TEXT), 1.0)
    assert corpus.documents() == [found]
    assert corpus.document("d1") == found


def test_an_upload_keeps_its_place_in_the_list_when_it_has_been_read(index: Index) -> None:
    moment = datetime(2026, 11, 28, 10, tzinfo=UTC)
    upload = replace(queued(), created_at=moment)
    assert IndexCorpus(index).add(upload, TEXT, lambda _share: None).created_at == moment


def test_an_index_that_cannot_be_written_just_now_is_away_and_unchanged(index: Index) -> None:
    corpus = IndexCorpus(index)
    kept = corpus.add(queued(), TEXT, lambda share: None)
    with closing(sqlite3.connect(index.path, isolation_level=None)) as rival:
        rival.execute("BEGIN IMMEDIATE")
        with pytest.MonkeyPatch.context() as impatient:
            impatient.setattr("chains.retrieval.store.BUSY_SECONDS", 0)
            with pytest.raises(CorpusAwayError):
                corpus.add(queued(), TEXT, lambda share: None)
            with pytest.raises(CorpusAwayError):
                corpus.remove("d1")
        rival.execute("ROLLBACK")
    assert corpus.documents() == [kept]


def test_what_was_ingested_otherwise_is_there_too(index: Index) -> None:
    add_document(index, Source("cli", "a.md", None, TEXT, path="/docs/a.md"))
    (found,) = IndexCorpus(index).documents()
    assert (found.id, found.filename, found.error) == ("cli", "a.md", None)
    assert found.created_at.tzinfo is not None


def test_the_reason_of_an_unreadable_one_is_a_sentence(index: Index) -> None:
    with pytest.raises(UnreadableError) as refused:
        IndexCorpus(index).add(queued(), b"  ", lambda _share: None)
    assert refused.value.reason == "It was not read: it is empty."
    assert IndexCorpus(index).documents() == []


def test_what_is_left_off_in_the_middle_leaves_nothing(index: Index) -> None:
    def leave(_share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        IndexCorpus(index).add(queued(), TEXT, leave)
    assert IndexCorpus(index).documents() == []


def test_a_document_is_taken_out(index: Index) -> None:
    corpus = IndexCorpus(index)
    corpus.add(queued(), TEXT, lambda _share: None)
    assert corpus.remove("d1")
    assert not corpus.remove("d1")
    assert corpus.document("d1") is None


def test_adding_again_replaces(index: Index) -> None:
    corpus = IndexCorpus(index)
    corpus.add(queued(), TEXT, lambda _share: None)
    corpus.add(replace(queued(), filename="other.md"), TEXT, lambda _share: None)
    assert [each.filename for each in corpus.documents()] == ["other.md"]
