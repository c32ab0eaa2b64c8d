"""How many messages a user may send in a minute."""

import time
from collections import Counter

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter


class Rates:
    """A moving window of one minute for each user, in memory; 0 a minute switches it off."""

    def __init__(self, per_minute: int) -> None:
        self._limit = RateLimitItemPerMinute(per_minute) if per_minute else None
        self._windows = MovingWindowRateLimiter(MemoryStorage()) if per_minute else None
        self._reserved: Counter[str] = Counter()

    def allow(self, user_id: str, cost: int = 1) -> int | None:
        """None if the user may send now (and has), else the milliseconds to wait; refusals cost nothing."""
        wait = self.reserve(user_id, cost)
        if wait is None:
            self.settle(user_id, cost, counted=True)
        return wait

    def reserve(self, user_id: str, cost: int = 1) -> int | None:
        """None if the user may send now, else the milliseconds to wait.

        It counts only once it is settled, and not at all if it then turns out to have sent nothing.
        """
        if self._limit is None or self._windows is None:
            return None
        if self._windows.test(self._limit, user_id, cost=cost + self._reserved[user_id]):
            self._reserved[user_id] += cost
            return None
        reset = self._windows.get_window_stats(self._limit, user_id).reset_time
        return max(1, round((reset - time.time()) * 1000))

    def settle(self, user_id: str, cost: int = 1, *, counted: bool) -> None:
        """What was reserved has been sent, or was not after all."""
        if self._limit is None or self._windows is None:
            return
        self._reserved[user_id] -= cost
        if not self._reserved[user_id]:
            del self._reserved[user_id]
        if counted:
            self._windows.hit(self._limit, user_id, cost=cost)
