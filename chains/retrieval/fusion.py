"""One ranking out of two: dense and lexical scores, each min-max normalised over its own best."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

DENSE_WEIGHT = 0.6
DEPTH = 100


def fused(dense: Mapping[int, float], lexical: Mapping[int, float]) -> dict[int, float]:
    """Return 0.6 dense + 0.4 lexical for every passage that either found, the best first."""
    left, right = normalised(dense), normalised(lexical)
    scores = {
        number: DENSE_WEIGHT * left.get(number, 0.0) + (1 - DENSE_WEIGHT) * right.get(number, 0.0)
        for number in {**left, **right}
    }
    return dict(sorted(scores.items(), key=lambda item: -item[1]))


def normalised(scores: Mapping[int, float]) -> dict[int, float]:
    """Return the scores stretched to 0..1; equal scores all become 1."""
    if not scores:
        return {}
    low, high = min(scores.values()), max(scores.values())
    return {number: (score - low) / (high - low) if high > low else 1.0 for number, score in scores.items()}
