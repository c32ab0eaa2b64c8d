from __future__ import annotations

import math

import numpy as np
import pytest
from langchain_core.documents import Document
from langchain_core.messages import AIMessageChunk
from langchain_core.runnables.utils import AddableDict

from chains.errors import UnsupportedPiece
from chains.model import Piece, Source
from chains.pieces import to_piece

BLOCKS = AIMessageChunk(content=[{"type": "text", "text": "a"}, {"type": "text", "text": "b"}])


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("plain", "plain"),
        (AIMessageChunk(content="chunk"), "chunk"),
        (BLOCKS, "ab"),
        ({"answer": "in a dict"}, "in a dict"),
        (AddableDict(answer=AIMessageChunk(content="both")), "both"),
        ({"answer": None, "confidence": 1}, ""),
    ],
)
def test_text_comes_in_every_form_of_the_contract(raw: object, text: str) -> None:
    assert to_piece(raw).text == text


@pytest.mark.parametrize(
    ("raw", "named"),
    [
        (7, "int"),
        (None, "NoneType"),
        (b"bytes", "bytes"),
        ({"agent": {}}, "'agent'"),
        ({"answer": 3}, "int"),
        ({"sources": 3}, "int"),
        ({"sources": ["text"]}, "str"),
    ],
)
def test_anything_else_is_refused_by_the_name_of_its_type(raw: object, named: str) -> None:
    with pytest.raises(UnsupportedPiece, match=named):
        to_piece(raw)


def test_the_chains_own_input_coming_back_says_nothing() -> None:
    assert to_piece({"question": "q", "chat_history": []}, {"question", "chat_history"}) == Piece()


@pytest.mark.parametrize("value", [-0.1, 1.1, math.nan, math.inf, "0.5", True, None])
def test_a_confidence_that_is_no_number_from_0_to_1_is_ignored(value: object) -> None:
    assert to_piece({"confidence": value}).confidence is None


def test_a_numpy_confidence_counts() -> None:
    assert to_piece({"confidence": np.float64(0.5)}).confidence == 0.5


def test_context_documents_become_sources_and_what_is_missing_is_null() -> None:
    full = Document(
        "text", id="d1", metadata={"title": "T", "source": "https://x.example", "page": 2, "score": 0.5}
    )
    piece = to_piece({"context": [full, Document("bare")]})
    assert piece.sources == (
        Source("d1", "T", "https://x.example", "text", 0.5, {"page": 2}),
        Source("2", None, None, "bare", None, None),
    )


def test_sources_may_be_dicts_or_source_objects_and_are_cleaned() -> None:
    source = Source("1", "T", None, "E", None, None)
    raw = {"id": "2", "title": "a\0", "excerpt": "\ud83d", "score": math.nan, "location": {"n": math.inf}}
    assert to_piece({"sources": [source, raw]}).sources == (
        source,
        Source("2", "a\ufffd", None, "\ufffd", None, {"n": None}),
    )


def test_a_context_that_is_already_text_is_no_source() -> None:
    assert to_piece({"answer": "a", "context": "joined"}).sources is None


def test_a_status_is_a_hint() -> None:
    assert to_piece({"status": "searching"}).status == "searching"
