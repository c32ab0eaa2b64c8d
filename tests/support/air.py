"""Channels between servers of one process, that carry what they are told to."""

from collections import defaultdict

from api.service.ports import Undo
from api.wakeups.channels import Hear, Ready


class Air:
    """All that is said on a channel is heard there at once by the others, unless it is `silent`."""

    def __init__(self) -> None:
        self.silent = False
        self.said: list[tuple[str, bytes]] = []
        self._listeners: dict[str, list[tuple[object, Hear, Ready]]] = defaultdict(list)

    def end(self) -> "End":
        """What one server has of it."""
        return End(self)

    def carry(self, sender: object, channel: str, message: bytes) -> None:
        self.said.append((channel, message))
        for listener, hear, _ in [] if self.silent else list(self._listeners[channel]):
            if listener is not sender:
                hear(message)

    def add(self, listener: object, channel: str, hear: Hear, ready: Ready) -> Undo:
        entry = (listener, hear, ready)
        self._listeners[channel].append(entry)
        return lambda: self._listeners[channel].remove(entry)

    def listened(self) -> set[str]:
        return {channel for channel, listeners in self._listeners.items() if listeners}

    def back(self) -> None:
        """It carries again, and everybody is told that something may have been missed."""
        self.silent = False
        for listeners in list(self._listeners.values()):
            for _, _, ready in list(listeners):
                ready()


class End:
    """Implements `api.wakeups.relay.Channels`."""

    def __init__(self, air: Air) -> None:
        self._air = air

    def listen(self, channel: str, hear: Hear, ready: Ready) -> Undo:
        return self._air.add(self, channel, hear, ready)

    def say(self, channel: str, message: bytes) -> None:
        self._air.carry(self, channel, message)
