"""Times in buckets that grow by a twelfth each: a million of them take a hundred numbers, and add up."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

GROWTH = 13 / 12
SMALLEST_S = 0.0005


class Histogram:
    """Percentiles are those of the bucket's upper end, so at most a twelfth too high."""

    def __init__(self, buckets: Mapping[int, int] | None = None) -> None:
        self.buckets: Counter[int] = Counter(buckets or {})

    @classmethod
    def of(cls, times_s: Iterable[float]) -> "Histogram":
        found = cls()
        for time_s in times_s:
            found.add(time_s)
        return found

    @classmethod
    def read(cls, given: Mapping[str, int]) -> "Histogram":
        return cls({int(bucket): count for bucket, count in given.items()})

    def json(self) -> dict[str, int]:
        return {str(bucket): count for bucket, count in sorted(self.buckets.items())}

    def add(self, time_s: float) -> None:
        self.buckets[0 if time_s <= SMALLEST_S else math.ceil(math.log(time_s / SMALLEST_S, GROWTH))] += 1

    def merge(self, other: "Histogram") -> None:
        self.buckets.update(other.buckets)

    def __len__(self) -> int:
        return self.buckets.total()

    def percentile(self, percent: float) -> float | None:
        """Return the seconds that so many percent do not exceed; None of nothing."""
        wanted = len(self) * percent / 100
        for bucket, passed in self._running():
            if passed >= wanted:
                return SMALLEST_S * GROWTH**bucket
        return None

    def _running(self) -> Iterator[tuple[int, int]]:
        passed = 0
        for bucket, count in sorted(self.buckets.items()):
            passed += count
            yield bucket, passed
