from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from chains.ingest import Progress, ingest

if TYPE_CHECKING:
    from pathlib import Path

    from chains.retrieval.index import Index
    from tests.unit.chains.conftest import WordEmbedder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    docs = tmp_path / "docs"
    (docs / "deep").mkdir(parents=True)
    (docs / ".hidden").mkdir()
    (docs / "a.md").write_text("# A\n\nFirst text.\n")
    (docs / "deep" / "b.txt").write_text("Second text.")
    (docs / "image.png").write_bytes(b"png")
    (docs / ".hidden" / "c.md").write_text("hidden")
    return docs


def test_a_folder_is_read_with_what_lies_deeper_but_not_what_is_hidden(index: Index, folder: Path) -> None:
    report = ingest(index, [folder])
    assert report.added == ["a.md", "deep/b.txt"]
    assert (report.failed, report.passages) == ([], 2)
    assert {each.path for each in index.documents()} == {str(folder / "a.md"), str(folder / "deep/b.txt")}


def test_unchanged_files_are_skipped_and_changed_ones_replaced(
    index: Index, folder: Path, embedder: WordEmbedder
) -> None:
    ingest(index, [folder])
    (folder / "a.md").write_text("# A\n\nOther text.\n")
    report = ingest(index, [folder])
    assert (report.added, report.changed, report.unchanged) == ([], ["a.md"], ["deep/b.txt"])
    assert embedder.embedded == 3
    assert len(index.documents()) == 2


def test_vanished_files_are_removed_only_on_request_and_only_under_the_paths_given(
    index: Index, folder: Path
) -> None:
    ingest(index, [folder])
    (folder / "a.md").unlink()
    assert ingest(index, [folder]).removed == []
    assert ingest(index, [folder / "deep"], prune=True).removed == []
    assert ingest(index, [folder], prune=True).removed == ["a.md"]
    assert [each.filename for each in index.documents()] == ["deep/b.txt"]


def test_a_broken_document_is_named_with_its_reason_and_fails_alone(index: Index, folder: Path) -> None:
    (folder / "empty.md").write_bytes(b"")
    (folder / "broken.pdf").write_bytes(b"%PDF-1.4 broken")
    (folder / "binary.txt").write_bytes(bytes(range(256)))
    report = ingest(index, [folder, folder / "absent.md", folder / "image.png"])
    assert report.added == ["a.md", "deep/b.txt"]
    reasons = dict(report.failed)
    assert reasons["empty.md"] == "it is empty"
    assert "PDF" in reasons["broken.pdf"]
    assert reasons["binary.txt"] == "it is not text"
    assert "no such file" in reasons[str(folder / "absent.md")]
    assert "not supported" in reasons["image.png"]


def test_a_document_that_became_unreadable_stays_as_it_was(index: Index, folder: Path) -> None:
    ingest(index, [folder])
    (folder / "a.md").write_bytes(b"")
    report = ingest(index, [folder], prune=True)
    assert [name for name, _ in report.failed] == ["a.md"]
    assert len(index.documents()) == 2


def test_hostile_file_names_are_harmless(index: Index, folder: Path) -> None:
    for name in (b"new\nline.md", b"\xff\xfe.md", b"'; DROP TABLE documents;--.md", b"\x1b[31m.md"):
        with open(os.fsencode(folder) + b"/" + name, "wb") as file:  # noqa: PTH123  (no str can name it)
            file.write(b"text")
    report = ingest(index, [folder])
    assert len(report.added) == 6
    assert all(each.isprintable() for each in report.added)
    assert ingest(index, [folder]).unchanged == report.added


def test_a_folder_named_twice_is_read_once(index: Index, folder: Path) -> None:
    assert len(ingest(index, [folder, folder / "deep", folder]).added) == 3 - 1


def test_progress_goes_through_all_files(index: Index, folder: Path) -> None:
    seen: list[Progress] = []
    ingest(index, [folder], progress=seen.append)
    assert {(each.number, each.files, each.name) for each in seen} == {(1, 2, "a.md"), (2, 2, "deep/b.txt")}
    assert seen[-1].share == 1.0
