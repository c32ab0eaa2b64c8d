from __future__ import annotations

from chains.ingest.markdown import read_markdown
from chains.ingest.parsed import Block

SOURCE = b"""\
# The `guide`

Intro over
two lines, see [there](other.md) and [out](https://example.org).

## Start

- one
- two

```sh
make run  # [kept](as.is)
```

    indented

### Deeper

| a | b |
|---|---|
| 1 | 2 |

<!-- a comment -->

## End

> said
"""


def test_headings_make_sections_and_blocks_stay_whole() -> None:
    parsed = read_markdown(SOURCE)
    assert parsed.title == "The guide"
    assert [each.headings for each in parsed.sections] == [(), ("Start",), ("Start", "Deeper"), ("End",)]
    assert parsed.sections[1].blocks == [
        Block("- one\n- two"),
        Block("```sh\nmake run  # [kept](as.is)\n```", code=True),
        Block("```\nindented\n```", code=True),
    ]
    assert parsed.sections[2].blocks == [Block("| a | b |\n|---|---|\n| 1 | 2 |")]


def test_a_paragraph_is_one_line_and_local_links_are_their_text() -> None:
    (block,) = read_markdown(SOURCE).sections[0].blocks
    assert block.text == "Intro over two lines, see there and [out](https://example.org)."


def test_front_matter_gives_the_title_and_is_no_text() -> None:
    parsed = read_markdown(b"---\ntitle: 'From the front'\nx: y\n---\n# Heading\n\ntext\n")
    assert parsed.title == "From the front"
    assert [(each.headings, each.blocks) for each in parsed.sections] == [(("Heading",), [Block("text")])]


def test_a_document_without_headings_has_no_title() -> None:
    assert read_markdown(b"only text").title is None
