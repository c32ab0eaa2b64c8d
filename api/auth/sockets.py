"""Who has how many WebSockets open."""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from itertools import count
from typing import Generic, TypeVar

from starlette.requests import HTTPConnection

S = TypeVar("S", bound=Hashable)


@dataclass(slots=True)
class _Open:
    number: int
    address: str | None
    user_id: str | None
    heard: float


class SocketLimits(Generic[S]):
    """Counts open sockets by user and by address; 0 switches a limit off. Any hashable object is a socket."""

    def __init__(self, per_user: int, per_address: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.per_user = per_user
        self.per_address = per_address
        self._clock = clock
        self._numbers = count(1)
        self._open: dict[S, _Open] = {}
        self._addresses: Counter[str] = Counter()
        self._users: defaultdict[str, set[S]] = defaultdict(set)

    def __len__(self) -> int:
        return len(self._open)

    def admit(self, address: str | None, socket: S) -> bool:
        """Whether one more socket of this address may open; it then counts until `leave`.

        The address None is not counted.
        """
        if address is not None and 0 < self.per_address <= self._addresses[address]:
            return False
        self._open[socket] = _Open(next(self._numbers), address, None, self._clock())
        if address is not None:
            self._addresses[address] += 1
        return True

    def enter(self, user_id: str, socket: S) -> S | None:
        """The admitted socket is this user's. Returns the socket that has to give way to it, if one has to.

        That is the longest-silent one of the user. It counts no more; whoever runs it closes it with 4504.
        """
        entry = self._open[socket]
        if entry.user_id == user_id:
            return None
        self._forget_user(socket, entry)
        entry.user_id = user_id
        others = self._users[user_id]
        silent = min(others, key=lambda each: self._open[each].heard, default=None)
        others.add(socket)
        if silent is None or not 0 < self.per_user < len(others):
            return None
        self._forget_user(silent, self._open[silent])
        return silent

    def touch(self, socket: S) -> None:
        """The socket's client has said something."""
        if (entry := self._open.get(socket)) is not None:
            entry.heard = self._clock()

    def give_way(self, user_id: str, number: int) -> S | None:
        """Find this user's socket of that number, if there still is one. It counts no more for the user."""
        for socket in self._users.get(user_id, ()):
            entry = self._open[socket]
            if entry.number == number:
                self._forget_user(socket, entry)
                return socket
        return None

    def leave(self, socket: S) -> tuple[str | None, str | None]:
        """The socket is closed. Harmless if it was never admitted or has left before.

        Returns the user and the address for which it does not count any more.
        """
        entry = self._open.pop(socket, None)
        if entry is None:
            return None, None
        left = entry.user_id, entry.address
        self._forget_user(socket, entry)
        if entry.address is not None:
            self._addresses[entry.address] -= 1
            if not self._addresses[entry.address]:
                del self._addresses[entry.address]
        return left

    def users(self) -> Collection[str]:
        return self._users.keys()

    def addresses(self) -> Collection[str]:
        return self._addresses.keys()

    def at_address(self, address: str) -> int:
        return self._addresses[address]

    def silent(self, user_id: str) -> Sequence[tuple[int, float]]:
        """The number of each socket of this user, the oldest first, and the seconds since it was heard."""
        now = self._clock()
        entries = (self._open[socket] for socket in self._users.get(user_id, ()))
        return sorted((entry.number, now - entry.heard) for entry in entries)

    def _forget_user(self, socket: S, entry: _Open) -> None:
        if entry.user_id is None:
            return
        sockets = self._users[entry.user_id]
        sockets.discard(socket)
        if not sockets:
            del self._users[entry.user_id]
        entry.user_id = None


def real_address(connection: HTTPConnection) -> str | None:
    """The client's address, or None where it is that of a proxy nobody told us to trust.

    uvicorn puts the forwarded address in place where the proxy is trusted, and then gives no port. A
    neighbour that forwards for others without being trusted would otherwise share one limit among them all.
    """
    client = connection.client
    if client is None:
        return None
    forwarded = "x-forwarded-for" in connection.headers or "forwarded" in connection.headers
    return None if client.port and forwarded and _near(client.host) else client.host


def _near(host: str) -> bool:
    try:
        return ip_address(host).is_private  # loopback too
    except ValueError:
        return True
