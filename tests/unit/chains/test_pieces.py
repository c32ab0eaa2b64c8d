from __future__ import annotations

import math

import numpy as np
import orjson
import pytest
from langchain_core.documents import Document
from langchain_core.messages import AIMessageChunk
from langchain_core.runnables.utils import AddableDict

from chains.errors import UnsupportedPiece
from chains.model import Piece, Source
from chains.pieces import DEPTH, to_piece

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


@pytest.mark.parametrize(
    ("page", "written"),
    [
        (2**64 - 1, 2**64 - 1),
        (2**64, str(2**64)),
        (-(2**63), -(2**63)),
        (-(2**63) - 1, str(-(2**63) - 1)),
        (np.int64(3), 3),
        (math.nan, None),
        (-math.inf, None),
        ([2**70, {1: math.inf}], [str(2**70), {"1": None}]),
        ({1}, "{1}"),
    ],
)
def test_a_location_holds_only_what_can_be_written(page: object, written: object) -> None:
    pieces = [
        to_piece({"context": [Document("text", metadata={"page": page})]}),
        to_piece({"sources": [{"location": {"page": page}}]}),
    ]
    for piece in pieces:
        assert piece.sources is not None
        assert piece.sources[0].location == {"page": written}
        orjson.dumps(piece.sources[0].as_json())


@pytest.mark.parametrize("kind", [list, dict])
def test_what_is_nested_too_deep_is_left_out(kind: type) -> None:
    nested: object = "bottom"
    for _ in range(300):
        nested = [nested] if kind is list else {"in": nested}
    for raw in (
        {"sources": [{"location": {"page": nested}}]},
        {"context": [Document("", metadata={"page": nested})]},
    ):
        sources = to_piece(raw).sources
        assert sources is not None
        written = orjson.dumps(sources[0].as_json())
        assert b"bottom" not in written
        assert written.count(b"[" if kind is list else b"{") in {DEPTH - 1, DEPTH + 1}


def test_a_location_that_holds_itself_is_cut_off() -> None:
    location: dict[str, object] = {"page": 1}
    location["self"] = location
    sources = to_piece({"sources": [{"location": location}]}).sources
    assert sources is not None
    assert orjson.dumps(sources[0].as_json())


def test_a_score_too_large_for_a_float_is_missing() -> None:
    sources = to_piece({"sources": [{"score": 10**400}]}).sources
    assert sources is not None
    assert sources[0].score is None


def test_a_context_that_is_already_text_is_no_source() -> None:
    assert to_piece({"answer": "a", "context": "joined"}).sources is None


def test_a_status_is_a_hint() -> None:
    assert to_piece({"status": "searching"}).status == "searching"
