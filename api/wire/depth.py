"""How deeply a JSON text is nested, before anything parses it."""

import re

DEPTH = 16

# A string is skipped whole. Possessive, and its closing quote optional: the scan never goes back, so that it
# stays linear whatever it is given.
_TEXT = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)
_BYTES = re.compile(_TEXT.pattern.encode(), re.DOTALL)


def depth_ok(raw: bytes | str, limit: int = DEPTH) -> bool:
    """Whether `raw` (UTF-8 if bytes) nests at most `limit` arrays and objects. It need not be valid JSON."""
    found = _BYTES.finditer(raw) if isinstance(raw, bytes) else _TEXT.finditer(raw)
    depth = 0
    for match in found:
        mark = match[0][:1]
        if mark in ("[", "{", b"[", b"{"):
            depth += 1
            if depth > limit:
                return False
        elif mark in ("]", "}", b"]", b"}"):
            depth -= 1
    return True
