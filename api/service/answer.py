"""What has come of an answer so far, measured against its largest size."""

from collections.abc import Mapping, Sequence

from api.core.records import JSON
from api.core.text import cut
from chains.contract import Piece, SurrogateJoiner


class Answer:
    """What has come of an answer besides its text, and how much text there is."""

    def __init__(self, limit: int) -> None:
        self.sources: Sequence[Mapping[str, JSON]] = ()
        self.confidence: float | None = None
        self.joiner = SurrogateJoiner()
        self.begun = False  # some text has come
        self.full = False
        self._left = limit or None

    def take(self, piece: Piece) -> str:
        """Notes what comes with a piece; returns its text, cut at the limit."""
        if piece.sources is not None:
            self.sources = tuple(source.as_json() for source in piece.sources)
        if piece.confidence is not None:
            self.confidence = piece.confidence
        return piece.text

    def fit(self, text: str) -> str:
        """The part of `text` that may still be said. If that is not all of it, the answer is `full`."""
        if self._left is None:
            return text
        size = len(text.encode())
        if size <= self._left:
            self._left -= size
            return text
        self.full = True
        room, self._left = self._left, 0
        return next(cut(text, room), "") if room >= 4 else ""  # noqa: PLR2004 - a code point

    def rest(self) -> str:
        """What was held back for its other half, once nothing more comes, however the answer ends."""
        return self.fit(self.joiner.flush())
