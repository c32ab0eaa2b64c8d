from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from chains.retrieval.index import Index
from chains.retrieval.records import Document, Passage
from chains.retrieval.store import IndexUnusable, connected

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.chains.conftest import WordEmbedder

DOCUMENT = Document("d1", "Title", "file.md", "text/markdown", "digest", 10)
ONE, TWO = Passage("Title", "one"), Passage("Title", "two", page=2)


def count(index: Index, table: str) -> int:
    with connected(index.path) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def test_a_document_is_listed_with_its_counts(index: Index) -> None:
    index.put(DOCUMENT, [ONE, TWO])
    (found,) = index.documents()
    assert (found.id, found.title, found.filename, found.passages, found.bytes) == (
        "d1",
        "Title",
        "file.md",
        2,
        10,
    )
    assert found.created_at.endswith("Z")
    assert index.document("d1") == found
    assert index.document("d2") is None


def test_putting_again_replaces(index: Index) -> None:
    index.put(DOCUMENT, [ONE, TWO])
    index.put(DOCUMENT, [TWO])
    assert count(index, "passages") == 1
    assert [each.passages for each in index.documents()] == [1]


def test_a_passage_that_comes_again_is_not_embedded_again(index: Index, embedder: WordEmbedder) -> None:
    index.put(DOCUMENT, [ONE, TWO])
    index.put(DOCUMENT, [TWO, ONE, Passage("Title", "three")])
    assert embedder.embedded == 3


def test_removing_takes_passages_and_vectors_along(index: Index) -> None:
    index.put(DOCUMENT, [ONE, TWO])
    assert index.remove("d1") is True
    assert index.remove("d1") is False
    assert [count(index, each) for each in ("documents", "passages", "vectors")] == [0, 0, 0]
    with connected(index.path) as connection:
        assert connection.execute("SELECT * FROM words WHERE words MATCH 'one'").fetchall() == []


def test_content_is_held_only_with_vectors_of_the_present_model(index: Index) -> None:
    index.put(DOCUMENT, [ONE])
    assert index.holds("d1", "digest")
    assert not index.holds("d1", "other")
    index.embedder.name = "another"  # type: ignore[misc]  # the test's own embedder lets us
    assert not index.holds("d1", "digest")


def test_a_failure_in_the_middle_leaves_the_old_document(
    index: Index, embedder: WordEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.put(DOCUMENT, [ONE])

    def broken(*_: object) -> None:
        raise sqlite3.OperationalError("disk full")

    monkeypatch.setattr(index, "_keep", broken)
    with pytest.raises(sqlite3.OperationalError):
        index.put(DOCUMENT, [TWO])
    with connected(index.path) as connection:
        assert connection.execute("SELECT text FROM passages").fetchall() == [("one",)]


def test_progress_is_told_as_a_share(index: Index) -> None:
    shares: list[float] = []
    index.put(DOCUMENT, [ONE, TWO], shares.append)
    assert shares == [0.5, 1.0]


def test_a_file_that_is_no_index_is_refused_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "index.db").write_text("this is no database at all, whatever its name may say")
    with pytest.raises(IndexUnusable, match=r"index\.db"):
        Index(tmp_path / "index.db")


def test_an_index_of_another_version_is_refused(tmp_path: Path) -> None:
    with connected(tmp_path / "index.db") as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(IndexUnusable, match="another version"):
        Index(tmp_path / "index.db")


def test_an_index_is_opened_again_with_what_it_held(index: Index) -> None:
    index.put(DOCUMENT, [ONE])
    assert [each.id for each in Index(index.path).documents()] == ["d1"]
