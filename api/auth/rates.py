"""How many messages a user may send in a minute."""

import time
from collections import Counter, deque

MINUTE_S = 60.0


class Rates:
    """A moving window of one minute for each user, in memory; 0 a minute switches it off."""

    def __init__(self, per_minute: int) -> None:
        self._most = per_minute
        self._sent: dict[str, deque[float]] = {}
        """When each user sent what is in their window; who sent last comes last."""
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
        if not self._most:
            return None
        now = time.monotonic()
        sent = self._sent.get(user_id, deque())
        _forget(sent, now)
        if len(sent) + self._reserved[user_id] + cost <= self._most:
            self._reserved[user_id] += cost
            return None
        oldest = sent[0] if sent else now
        return max(1, round((oldest + MINUTE_S - now) * 1000))

    def settle(self, user_id: str, cost: int = 1, *, counted: bool) -> None:
        """What was reserved has been sent, or was not after all."""
        if not self._most:
            return
        self._reserved[user_id] -= cost
        if not self._reserved[user_id]:
            del self._reserved[user_id]
        if counted:
            now = time.monotonic()
            sent = self._sent[user_id] = self._sent.pop(user_id, deque())
            sent.extend([now] * cost)
            self._forget_idle(now)

    def _forget_idle(self, now: float) -> None:
        """Whoever has sent nothing for a minute is not remembered."""
        while self._sent:
            longest = next(iter(self._sent))
            sent = self._sent[longest]
            if sent and sent[-1] >= now - MINUTE_S:
                return
            del self._sent[longest]


def _forget(sent: deque[float], now: float) -> None:
    while sent and sent[0] < now - MINUTE_S:
        sent.popleft()
