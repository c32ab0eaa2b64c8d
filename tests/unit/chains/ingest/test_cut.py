from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chains.ingest.cut import LARGEST, LARGEST_CODE, passages
from chains.ingest.parsed import Block, Parsed, Section


def cut(*sections: Section) -> list[tuple[str, str, int | None]]:
    return [(each.title, each.text, each.page) for each in passages(Parsed(None, list(sections)), "Doc")]


def prose(words: int) -> str:
    return " ".join(f"Sentence number {n} is here." for n in range(words // 5))


def test_passages_cross_no_heading_and_no_page() -> None:
    assert cut(Section(("A",), [Block("one")], 1), Section(("A", "B"), [Block("two")], 2)) == [
        ("Doc \u203a A", "one", 1),
        ("Doc \u203a A \u203a B", "two", 2),
    ]


def test_short_paragraphs_share_a_passage() -> None:
    assert cut(Section(blocks=[Block("one"), Block("two")])) == [("Doc", "one\n\ntwo", None)]


def test_paragraphs_are_not_torn_apart_to_fill_a_passage() -> None:
    first, second = prose(110), prose(150)
    assert [text for _, text, _ in cut(Section(blocks=[Block(first), Block(second)]))] == [first, second]


def test_a_long_paragraph_is_cut_between_sentences() -> None:
    texts = [text for _, text, _ in cut(Section(blocks=[Block(prose(1000))]))]
    assert len(texts) > 4
    assert all(each.endswith("here.") and len(each.split()) <= LARGEST for each in texts)


def test_code_is_kept_whole_where_that_is_reasonable() -> None:
    code = "```\n" + "x = 1\n" * 80 + "```"
    assert [text for _, text, _ in cut(Section(blocks=[Block(code, code=True)]))] == [code]
    endless = "\n".join("x = 1" for _ in range(1000))
    parts = [text for _, text, _ in cut(Section(blocks=[Block(endless, code=True)]))]
    assert all(len(each.split()) <= LARGEST_CODE for each in parts)


def test_a_word_without_end_is_cut() -> None:
    assert all(len(text) <= 10_000 for _, text, _ in cut(Section(blocks=[Block("x" * 100_000)])))


@given(st.lists(st.text(st.sampled_from("aB. \n-|`"), max_size=200), max_size=6))
def test_no_word_is_lost(texts: list[str]) -> None:
    found = passages(Parsed(None, [Section(blocks=[Block(each) for each in texts if each.strip()])]), "Doc")
    assert "".join("".join(each.text.split()) for each in found) == "".join("".join(texts).split())
