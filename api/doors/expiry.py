"""When the token of a connection has expired."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

GRACE_S = 60.0


class Expiry:
    """Calls `expired`, and `over` after a while that is left for a new token."""

    def __init__(self, expired: Callable[[], None], over: Callable[[], None]) -> None:
        self._expired = expired
        self._over = over
        self._timer: asyncio.TimerHandle | None = None

    def expect(self, at: datetime | None) -> None:
        """In place of what was expected before; None is never."""
        self.forget()
        if at is not None:
            seconds = (at - datetime.now(UTC)).total_seconds()
            self._timer = asyncio.get_running_loop().call_later(max(0, seconds), self._expire)

    def forget(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _expire(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(GRACE_S, self._over)
        self._expired()
