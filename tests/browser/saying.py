"""Questions for the chain that says what it is told to: see `tests.support.parrot`."""

import json
from typing import Any

CHAIN = "parrot=tests.support.parrot:build"


def line(answer: str, pieces: int = 1, rate: float = 0, **more: Any) -> str:  # Any: JSON
    """The question that is answered by just this text, in so many pieces at so many a second."""
    return json.dumps({"answer": answer, "pieces": pieces, "rate": rate, **more})


def passage(
    number: int, excerpt: str = "An excerpt.", score: float | None = 0.5
) -> dict[str, Any]:  # as above
    return {
        "id": f"p{number}",
        "title": f"Passage {number}",
        "uri": f"guide-{number}.md",
        "excerpt": excerpt,
        "score": score,
        "location": {"page": number},
    }
