"""Files are saved under a name that every system can keep and that says what it is."""

import re
from urllib.parse import unquote

import hypothesis
import pytest
from hypothesis import strategies

from api.doors.downloads import attachment


def names(header: str) -> tuple[str, str]:
    """The plain name and the one in UTF-8."""
    found = re.fullmatch(r"""attachment; filename="([^"]*)"; filename\*=UTF-8''([\w.%~-]*)""", header)
    assert found is not None
    return found[1], unquote(found[2])


@pytest.mark.parametrize(
    ("title", "plain", "full"),
    [
        ("Birds", "Birds.md", "Birds.md"),
        ("Vögel in Köln?", "Vogel in Koln.md", "Vögel in Köln.md"),
        ("鳥", "chat.md", "鳥.md"),
        ("../../etc/passwd", "etc passwd.md", "etc passwd.md"),
        ('a"; filename="b\r\nX-Y: z', "a ; filename= b X-Y z.md", "a ; filename= b X-Y z.md"),
        ("\u202egnp.exe", "gnp.exe.md", "gnp.exe.md"),
        ("con", "con_.md", "con_.md"),
        ("LPT1.txt", "LPT1_.txt.md", "LPT1_.txt.md"),
        ("Bacon. Console.", "Bacon. Console.md", "Bacon. Console.md"),
        ("100%41", "100 41.md", "100 41.md"),
        (" . ", "chat.md", "chat.md"),
        ("", "chat.md", "chat.md"),
    ],
)
def test_a_title_becomes_a_name(title: str, plain: str, full: str) -> None:
    assert names(attachment(title, "md")) == (plain, full)


@hypothesis.given(strategies.text(max_size=300))
def test_a_header_is_one_line_of_ascii_and_a_name_is_short(title: str) -> None:
    header = attachment(title.encode(errors="ignore").decode(), "json")
    assert header.isascii()
    assert header.isprintable()
    assert header.count('"') == 2
    for name in names(header):
        assert len(name.encode()) <= 160
        assert not set(name) & set('/\\:*?"<>|\0\r\n')
        assert name.endswith(".json")
        assert name[0] not in ". "
