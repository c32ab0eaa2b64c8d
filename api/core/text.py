"""Measuring and cutting the text of an answer."""

import zlib
from collections.abc import Iterator

_CONTINUED = 0x80
"""The top two bits of a UTF-8 byte inside a code point."""


def checksum(text: str) -> str:
    """Eight lower-case hex digits: the CRC-32 of the UTF-8 bytes of `text`."""
    return f"{zlib.crc32(text.encode()):08x}"


def cut(text: str, limit: int) -> Iterator[str]:
    """`text` in pieces of at most `limit` UTF-8 bytes (at least 4), cut between code points."""
    if len(text) * 4 <= limit:
        if text:
            yield text
        return
    data = text.encode()
    start = 0
    while start < len(data):
        end = min(start + limit, len(data))
        while end < len(data) and data[end] & 0xC0 == _CONTINUED:
            end -= 1
        yield data[start:end].decode()
        start = end
