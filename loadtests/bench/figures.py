"""Numbers about numbers."""

import math
from collections.abc import Sequence


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that so many percent do not exceed; not a number where there is none."""
    if not values:
        return float("nan")
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def short(number: float) -> str:
    """As few digits as one reads: 0.642, 17.3, 1,050."""
    if math.isnan(number):
        return "—"
    digits = 2 if number < 1 else 1 if number < 100 else 0  # noqa: PLR2004 - three digits in all
    return f"{number:,.{digits}f}"
