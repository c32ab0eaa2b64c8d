"""Channels between servers, over pub/sub of Redis or Valkey."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Protocol

from api.service.ports import Undo
from api.wakeups.channels import Hear, Ready
from api.wakeups.connections import Pace, connector, kept
from api.wakeups.hearing import Hearing
from api.wakeups.outbox import Letter
from api.wakeups.saying import Saying
from api.wakeups.trouble import Trouble

if TYPE_CHECKING:
    from redis.asyncio.connection import AbstractConnection

PREFIX = "steadychat:"
EVERYBODY = ""
"""A channel that is always listened to. What is said there proves that others could be heard."""
SEPARATOR = " "
HEARING, SAYING = "hearing", "saying"


class Use(Protocol):
    """Uses a connection until it fails, which it raises; `works` is called when all is known to be well."""

    async def __call__(self, connection: "AbstractConnection", works: Callable[[], None]) -> None: ...


def nothing() -> None:
    pass


class Bus:
    """Says things to other servers, and hears what they say. Nothing depends on it: all of it may be lost.

    `name` is this server's alone: what it says itself it does not hear. `listen` and `say` are called in the
    event loop. Raises ValueError for a name with a space, or a URL that is none.
    """

    def __init__(self, url: str, *, name: str, pace: Pace | None = None) -> None:
        if SEPARATOR in name:
            raise ValueError("a name has no space: it ends there in each message")
        self.name = name
        self._own = (name + SEPARATOR).encode()
        self._pace = pace or Pace()
        self._connect = connector(url, self._pace)
        self._trouble = Trouble([HEARING, SAYING])
        self._hearing = Hearing(self._from_others, self._pace)
        self._saying = Saying(Letter(_full(EVERYBODY), self._own), self._pace)
        self._hearing.listen(_full(EVERYBODY), _ignore, nothing)
        self._uses: dict[str, Use] = {HEARING: self._hearing.use, SAYING: self._saying.use}
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def trouble(self) -> str | None:
        """Why it does not work now, in words for people; None if it does."""
        return self._trouble.reason

    @property
    def lost(self) -> int:
        """How much was said that did not go out, or of which nobody knows."""
        return self._saying.lost

    def also(self, connection: str, use: Use) -> None:
        """Before the start: one connection more, which is kept as the others are. Its trouble is trouble."""
        self._trouble.expect(connection)
        self._uses[connection] = use

    async def start(self) -> None:
        """Returns at once, whether Redis is there or not; until it is, what is said is lost."""
        for name, use in self._uses.items():
            works, failed = partial(self._trouble.went, name), partial(self._trouble.came, name)
            keeping = kept(self._connect, partial(use, works=works), failed, self._pace)
            self._tasks.append(asyncio.create_task(keeping))

    async def close(self) -> None:
        """Ends at once, also while Redis is frozen."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def listen(self, channel: str, hear: Hear, ready: Ready = nothing) -> Undo:
        """`hear` gets what others say there from now on, and nothing more after the undo.

        `ready` is called soon after everything said there is heard: the first time, and after each time that
        something may have been missed.
        """
        return self._hearing.listen(_full(channel), hear, ready)

    def say(self, channel: str, message: bytes) -> None:
        """Returns at once. What is said in one turn of the event loop goes out together, in this order."""
        self._saying.say(Letter(_full(channel), self._own + message))

    def _from_others(self, data: bytes) -> bytes | None:
        if data.startswith(self._own):
            return None
        _, separator, message = data.partition(SEPARATOR.encode())
        return message if separator else None


def _full(channel: str) -> bytes:
    return (PREFIX + channel).encode()


def _ignore(message: bytes) -> None:
    pass
