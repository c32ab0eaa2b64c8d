"""A text that grows by pieces, however many, with its length and checksum at hand."""

from loadtests.protocol.frames import checksum


class Text:
    """Counts in code points. Growing costs what is added; reading joins once."""

    __slots__ = ("_crc", "_length", "_parts")

    def __init__(self, start: str = "") -> None:
        self._parts: list[str] = []
        self._length = 0
        self._crc = 0
        self.append(start)

    def append(self, piece: str) -> None:
        if piece:
            self._parts.append(piece)
            self._length += len(piece)
            self._crc = checksum(piece, self._crc)

    def __len__(self) -> int:
        return self._length

    def __str__(self) -> str:
        if len(self._parts) > 1:
            self._parts = ["".join(self._parts)]
        return self._parts[0] if self._parts else ""

    @property
    def crc32(self) -> str:
        return f"{self._crc:08x}"
