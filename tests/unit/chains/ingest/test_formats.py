from __future__ import annotations

from contextlib import suppress

import pytest

from chains.ingest import SUPPORTED, UnreadableDocument
from chains.ingest.formats import media_type_of, read


@pytest.mark.parametrize(
    ("filename", "declared", "expected"),
    [
        ("a.MD", None, "text/markdown"),
        ("a.md", "application/pdf", "text/markdown"),
        ("upload", "text/html; charset=utf-8", "text/html"),
        ("a.bin", "application/pdf", "application/pdf"),
    ],
)
def test_the_extension_decides_and_then_what_was_declared(
    filename: str, declared: str | None, expected: str
) -> None:
    assert media_type_of(filename, declared) == expected


@pytest.mark.parametrize(("filename", "declared"), [("a.exe", None), ("a", "image/png"), ("", None)])
def test_another_type_is_refused_with_those_that_are_read(filename: str, declared: str | None) -> None:
    with pytest.raises(UnreadableDocument, match=r"\.pdf"):
        media_type_of(filename, declared)


@pytest.mark.parametrize("media_type", sorted(set(SUPPORTED.values())))
@pytest.mark.parametrize("data", [b"", b" \n\t"])
def test_an_empty_document_is_refused(media_type: str, data: bytes) -> None:
    with pytest.raises(UnreadableDocument, match="empty"):
        read(data, media_type)


@pytest.mark.parametrize("media_type", sorted(set(SUPPORTED.values())))
def test_garbage_is_refused_or_read_but_never_breaks(media_type: str) -> None:
    for data in (bytes(range(256)) * 20, b"%PDF-1.7\n\xff\xfe", b"<" * 1000):
        with suppress(UnreadableDocument):
            read(data, media_type)


def test_markup_nested_without_end_is_refused_or_read() -> None:
    with suppress(UnreadableDocument):
        read(b"<div>" * 5000 + b"deep", "text/html")
