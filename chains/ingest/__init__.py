"""Documents to the index: files, folders and uploads of Markdown, text, HTML and PDF."""

from chains.ingest.documents import Source, add_document, content_digest, read_document, remove_document
from chains.ingest.formats import SUPPORTED
from chains.ingest.parsed import UnreadableDocument
from chains.ingest.run import Progress, Report, Shelf, ingest

__all__ = [
    "SUPPORTED",
    "Progress",
    "Report",
    "Shelf",
    "Source",
    "UnreadableDocument",
    "add_document",
    "content_digest",
    "ingest",
    "read_document",
    "remove_document",
]
