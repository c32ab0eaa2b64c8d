from __future__ import annotations

from chains.retrieval.records import Hit
from chains.retrieval.sources import source_of

HIT = Hit("d-1", "d", 1, "Title", "Text.", 4, None, 1.0, 0.71234)


def test_a_source_says_where_the_passage_stands_and_how_near_it_is() -> None:
    assert source_of(HIT).as_json() == {
        "id": "d-1",
        "title": "Title",
        "uri": None,
        "excerpt": "Text.",
        "score": 0.712,
        "location": {"page": 4},
    }
