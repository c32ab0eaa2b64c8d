"""The citations of a chat model, renumbered while they stream: `[n]` names the n-th cited passage."""

from __future__ import annotations

import re

_CITATION = re.compile(r"\[(\d{1,3})\]")
_BEGUN = re.compile(r"\[\d{0,3}$")


class Citations:
    """Numbers passages in the order of their first citation; one that names no passage is left out."""

    def __init__(self, passages: int) -> None:
        self._passages = passages
        self._held = ""
        self.cited: list[int] = []  # places of the cited passages, counted from 0, in the order of [n]

    def feed(self, text: str) -> str:
        """Return the text that is certain, holding back a citation that may go on in the next piece."""
        text = self._held + text
        begun = _BEGUN.search(text)
        self._held = begun.group() if begun else ""
        return _CITATION.sub(self._renumbered, text[: len(text) - len(self._held)])

    def flush(self) -> str:
        held, self._held = self._held, ""
        return held

    def _renumbered(self, citation: re.Match[str]) -> str:
        place = int(citation.group(1)) - 1
        if not 0 <= place < self._passages:
            return ""
        if place not in self.cited:
            self.cited.append(place)
        return f"[{self.cited.index(place) + 1}]"
