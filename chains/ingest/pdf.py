"""PDF: the text of each page."""

from __future__ import annotations

import re
from io import BytesIO

from pypdf import PdfReader
from pypdf.errors import FileNotDecryptedError, PyPdfError

from chains.ingest.parsed import Parsed, Section, UnreadableDocument
from chains.ingest.plain import paragraphs

_HYPHENATED = re.compile(r"(?<=[a-z])-\n(?=[a-z])")
_CONTROL = re.compile(r"[\0-\x08\x0b-\x1f\x7f]")


def read_pdf(data: bytes) -> Parsed:
    """Return a section for each page, numbered from 1. Raises `UnreadableDocument`."""
    try:
        return _read(data)
    except FileNotDecryptedError as error:
        raise UnreadableDocument("it is encrypted") from error
    except UnreadableDocument:
        raise
    except PyPdfError as error:
        raise UnreadableDocument(f"it is not a readable PDF ({error})") from error
    except Exception as error:  # a damaged PDF makes pypdf raise almost anything
        raise UnreadableDocument(f"it is not a readable PDF ({type(error).__name__})") from error


def _read(data: bytes) -> Parsed:
    reader = PdfReader(BytesIO(data))
    if reader.is_encrypted and not reader.decrypt(""):
        raise UnreadableDocument("it is encrypted")
    sections = [
        Section(blocks=paragraphs(_readable(page.extract_text())), page=number)
        for number, page in enumerate(reader.pages, 1)
    ]
    if not any(each.blocks for each in sections):
        raise UnreadableDocument("it holds no text (perhaps it is a scan)")
    title = str(reader.metadata.title or "").strip() if reader.metadata else ""
    return Parsed(title or None, sections)


def _readable(text: str) -> str:
    return _CONTROL.sub("", _HYPHENATED.sub("", text))
