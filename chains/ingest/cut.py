"""Sections to passages of a size that can be found and quoted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from chains.answering.sentences import units
from chains.retrieval.records import Passage
from chains.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from chains.ingest.parsed import Block, Parsed, Section

FULL, LARGEST, LARGEST_CODE = 120, 200, 300  # words
WORD = 10  # characters that count as a word where there are fewer spaces
LONGEST_WORD = 200  # characters; a longer run without a space is cut
_SEPARATOR = " \u203a "


def passages(parsed: Parsed, title: str) -> list[Passage]:
    """Return passages of about 120 to 200 words that cross no heading and no page."""
    return [
        Passage(clean(_SEPARATOR.join((title, *section.headings))), clean(text), section.page)
        for section in parsed.sections
        for text in _texts(section)
    ]


def _texts(section: Section) -> Iterator[str]:
    held: list[str] = []
    size = 0
    for block in (part for each in section.blocks for part in _fitting(each)):
        if held and (size >= FULL or size + _size(block) > LARGEST):
            yield "\n\n".join(held)
            held, size = [], 0
        held.append(block)
        size += _size(block)
    if held:
        yield "\n\n".join(held)


def _size(text: str) -> int:
    """Return the length in words; a line without any counts as one."""
    return max(len(text.split()), len(text) // WORD, 1)


def _fitting(block: Block) -> Iterator[str]:
    """Yield the block, in parts if it is too large for one passage."""
    text = _broken(block.text)
    if _size(text) <= (LARGEST_CODE if block.code else LARGEST):
        yield text
    elif block.code:
        yield from _joined(text.splitlines(), "\n")
    else:
        yield from _joined(_sentences(text), " ")


def _sentences(text: str) -> Iterator[str]:
    """Yield the sentences of a text; one that is itself too large in parts."""
    for unit in units(text):
        if _size(unit.text) <= LARGEST:
            yield unit.text
        else:
            yield from _joined(unit.text.split(), " ")


def _joined(parts: Iterable[str], separator: str) -> Iterator[str]:
    held: list[str] = []
    size = 0
    for part in parts:
        if held and size + _size(part) > LARGEST:
            yield separator.join(held)
            held, size = [], 0
        held.append(part)
        size += _size(part)
        if size >= FULL:
            yield separator.join(held)
            held, size = [], 0
    if held:
        yield separator.join(held)


def _broken(text: str) -> str:
    return re.sub(rf"(\S{{{LONGEST_WORD}}})(?=\S)", r"\1 ", text)
