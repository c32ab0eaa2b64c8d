"""Markdown, block by block as it is written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt

from chains.ingest.parsed import Outline, Parsed
from chains.ingest.plain import decoded

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markdown_it.token import Token

_FRONT_MATTER = re.compile(r"\A---\n(.*?)\n---\s*\n", re.DOTALL)
_TITLE = re.compile(r"^title:\s*[\"']?(.+?)[\"']?\s*$", re.MULTILINE)
_LOCAL_LINK = re.compile(r"!?\[([^\]\[]*)\]\((?!https?:)[^()\s]*(?:\s+\"[^\"]*\")?\)")
_INDENTED = re.compile(r"^ {4}", re.MULTILINE)


def read_markdown(data: bytes) -> Parsed:
    """Return the blocks as they stand in the source; links to other files are left as their text."""
    text = decoded(data)
    outline = Outline()
    if front := _FRONT_MATTER.match(text):
        text = text[front.end() :]
        if title := _TITLE.search(front.group(1)):
            outline.title = title.group(1)
    lines = text.split("\n")
    for token, inline in _blocks(MarkdownIt("commonmark").enable("table").parse(text)):
        _add(outline, token, inline, lines)
    return outline.parsed()


def _blocks(tokens: Sequence[Token]) -> Iterator[tuple[Token, str]]:
    """Yield each block of the top level, with the text of a heading."""
    for place, token in enumerate(tokens):
        if token.level == 0 and token.nesting >= 0 and token.map:
            inline = tokens[place + 1] if token.type == "heading_open" else None
            yield token, _plain(inline.children or ()) if inline else ""


def _plain(tokens: Sequence[Token]) -> str:
    return "".join(
        each.content if each.type in {"text", "code_inline"} else " " * (each.type == "softbreak")
        for each in tokens
    ).strip()


def _add(outline: Outline, token: Token, inline: str, lines: Sequence[str]) -> None:
    if token.type == "heading_open":
        outline.heading(int(token.tag[1:]), inline)
        return
    start, end = token.map or (0, 0)
    source = "\n".join(lines[start:end]).rstrip()
    if token.type == "code_block":
        outline.block(f"```\n{_INDENTED.sub('', source)}\n```", code=True)
    elif token.type == "fence":
        outline.block(source, code=True)
    elif token.type == "paragraph_open":
        outline.block(" ".join(_LOCAL_LINK.sub(r"\1", source).split()))
    elif token.type not in {"html_block", "hr"}:
        outline.block(_LOCAL_LINK.sub(r"\1", source))
