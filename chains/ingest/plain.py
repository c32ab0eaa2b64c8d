"""Plain text: bytes to characters, and paragraphs."""

from __future__ import annotations

import codecs
import re

from chains.ingest.parsed import Block, Parsed, Section, UnreadableDocument

_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_CONTROL = re.compile(r"[\0-\x08\x0e-\x1a\x1c-\x1f\x7f]")
MOST_CONTROL = 0.01  # of all characters; more of them are no text


def decoded(data: bytes) -> str:
    """Return the text: by its mark, else UTF-8, else Windows-1252. Raises `UnreadableDocument`."""
    encoding = next((name for mark, name in _MARKS.items() if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    if len(_CONTROL.findall(text)) > MOST_CONTROL * len(text):
        raise UnreadableDocument("it is not text")
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def paragraphs(text: str) -> list[Block]:
    """Return the paragraphs of a text, which blank lines part."""
    return [Block(each.strip("\n")) for each in re.split(r"\n[^\S\n]*\n", text) if each.strip()]


def read_text(data: bytes) -> Parsed:
    return Parsed(None, [Section(blocks=paragraphs(decoded(data)))])
