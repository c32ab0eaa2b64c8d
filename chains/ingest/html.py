"""HTML: what a reader would read of it."""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING

from bs4 import BeautifulSoup
from bs4.builder import ParserRejectedMarkup
from bs4.element import NavigableString, PreformattedString, Tag

from chains.ingest.parsed import Outline, Parsed, UnreadableDocument

if TYPE_CHECKING:
    from collections.abc import Iterable

_UNREAD = [
    "script",
    "style",
    "nav",
    "header",
    "footer",
    "aside",
    "form",
    "noscript",
    "template",
    "svg",
    "head",
]
_PARAGRAPH = re.compile(rb"<p([\s>])", re.IGNORECASE)  # the parser closes no paragraph by itself
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BLOCKS = frozenset(
    [
        "address",
        "article",
        "blockquote",
        "body",
        "center",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "html",
        "main",
        "p",
        "section",
        "summary",
    ]
)


def read_html(data: bytes) -> Parsed:
    """Return the text of the main part, without navigation and scripts. Raises `UnreadableDocument`."""
    soup = _soup(data)
    outline = Outline()
    outline.title = _title(soup)
    canonical = _canonical(soup)
    main = soup.find("main") or soup.find("article") or soup.body or soup
    for each in main.find_all(_UNREAD):
        each.decompose()
    _walk(outline, main.children)
    return outline.parsed(canonical)


def _soup(data: bytes) -> BeautifulSoup:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it looks like XML or like a file name is no concern of ours
        try:
            return BeautifulSoup(_PARAGRAPH.sub(rb"</p><p\1", data), "html.parser")
        except (ParserRejectedMarkup, AssertionError) as error:
            raise UnreadableDocument("it is not HTML that can be parsed") from error


def _title(soup: BeautifulSoup) -> str | None:
    found = soup.title
    return (_text(found) or None) if found else None


def _canonical(soup: BeautifulSoup) -> str | None:
    link = soup.find("link", rel="canonical")
    address = str(link.get("href") or "") if isinstance(link, Tag) else ""
    return address if address.startswith(("https://", "http://")) else None


def _walk(outline: Outline, nodes: Iterable[object]) -> None:
    """Add blocks in order; text that stands loose between them makes a paragraph of its own."""
    loose: list[str] = []

    def flush() -> None:
        outline.block(" ".join("".join(loose).split()))
        loose.clear()

    for node in nodes:
        if isinstance(node, Tag) and (node.name in _BLOCKS or node.name in _SPECIAL or node.find(_ANY_BLOCK)):
            flush()
            _block(outline, node)
        elif isinstance(node, Tag):
            loose.append("\n" if node.name == "br" else node.get_text())
        elif isinstance(node, NavigableString) and not isinstance(node, PreformattedString):
            loose.append(str(node))
    flush()


def _block(outline: Outline, node: Tag) -> None:
    if node.name in _HEADINGS:
        heading = _text(node)
        if heading != outline.title:
            outline.heading(_HEADINGS[node.name], heading)
    elif node.name == "pre":
        outline.block(f"```\n{node.get_text().strip(chr(10))}\n```", code=True)
    elif node.name in {"ul", "ol"}:
        outline.block("\n".join(f"- {item}" for item in _parts(node, ["li"])))
    elif node.name == "table":
        outline.block("\n".join(_row(row) for row in node.find_all("tr")))
    else:
        _walk(outline, node.children)


def _row(row: Tag) -> str:
    return " | ".join(_parts(row, ["th", "td"]))


def _parts(node: Tag, names: list[str]) -> list[str]:
    """Return the text of each part; one that was never closed holds the next, but not its text."""
    found: dict[int, list[str]] = {}
    for text in node.strings:
        part = text.find_parent(names)
        found.setdefault(id(part), []).append(text)
    joined = (" ".join(" ".join(each).split()) for each in found.values())
    return [each for each in joined if each]


def _text(node: Tag) -> str:
    return " ".join(node.get_text(" ").split())


_SPECIAL = frozenset({*_HEADINGS, "pre", "ul", "ol", "table"})
_ANY_BLOCK = sorted(_BLOCKS | _SPECIAL)
