"""Which formats are read, and by what."""

from __future__ import annotations

from importlib import import_module
from pathlib import PurePath
from typing import TYPE_CHECKING

from chains.ingest.parsed import Parsed, UnreadableDocument

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MARKDOWN, TEXT, HTML, PDF = "text/markdown", "text/plain", "text/html", "application/pdf"

SUPPORTED: Mapping[str, str] = {
    ".md": MARKDOWN,
    ".markdown": MARKDOWN,
    ".txt": TEXT,
    ".text": TEXT,
    ".rst": TEXT,
    ".html": HTML,
    ".htm": HTML,
    ".xhtml": HTML,
    ".pdf": PDF,
}

_READERS: Mapping[str, tuple[str, str]] = {
    MARKDOWN: ("chains.ingest.markdown", "read_markdown"),
    TEXT: ("chains.ingest.plain", "read_text"),
    HTML: ("chains.ingest.html", "read_html"),
    PDF: ("chains.ingest.pdf", "read_pdf"),
}


def media_type_of(filename: str, declared: str | None = None) -> str:
    """Return the media type by the file's extension, else as declared. Raises `UnreadableDocument`."""
    by_name = SUPPORTED.get(PurePath(filename).suffix.lower())
    bare = (declared or "").partition(";")[0].strip().lower()
    found = by_name or (bare if bare in _READERS else None)
    if found is None:
        raise UnreadableDocument(f"its type is not supported; supported are {', '.join(SUPPORTED)}")
    return found


def _reader(media_type: str) -> Callable[[bytes], Parsed]:
    """Return the reader; parsers are imported when they are needed, so that a server starts without them."""
    module, name = _READERS[media_type]
    found: Callable[[bytes], Parsed] = getattr(import_module(module), name)
    return found


def read(data: bytes, media_type: str) -> Parsed:
    """Return the document in its parts. Raises `UnreadableDocument`."""
    if not data.strip():
        raise UnreadableDocument("it is empty")
    try:
        parsed = _reader(media_type)(data)
    except RecursionError as error:
        raise UnreadableDocument("it is nested too deeply") from error
    if not parsed.sections or not any(each.blocks for each in parsed.sections):
        raise UnreadableDocument("it holds no text")
    return parsed
