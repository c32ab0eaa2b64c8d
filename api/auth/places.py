"""Places for WebSockets, by the limits of this server alone or of all servers together."""

from collections.abc import Callable, Hashable
from typing import Generic, Protocol, TypeAlias, TypeVar

from api.auth.sockets import SocketLimits

S = TypeVar("S", bound=Hashable)


class Tally(Protocol):
    """Counts what all servers have open. Whenever it cannot tell, there is room."""

    async def room(self, at: str) -> bool:
        """Whether one more may open at this address, which is counted on this server already."""

    def user_changed(self, user_id: str) -> None: ...

    def address_changed(self, at: str) -> None: ...


GiveWay: TypeAlias = Callable[[str, int], None]
MakeTally: TypeAlias = Callable[[SocketLimits[S], GiveWay], Tally | None]


class Places(Generic[S]):
    """`full` is given each socket that has to give way to another one, opened here or on another server.

    Where others have to be asked, a user may have one socket too many for the time that it takes.
    """

    def __init__(self, limits: SocketLimits[S], tally: MakeTally[S], full: Callable[[S], None]) -> None:
        self._limits = limits
        self._full = full
        self._tally = tally(limits, self._give_way)
        self.touch = limits.touch
        """The socket's client has said something."""

    def __len__(self) -> int:
        """How many are open here."""
        return len(self._limits)

    async def admit(self, address: str | None, socket: S) -> bool:
        """Whether one more socket of this address may open; it then counts until `leave`."""
        if not self._limits.admit(address, socket):
            return False
        if self._tally is None or address is None or await self._tally.room(address):
            return True
        self._limits.leave(socket)
        return False

    def enter(self, user_id: str, socket: S) -> None:
        """The admitted socket is this user's."""
        rival = self._limits.enter(user_id, socket)
        if rival is not None:
            self._full(rival)
        if self._tally is not None:
            self._tally.user_changed(user_id)

    def leave(self, socket: S) -> None:
        """The socket is closed, if it ever was open."""
        user_id, address = self._limits.leave(socket)
        if self._tally is not None and user_id is not None:
            self._tally.user_changed(user_id)
        if self._tally is not None and address is not None:
            self._tally.address_changed(address)

    def _give_way(self, user_id: str, number: int) -> None:
        socket = self._limits.give_way(user_id, number)
        if socket is not None:
            self._full(socket)
