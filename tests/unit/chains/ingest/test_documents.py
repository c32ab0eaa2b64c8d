from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chains.ingest import Source, UnreadableDocument, add_document, remove_document
from chains.ingest.documents import printable

if TYPE_CHECKING:
    from chains.retrieval.index import Index


def add(index: Index, data: bytes, filename: str = "notes.md", title: str | None = None) -> int:
    return add_document(index, Source("d1", filename, None, data, title))


def test_an_upload_is_listed_with_what_is_known_of_it(index: Index) -> None:
    assert add(index, b"# Notes\n\nFirst.\n\n## More\n\nSecond.\n") == 2
    (found,) = index.documents()
    assert (found.title, found.filename, found.media_type, found.bytes, found.path) == (
        "Notes",
        "notes.md",
        "text/markdown",
        34,
        None,
    )


def test_the_title_given_counts_then_the_documents_then_the_file_name(index: Index) -> None:
    add(index, b"# Inside\n\nx", title="Given")
    assert index.documents()[0].title == "Given"
    add(index, b"only text", filename="folder/notes.txt")
    assert index.documents()[0].title == "notes"


def test_an_unreadable_document_changes_nothing(index: Index) -> None:
    add(index, b"# Kept\n\ntext")
    with pytest.raises(UnreadableDocument, match="empty"):
        add(index, b"")
    assert index.documents()[0].title == "Kept"


def test_removing_says_whether_it_was_there(index: Index) -> None:
    add(index, b"text")
    assert remove_document(index, "d1") is True
    assert remove_document(index, "d1") is False


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "../../etc/passwd"),
        ("a\nb\x1b[31m\0", "a\ufffdb\ufffd[31m\ufffd"),
        ("\udcff.md", "\ufffd.md"),
        ("", "untitled"),
        ("x" * 1000, "x" * 300),
    ],
)
def test_a_hostile_name_is_harmless(name: str, shown: str) -> None:
    assert printable(name) == shown
