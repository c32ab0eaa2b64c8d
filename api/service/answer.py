"""What has come of an answer so far, measured against its largest size."""

from collections.abc import Mapping, Sequence

from api.core.records import JSON
from api.core.text import cut
from chains.contract import Piece


class OutputLimitError(Exception):
    """The answer has reached its largest size."""


class Answer:
    """What has come of an answer besides its text, and how much text there is."""

    def __init__(self, limit: int) -> None:
        self.sources: Sequence[Mapping[str, JSON]] = ()
        self.confidence: float | None = None
        self._left = limit or None

    def take(self, piece: Piece) -> str:
        """Notes what comes with a piece; returns its text, cut at the limit."""
        if piece.sources is not None:
            self.sources = tuple(source.as_json() for source in piece.sources)
        if piece.confidence is not None:
            self.confidence = piece.confidence
        return piece.text

    def fit(self, text: str) -> tuple[str, bool]:
        """The part of `text` that may still be said, and whether that is all of it."""
        if self._left is None:
            return text, True
        size = len(text.encode())
        if size <= self._left:
            self._left -= size
            return text, True
        return next(cut(text, self._left), "") if self._left >= 4 else "", False  # noqa: PLR2004 - a code point
