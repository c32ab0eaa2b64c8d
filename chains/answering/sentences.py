"""A passage as the units that can be quoted: sentences of prose, and what is better left whole."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_FENCE = re.compile(r"^(```|~~~)[^\n]*\n.*?^\1[^\n]*$", re.MULTILINE | re.DOTALL)
_BREAK = re.compile(r"\n\s*\n|\n(?=\s*(?:[-*+•]|\d+[.)]|#+|\|)\s)")
_END = re.compile(r"[.!?][\"'\u201d\u2019)\]]*\s+(?=[\"'\u201c\u2018(\[`*]*[A-Z0-9])")
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|cf|vs|Mr|Mrs|Dr|St|No|Fig|Sec|resp|approx|al)|\b[A-Za-z])\.$"
)
_ITEM = re.compile(r"(?:[-*+•]|\d+[.)])\s")
_CITATION = re.compile(r"\[\d+\]")
_SYMBOLS = re.compile(r"[{}<>=;$%@\\|^~#]|->|\(\)|::|__")

MIN_WORDS, MAX_WORDS = 4, 70
MIN_LETTERS = 0.72
MAX_SYMBOLS = 0.25  # symbols per word


@dataclass(frozen=True, slots=True)
class Unit:
    """A stretch of a passage's text; `code` is a block that is quoted whole or not at all."""

    start: int
    end: int
    text: str
    code: bool = False

    @property
    def item(self) -> bool:
        return _ITEM.match(self.text) is not None


def units(text: str) -> list[Unit]:
    """Cut a passage into sentences and code blocks, in order; each is an exact stretch of it."""
    found: list[Unit] = []
    at = 0
    for fence in _FENCE.finditer(text):
        found += _prose(text, at, fence.start())
        found.append(Unit(fence.start(), fence.end(), fence.group(), code=True))
        at = fence.end()
    return found + list(_prose(text, at, len(text)))


def _prose(text: str, start: int, end: int) -> Iterator[Unit]:
    for block_start, block_end in _cuts(text, start, end):
        at = block_start
        if text[block_start:block_end].lstrip().startswith("|"):  # a row of a table is no prose
            yield from _unit(text, block_start, block_end)
            continue
        for mark in _END.finditer(text, block_start, block_end):
            if not _ABBREVIATION.search(text[max(at, mark.start() - 8) : mark.start() + 1]):
                yield from _unit(text, at, mark.end())
                at = mark.end()
        yield from _unit(text, at, block_end)


def _cuts(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    at = start
    for mark in _BREAK.finditer(text, start, end):
        yield at, mark.start()
        at = mark.start()
    yield at, end


def _unit(text: str, start: int, end: int) -> Iterator[Unit]:
    stretch = text[start:end]
    start += len(stretch) - len(stretch.lstrip())
    stripped = stretch.strip()
    if stripped:
        yield Unit(start, start + len(stripped), stripped)


def quotable(text: str) -> bool:
    """Tell whether a sentence reads well on its own and cannot be taken for our own citations."""
    count = len(text.split())
    if not MIN_WORDS <= count <= MAX_WORDS or looks_like_citation(text) or text.startswith(("#", "|", ">>>")):
        return False
    letters = sum(each.isalpha() or each.isspace() for each in text) / len(text)
    return letters >= MIN_LETTERS and len(_SYMBOLS.findall(text)) <= MAX_SYMBOLS * count


def looks_like_citation(text: str) -> bool:
    """Tell whether a text holds something like `[1]`, which a reader would take for one of ours."""
    return _CITATION.search(text) is not None
