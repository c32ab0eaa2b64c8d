"""Sections to passages of a size that can be found and quoted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from chains.answering.sentences import units
from chains.retrieval.records import Passage
from chains.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chains.ingest.parsed import Block, Parsed, Section

FULL, LARGEST, LARGEST_CODE = 120, 200, 300  # words
LONGEST_WORD = 2_000  # characters; a longer run without a space is cut
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
        words = len(block.split())
        if held and (size >= FULL or size + words > LARGEST):
            yield "\n\n".join(held)
            held, size = [], 0
        held.append(block)
        size += words
    if held:
        yield "\n\n".join(held)


def _fitting(block: Block) -> Iterator[str]:
    """Yield the block, in parts if it is too large for one passage."""
    largest = LARGEST_CODE if block.code else LARGEST
    text = _broken(block.text)
    if len(text.split()) <= largest and len(text) <= LONGEST_WORD * 2:
        yield text
    elif block.code:
        yield from _joined(text.splitlines(), "\n", FULL)
    else:
        yield from _joined(_sentences(text), " ", FULL)


def _sentences(text: str) -> list[str]:
    """Return the sentences of a text; one that is itself too large in parts."""
    found: list[str] = []
    for unit in units(text):
        words = unit.text.split()
        if len(words) <= LARGEST:
            found.append(unit.text)
        else:
            found += [" ".join(words[at : at + FULL]) for at in range(0, len(words), FULL)]
    return found


def _joined(parts: list[str], separator: str, full: int) -> Iterator[str]:
    held: list[str] = []
    size = 0
    for part in parts:
        held.append(part)
        size += max(len(part.split()), 1)
        if size >= full:
            yield separator.join(held)
            held, size = [], 0
    if held:
        yield separator.join(held)


def _broken(text: str) -> str:
    return re.sub(rf"(\S{{{LONGEST_WORD}}})(?=\S)", r"\1 ", text)
