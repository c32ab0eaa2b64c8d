import pytest

from api.documents.model import NAME_CHARS, media_type_of, shown_name, title_of


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("notes.md", "notes.md"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\anna\\notes.md", "notes.md"),
        ("a\0b\n\x1b[31m\ud800.md", "a\ufffdb\ufffd\ufffd[31m\ufffd.md"),
        ("fdp\u202e.exe", "fdp\ufffd.exe"),
        ("", "document"),
        ("..//", "document"),
        ("x" * 1000 + ".md", "x" * (NAME_CHARS - 3) + ".md"),
    ],
)
def test_a_name_is_text_that_can_be_shown(raw: str, shown: str) -> None:
    assert shown_name(raw) == shown
    assert title_of(shown)


@pytest.mark.parametrize(
    ("filename", "declared", "kind"),
    [
        ("a.md", "application/octet-stream", "text/markdown"),
        ("A.PDF", "", "application/pdf"),
        ("a.htm", "text/plain", "text/html"),
        ("readme", "text/plain; charset=utf-8", "text/plain"),
        ("a.docx", "application/vnd.openxmlformats", None),
        ("a.exe", "", None),
        (".md", "", None),
    ],
)
def test_the_ending_says_what_a_file_is_else_what_was_declared(
    filename: str, declared: str, kind: str | None
) -> None:
    assert media_type_of(filename, declared) == kind
