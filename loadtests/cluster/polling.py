"""Waiting for what nobody tells: that a server listens, that a process stands still."""

import time
from collections.abc import Callable


def until(true: Callable[[], bool], within_s: float, look_s: float = 0.005) -> bool:
    """Look again and again; whether it came true in time."""
    deadline = time.monotonic() + within_s
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(look_s)
    return True
