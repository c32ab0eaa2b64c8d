"""A session as Markdown says who spoke, whatever was said."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies
from markdown_it import MarkdownIt
from markdown_it.token import Token

from api.core.errors import Code, Problem
from api.core.lifecycle import Role, Status
from api.core.records import Kept, Message, Session
from api.wire.markdown import head, passage

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
TIME = "2026-01-01T12:00:00.000000Z"

# What hostile text is made of: whatever begins or ends something in Markdown.
PARTS = (
    *("\n", "\n\n", " ", "    ", "\t", "> ", "- ", "1. ", "# ", "## You", "===", "---", "***", "|a|\n|-|"),
    *("```", "````", "~~~", "`", "``", "```html", " ```", "  ```", "\\", "\\\\", "&lt;", "*", "_", "!"),
    *("<b>", "</blockquote>", "<!--", "-->", "<script>", "</pre>", "<pre>", "<?", "<![CDATA[", "<a\nb>", "<"),
    *("[a]: http://evil.example", "[a]:", "[a]", "[", "]", "]:", "[^1]: x", "(b)", "<http://x.example>"),
    *("a", "word", "\r", "\r\n", "\u2028", "\x0b", "\x0c", "\x85", "\0"),
)


def session(title: str = "Birds") -> Session:
    return Session("s", title, "rag", 1, NOW, NOW)


def kept(content: str, role: Role = Role.ASSISTANT, *, superseded: bool = False, **fields: Any) -> Kept:
    status = fields.pop("status", Status.COMPLETE)
    return Kept(Message("m", "s", 1, role, content, status, NOW, **fields), superseded, None)


def parsed(text: str) -> tuple[Sequence[Token], dict[str, Any]]:
    """As a reader that lets HTML through understands it, with the definitions that it found."""
    found: dict[str, Any] = {}
    return MarkdownIt("commonmark", {"html": True}).enable("table").parse(text, found), found


def outline(text: str) -> list[str]:
    """The headings that stand in nothing else."""
    tokens, _ = parsed(text)
    return [
        after.content
        for token, after in pairwise(tokens)
        if token.type == "heading_open" and token.level == 0
    ]


def html(text: str) -> list[str]:
    tokens, _ = parsed(text)
    every = [*tokens, *(child for token in tokens for child in token.children or ())]
    return [token.content for token in every if token.type in {"html_block", "html_inline"}]


def test_a_session_is_a_title_and_who_said_what() -> None:
    text = head(session()) + passage(kept("Which birds?", Role.USER)) + passage(kept("Herons.\n\n- grey"))
    assert text == (
        f"# Birds\n\nBegun on {TIME}, answered by rag.\n"
        f"\n## You, {TIME}\n\n> Which birds?\n"
        f"\n## Assistant, {TIME}\n\n> Herons.\n>\n> - grey\n"
    )


def test_an_attempt_that_was_replaced_is_not_there() -> None:
    assert passage(kept("Herons.", superseded=True)) == ""


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (Status.PENDING, "had not begun"),
        (Status.STREAMING, "still being written"),
        (Status.CANCELLED, "was stopped"),
        (Status.FAILED, "failed.* It broke, see \\*here\\*."),
        (Status.INTERRUPTED, "was interrupted"),
    ],
)
def test_what_came_of_an_answer_is_told_after_its_text(status: Status, words: str) -> None:
    error = Problem(Code.CHAIN_FAILED, "It broke,\nsee *here*.", retryable=True)
    text = passage(kept("Her", status=status, error=error if status is Status.FAILED else None))
    assert text.index("> Her\n") < text.index(words)


def test_an_answer_without_text_has_no_quote() -> None:
    assert ">" not in passage(kept("", status=Status.PENDING))


def test_sources_are_listed_as_they_are_cited() -> None:
    sources = (
        {"title": "Birds <b>", "uri": "https://birds.example/a_b", "location": {"page": 3}},
        {"title": None, "uri": "javascript:alert(1)", "location": None},
        {"title": "- [x](y)\n## You", "uri": None},
    )
    assert passage(kept("Herons [1].", sources=sources)).split("Sources:\n\n")[1].splitlines() == [
        "1. Birds \\<b\\>, page 3, <https://birds.example/a_b>",
        "2. Untitled, javascript:alert(1)",
        "3. \\- \\[x\\](y) \\#\\# You",
    ]


@pytest.mark.parametrize(
    "title",
    ["# You", "a\n## You", "<!-- x", "[a]: b", "*a* _b_ `c`", "1. a", "> a", "\u202egnp.exe", "", "\0"],
)
def test_a_title_is_nothing_but_words(title: str) -> None:
    text = head(session(title)) + passage(kept("x"))
    assert len(outline(text)) == 2
    assert html(text) == []
    tokens, _ = parsed(text)
    kinds = {child.type for child in tokens[1].children or ()}
    assert kinds <= {"text", "text_special"}


def test_code_is_left_as_it_is() -> None:
    code = "```html\n<b>[a]: x</b>\n```"
    assert "> <b>[a]: x</b>\n" in passage(kept(code))
    assert "> ~~~\n> ```\n> <b>\n> ~~~~\n> \\<b>\n" in passage(kept("~~~\n```\n<b>\n~~~~\n<b>"))


def test_addresses_and_comparisons_are_left_as_they_are() -> None:
    text = passage(kept("<https://birds.example> 1 < 2 a[i]: b \\<b>"))
    assert "> <https://birds.example> 1 < 2 a[i]: b \\<b>\n" in text


@hypothesis.settings(max_examples=500, deadline=None, derandomize=True)
@hypothesis.given(strategies.lists(strategies.sampled_from(PARTS), max_size=25).map("".join))
@hypothesis.example(" ```\n```\n<b>")  # the second closes the first
@hypothesis.example("- a\n\n  ```\n<b>")  # the list ends, and the code in it
@hypothesis.example("~~~|a|\n|-|---\n<b>")  # to some readers a table
@hypothesis.example("\\\\<b>")  # an escaped backslash, and then HTML
@hypothesis.example("[a\n[b]: http://evil.example")
@hypothesis.example("[a\n\\[b]: http://evil.example")
def test_nothing_that_is_said_reaches_out_of_its_quote(content: str) -> None:
    text = head(session()) + passage(kept(content, Role.USER)) + passage(kept(content)) + passage(kept("end"))
    spoken = [f"{who}, {TIME}" for who in ("You", "Assistant", "Assistant")]
    assert outline(text) == ["Birds", *spoken]
    assert html(text) == []
    assert not parsed(text)[1].get("references")
