from __future__ import annotations

import pytest

from chains.ingest.parsed import UnreadableDocument
from chains.ingest.plain import decoded, read_text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_text_in_the_usual_encodings_is_read(encoding: str) -> None:
    assert decoded("Grüße fine".encode(encoding)) == "Grüße fine"


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(UnreadableDocument, match="not text"):
        decoded(bytes(range(256)))


def test_blank_lines_part_paragraphs_whatever_the_line_ends() -> None:
    (section,) = read_text(b"one\r\nmore\r\n \r\ntwo\r\rthree").sections
    assert [each.text for each in section.blocks] == ["one\nmore", "two", "three"]
