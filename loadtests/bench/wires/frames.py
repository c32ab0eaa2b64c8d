"""WebSocket frames as far as a client needs them that trusts the server (RFC 6455, section 5.2)."""

import struct
from collections.abc import Iterator

TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA
FINAL, MASKED = 0x80, 0x80
SHORT, LONG = 126, 127
"""Lengths that say: the true one is in the 2, or 8, bytes that follow."""


def frame(payload: bytes, opcode: int = TEXT) -> bytes:
    """A whole frame, under the mask of nothing. Raises struct.error from 64 KiB on."""
    size = len(payload)
    length = bytes([MASKED | size]) if size < SHORT else bytes([MASKED | SHORT]) + struct.pack("!H", size)
    return bytes([FINAL | opcode]) + length + b"\0\0\0\0" + payload


class Frames:
    """Frames out of bytes as they arrive."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Opcode and payload of each frame that is whole now; to be read to its end."""
        data = self._rest + data if self._rest else data
        at, size = 0, len(data)
        while size - at >= 2:  # noqa: PLR2004 - the shortest head
            length, start = data[at + 1], at + 2
            if length >= SHORT:
                start += 2 if length == SHORT else 8
                length = int.from_bytes(data[at + 2 : start], "big")
            if size < start + length:
                break
            yield data[at] & 0x0F, data[start : start + length]
            at = start + length
        self._rest = data[at:]
