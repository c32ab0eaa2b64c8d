"""Names for files that people save (RFC 6266)."""

import re
import unicodedata
from urllib.parse import quote

from api.core.text import cut

_NAME_BYTES = 150
_FORBIDDEN = re.compile(r'[<>:"/\\|?*%]')  # by one system or another, or apt to be read as an escape
_DEVICE = re.compile(r"(?i)^(con|prn|aux|nul|com\d|lpt\d)(?=\.|$)")  # to Windows, whatever comes after


def attachment(title: str, extension: str) -> str:
    """A Content-Disposition that saves as the title, as far as it makes a file's name anywhere."""
    name = f"{_safe(title)}.{extension}"
    plain = f"{_safe(_ascii(title))}.{extension}"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _safe(title: str) -> str:
    visible = "".join(" " if unicodedata.category(each)[0] in "CZ" else each for each in title)
    words = " ".join(_FORBIDDEN.sub(" ", visible).split())
    name = next(cut(words, _NAME_BYTES), "").strip(" .")
    return _DEVICE.sub(r"\1_", name) or "chat"


def _ascii(title: str) -> str:
    return unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
