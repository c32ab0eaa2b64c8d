"""Documents to the index: files, folders and uploads of Markdown, text, HTML and PDF."""

from chains.ingest.documents import add_document, remove_document
from chains.ingest.formats import SUPPORTED
from chains.ingest.parsed import UnreadableDocument
from chains.ingest.run import Progress, Report, ingest

__all__ = [
    "SUPPORTED",
    "Progress",
    "Report",
    "UnreadableDocument",
    "add_document",
    "ingest",
    "remove_document",
]
