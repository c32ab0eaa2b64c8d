"""A document read: its title, and its text in sections and blocks."""

from __future__ import annotations

from dataclasses import dataclass, field


class UnreadableDocument(Exception):
    """A document gives no text; `reason` completes the sentence "It was not read: …"."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, a list, a table or a piece of code; code is kept whole where that is reasonable."""

    text: str
    code: bool = False


@dataclass(slots=True)
class Section:
    """What stands under one heading; `headings` leads to it from the top, the document's title left out."""

    headings: tuple[str, ...] = ()
    blocks: list[Block] = field(default_factory=list)
    page: int | None = None


@dataclass(slots=True)
class Parsed:
    """A document as its format gives it; the title is None where it names none."""

    title: str | None
    sections: list[Section]
    uri: str | None = None


class Outline:
    """Collects blocks into sections as headings come by."""

    def __init__(self) -> None:
        self.title: str | None = None
        self.sections = [Section()]
        self._path: dict[int, str] = {}

    def heading(self, level: int, text: str) -> None:
        """Begin a section; the first heading of level 1 is the document's title if none is known."""
        if level == 1 and self.title is None:
            self.title = text
            self._path.clear()
        else:
            self._path = {above: name for above, name in self._path.items() if above < level}
            self._path[level] = text
        headings = tuple(self._path[each] for each in sorted(self._path))
        self.sections.append(Section(headings))

    def block(self, text: str, *, code: bool = False) -> None:
        if text.strip():
            self.sections[-1].blocks.append(Block(text.strip("\n"), code))

    def parsed(self, uri: str | None = None) -> Parsed:
        return Parsed(self.title, [each for each in self.sections if each.blocks], uri)
