"""Which channels are listened to here, and what the other side was asked and has confirmed. Pure."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

Hear: TypeAlias = Callable[[bytes], None]
Ready: TypeAlias = Callable[[], None]


@dataclass(frozen=True, slots=True, eq=False)
class Listener:
    hear: Hear
    ready: Ready


class Channels:
    """The other side does what it is asked in order, and confirms it once for each channel that was named.

    So a channel is as it was asked to be last as soon as nothing more is awaited of it, and not before.
    """

    def __init__(self) -> None:
        self._listeners: dict[bytes, dict[Listener, None]] = {}
        self._asked: set[bytes] = set()
        self._awaited: Counter[bytes] = Counter()
        self._changed: dict[bytes, None] = {}

    def add(self, channel: bytes, listener: Listener) -> None:
        self._listeners.setdefault(channel, {})[listener] = None
        self._compare(channel)

    def remove(self, channel: bytes, listener: Listener) -> None:
        listeners = self._listeners.get(channel, {})
        listeners.pop(listener, None)
        if not listeners:
            self._listeners.pop(channel, None)
        self._compare(channel)

    def has(self, channel: bytes, listener: Listener) -> bool:
        return listener in self._listeners.get(channel, ())

    def of(self, channel: bytes) -> tuple[Listener, ...]:
        return tuple(self._listeners.get(channel, ()))

    def is_active(self, channel: bytes) -> bool:
        """Whether everything that is said there is heard here."""
        return channel in self._asked and not self._awaited[channel]

    def reset(self) -> None:
        """The other side knows nothing: there is no connection to it, or a new one."""
        self._asked.clear()
        self._awaited.clear()
        self._changed = dict.fromkeys(self._listeners)

    def take(self) -> tuple[Sequence[bytes], Sequence[bytes]]:
        """What has to be subscribed and unsubscribed. From here on it counts as asked."""
        new = [channel for channel in self._changed if channel in self._listeners]
        old = [channel for channel in self._changed if channel not in self._listeners]
        self._asked.update(new)
        self._asked.difference_update(old)
        self._awaited.update(self._changed.keys())
        self._changed.clear()
        return new, old

    def confirmed(self, channel: bytes) -> Sequence[Listener]:
        """Those for whom the channel has become active by this."""
        if self._awaited[channel] > 1:
            self._awaited[channel] -= 1
            return ()
        del self._awaited[channel]
        return self.of(channel) if channel in self._asked else ()

    def _compare(self, channel: bytes) -> None:
        """There is nothing to ask where somebody left and came back, or came and left, in the meantime."""
        if (channel in self._listeners) == (channel in self._asked):
            self._changed.pop(channel, None)
        else:
            self._changed[channel] = None
