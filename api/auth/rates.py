"""How many messages a user may send in a minute."""

import time

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter


class Rates:
    """A moving window of one minute for each user, in memory; 0 a minute switches it off."""

    def __init__(self, per_minute: int) -> None:
        self._limit = RateLimitItemPerMinute(per_minute) if per_minute else None
        self._windows = MovingWindowRateLimiter(MemoryStorage()) if per_minute else None

    def allow(self, user_id: str, cost: int = 1) -> int | None:
        """None if the user may send now (and has), else the milliseconds to wait; refusals cost nothing."""
        if self._limit is None or self._windows is None:
            return None
        if self._windows.hit(self._limit, user_id, cost=cost):
            return None
        reset = self._windows.get_window_stats(self._limit, user_id).reset_time
        return max(1, round((reset - time.time()) * 1000))
