from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chains.retrieval.records import Document, Passage
from chains.retrieval.retriever import Retriever
from chains.retrieval.store import connected, writing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chains.retrieval.index import Index

PASSAGES = [
    Passage("Fruit", "Apples grow on trees and are sweet."),
    Passage("Fruit", "Bananas are yellow and grow in bunches.", page=3),
    Passage("Tools", "A hammer drives nails into wood."),
]


def document(name: str) -> Document:
    return Document(name, name, f"{name}.md", "text/markdown", name, 1, uri=f"https://example.org/{name}")


@pytest.fixture
def retriever(index: Index) -> Iterator[Retriever]:
    index.put(document("d1"), PASSAGES)
    found = Retriever(index)
    yield found
    found.close()


def test_the_best_passage_comes_first_with_all_that_a_source_needs(retriever: Retriever) -> None:
    first = retriever.search("When are bananas yellow?").hits[0]
    assert (first.id, first.title, first.page, first.uri) == ("d1-1", "Fruit", 3, "https://example.org/d1")
    assert first.score == 1.0
    assert 0 < first.similarity <= 1


def test_the_limit_holds(retriever: Retriever) -> None:
    assert len(retriever.search("grow", limit=2).hits) == 2


def test_rare_words_weigh_more_and_coverage_is_of_the_best_passage(retriever: Retriever) -> None:
    found = retriever.search("do bananas grow in Patagonia?")
    assert found.weights["patagonia"] > found.weights["banana"] > found.weights["grow"]
    assert 0 < found.evidence.coverage < 1
    assert retriever.search("yellow bananas").evidence.coverage == pytest.approx(1)


def test_an_empty_index_finds_nothing(index: Index) -> None:
    retriever = Retriever(index)
    found = retriever.search("anything")
    assert (found.hits, found.indexed) == ((), 0)
    retriever.close()


def test_what_is_committed_later_is_found(retriever: Retriever, index: Index) -> None:
    assert retriever.search("zebra").indexed == 3
    index.put(document("d2"), [Passage("Animals", "A zebra has stripes.")])
    assert retriever.search("zebra stripes").hits[0].document_id == "d2"
    index.remove("d2")
    assert retriever.search("zebra stripes").indexed == 3


def test_what_is_not_yet_committed_is_not_seen(retriever: Retriever, index: Index) -> None:
    with connected(index.path) as other, writing(other):
        other.execute("DELETE FROM documents")
        other.execute("UPDATE meta SET value = value + 1")
        assert retriever.search("bananas").indexed == 3
    assert retriever.search("bananas").indexed == 0


@pytest.mark.parametrize(
    "question",
    [
        "",
        " ",
        '"',
        "NEAR(a b",
        "a AND",
        "title:x",
        "* OR *",
        "\0",
        "\ud800",
        "'); DROP TABLE words;--",
        "x" * 40000,
    ],
)
def test_no_question_is_taken_for_query_syntax(retriever: Retriever, question: str) -> None:
    retriever.search(question)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(st.characters(codec=None), max_size=80))
def test_no_text_whatever_makes_a_search_fail(retriever: Retriever, question: str) -> None:
    assert retriever.search(question).indexed == 3
