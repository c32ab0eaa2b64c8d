"""What a server has to say of its open WebSockets, and who waits for an answer. Pure, but for the futures."""

from asyncio import Future
from collections.abc import Callable, Iterable, Sequence
from itertools import chain, islice
from typing import NamedTuple, Protocol, TypeAlias

from api.wakeups.counting import OpenAtAddress, OpenOfUser

GiveWay: TypeAlias = Callable[[str, int], None]

USER, ADDRESS = "user:", "address:"
AT_ONCE = 200
"""Of so many users and addresses something is said in one step, which holds nobody up at either end."""


class Open(Protocol):
    """What is open on this server: what of `api.auth.sockets.SocketLimits` is used here."""

    @property
    def per_user(self) -> int: ...

    @property
    def per_address(self) -> int: ...

    def users(self) -> Iterable[str]: ...

    def addresses(self) -> Iterable[str]: ...

    def silent(self, user_id: str) -> Sequence[tuple[int, float]]:
        """The number of each socket, and the seconds since it was heard."""

    def at_address(self, address: str) -> int: ...


def user(user_id: str) -> str:
    """A subject of which something is said. There are many, so it is a text, which no collector looks at."""
    return USER + user_id


def address(name: str) -> str:
    return ADDRESS + name


def name_of(subject: str) -> str:
    """Of a user or an address."""
    return subject.partition(":")[2]


class Batch(NamedTuple):
    """What is said in one step, of each subject in turn, and who waits for it."""

    subjects: Sequence[str]
    said: Sequence[OpenOfUser | OpenAtAddress]
    asking: Sequence[Sequence[Future[bool]]]

    def settle(self, granted: Sequence[int]) -> None:
        """Lets in as many as there is room for at each address, those first who were first."""
        for waiting, room in zip(self.asking, granted, strict=True):
            for place, each in enumerate(waiting):
                if not each.done():
                    each.set_result(place < room)

    def abandon(self) -> None:
        """Nobody has answered: all are let in."""
        self.settle([len(waiting) for waiting in self.asking])


class Agenda:
    """Whatever changes while one batch is on its way goes together in the next."""

    def __init__(self, open_here: Open) -> None:
        self._open = open_here
        self._asking: dict[str, list[Future[bool]]] = {}
        self._changed: dict[str, None] = {}
        self._due: dict[str, None] = {}

    def __bool__(self) -> bool:
        return bool(self._asking or self._changed or self._due)

    def ask(self, name: str, waiting: Future[bool]) -> Callable[[], None]:
        """Whether one more may open at this address, which is counted here already. Returns the undo."""
        subject = address(name)
        self._asking.setdefault(subject, []).append(waiting)

        def leave() -> None:
            others = self._asking.get(subject, [])
            if waiting in others:
                others.remove(waiting)
                if not others:
                    del self._asking[subject]

        return leave

    def change(self, subject: str) -> None:
        self._changed[subject] = None

    def refresh(self) -> None:
        """All has to be said again, after what is more urgent."""
        if self._open.per_user:
            self._due.update(dict.fromkeys(map(user, self._open.users())))
        if self._open.per_address:
            self._due.update(dict.fromkeys(map(address, self._open.addresses())))

    def take(self) -> Batch:
        """The most urgent of it, as it is at this moment."""
        subjects = list(dict.fromkeys(islice(chain(self._asking, self._changed, self._due), AT_ONCE)))
        asking = {each: self._asking.pop(each) for each in subjects if each in self._asking}
        said = [self._said(each, len(asking.get(each, ()))) for each in subjects]
        for each in subjects:
            self._changed.pop(each, None)
            self._due.pop(each, None)
        return Batch(subjects, said, list(asking.values()))

    def clear(self) -> None:
        """Nobody hears it: whoever waits is let in."""
        Batch((), (), list(self._asking.values())).abandon()
        for waiting in (self._asking, self._changed, self._due):
            waiting.clear()

    def _said(self, subject: str, asking: int) -> OpenOfUser | OpenAtAddress:
        name = name_of(subject)
        if subject.startswith(ADDRESS):
            here = self._open.at_address(name)
            return OpenAtAddress(self._open.per_address, here - asking, asking)
        silent = [(number, int(1000 * seconds)) for number, seconds in self._open.silent(name)]
        return OpenOfUser(self._open.per_user, silent)
