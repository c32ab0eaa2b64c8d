"""Text that every database, socket and browser can hold: no NUL, no lone surrogate."""

from __future__ import annotations

import re

REPLACEMENT = "\ufffd"
_SUSPECT = re.compile("[\0\ud800-\udfff]")
_HIGH = re.compile("[\ud800-\udbff]$")


def clean(text: str) -> str:
    """Return the text with NUL and lone surrogates replaced by U+FFFD and split pairs joined."""
    if not _SUSPECT.search(text):
        return text
    joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return joined.replace("\0", REPLACEMENT)


class SurrogateJoiner:
    """Cleans a text that comes in pieces, holding back a high surrogate whose other half may follow."""

    def __init__(self) -> None:
        self._held = ""

    def feed(self, text: str) -> str:
        if text.isascii() and "\0" not in text and not self._held:
            return text  # nearly all there is, and known without a search for anything else
        text, self._held = self._held + text, ""
        if _HIGH.search(text):
            text, self._held = text[:-1], text[-1]
        return clean(text)

    def flush(self) -> str:
        held, self._held = self._held, ""
        return clean(held)
