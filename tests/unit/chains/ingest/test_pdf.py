from __future__ import annotations

import pytest

from chains.ingest.parsed import UnreadableDocument
from chains.ingest.pdf import read_pdf
from tests.unit.chains.ingest.pdfs import pdf


def test_each_page_is_a_section_with_its_number() -> None:
    parsed = read_pdf(pdf("First page.", "Second page.", title="Two pages"))
    assert parsed.title == "Two pages"
    assert [(each.page, each.blocks[0].text) for each in parsed.sections] == [
        (1, "First page."),
        (2, "Second page."),
    ]


def test_an_encrypted_pdf_is_refused_and_says_so() -> None:
    with pytest.raises(UnreadableDocument, match="encrypted"):
        read_pdf(pdf("secret", password="open sesame"))


def test_a_pdf_that_opens_without_a_password_is_read() -> None:
    assert read_pdf(pdf("open", password="")).sections[0].blocks[0].text == "open"


def test_a_pdf_without_text_is_refused() -> None:
    with pytest.raises(UnreadableDocument, match="no text"):
        read_pdf(pdf(""))


@pytest.mark.parametrize("data", [b"%PDF-1.4 broken", b"", pdf("cut off")[:200]])
def test_a_broken_pdf_is_refused(data: bytes) -> None:
    with pytest.raises(UnreadableDocument, match="PDF"):
        read_pdf(data)
