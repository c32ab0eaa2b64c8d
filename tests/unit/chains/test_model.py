from __future__ import annotations

import json

from chains.model import Piece, Source


def test_a_source_as_json_has_every_field_of_the_protocol() -> None:
    source = Source("7", "Title", None, "Excerpt", 0.5, {"page": 3})
    assert json.loads(json.dumps(source.as_json())) == {
        "id": "7",
        "title": "Title",
        "uri": None,
        "excerpt": "Excerpt",
        "score": 0.5,
        "location": {"page": 3},
    }


def test_an_empty_piece_says_nothing() -> None:
    assert Piece() == Piece(text="", sources=None, confidence=None, status=None)
