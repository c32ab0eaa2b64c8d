"""Wake-ups and hints among several servers: told to the others, and heard from them."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

from api.core.events import Event
from api.log.telling import Told, dumped, loaded
from api.service.ports import Deliver, Hint, Undo, Wake
from api.wakeups.channels import Hear, Ready
from api.wakeups.hinting import dump_hint, load_hint
from api.wakeups.local import LocalHints, LocalWakeups

Heard = Callable[[str, Told], None]
Doubt = Callable[[str], None]


class Channels(Protocol):
    """What of `api.wakeups.bus.Bus` is used here."""

    def listen(self, channel: str, hear: Hear, ready: Ready) -> Undo: ...

    def say(self, channel: str, message: bytes) -> None: ...


class Within:
    """Channels of one name, apart from all others."""

    def __init__(self, channels: Channels, name: str) -> None:
        self._channels = channels
        self._name = name

    def listen(self, channel: str, hear: Hear, ready: Ready) -> Undo:
        return self._channels.listen(f"{self._name}:{channel}", hear, ready)

    def say(self, channel: str, message: bytes) -> None:
        self._channels.say(f"{self._name}:{channel}", message)


def nothing() -> None:
    """Nobody has to know."""


class RelayedWakeups:
    """Implements `api.service.ports.Wakeups`. What is committed here is told to the others by `publish`.

    `heard` gets what others have committed to a session that is watched here; `doubt` is told of one of which
    something may have been missed.
    """

    def __init__(self, bus: Channels) -> None:
        self._bus = bus
        self._local = LocalWakeups()
        self._watched: dict[str, int] = defaultdict(int)
        self._undo: dict[str, Undo] = {}
        self._heard: Heard | None = None
        self._doubt: Doubt | None = None

    def use(self, heard: Heard, doubt: Doubt) -> None:
        """Whoever hears is woken by this, so one of them comes second."""
        self._heard, self._doubt = heard, doubt

    def wake(self, session_id: str) -> None:
        self._local.wake(session_id)

    def watch(self, session_id: str, wake: Wake) -> Undo:
        undo = self._local.watch(session_id, wake)
        self._watched[session_id] += 1
        if self._watched[session_id] == 1:
            hear, ready = partial(self._hear, session_id), partial(self._missed, session_id)
            self._undo[session_id] = self._bus.listen(_session(session_id), hear, ready)

        def leave() -> None:
            undo()
            self._watched[session_id] -= 1
            if not self._watched[session_id]:
                del self._watched[session_id]
                self._undo.pop(session_id)()

        return leave

    def publish(self, committed: Sequence[Event], gone: Sequence[str] = ()) -> None:
        by_session: dict[str, list[Event]] = {session_id: [] for session_id in gone}
        for event in committed:
            by_session.setdefault(event.session_id, []).append(event)
        for session_id, events in by_session.items():
            # Of one that is gone, or of whose commit nobody knows, the database alone tells the whole.
            self._bus.say(_session(session_id), dumped(Told(events, session_id not in gone)))

    def _hear(self, session_id: str, message: bytes) -> None:
        if self._heard is not None:
            self._heard(session_id, loaded(session_id, message))

    def _missed(self, session_id: str) -> None:
        if self._doubt is not None:
            self._doubt(session_id)


class RelayedHints:
    """Implements `api.service.ports.Hints` for a user's connections to any server."""

    def __init__(self, bus: Channels) -> None:
        self._bus = bus
        self._local = LocalHints()

    def tell(self, user_id: str, hint: Hint) -> None:
        self._local.tell(user_id, hint)
        self._bus.say(_user(user_id), dump_hint(hint))

    def listen(self, user_id: str, deliver: Deliver) -> Undo:
        def hear(message: bytes) -> None:
            hint = load_hint(message)
            if hint is not None:
                deliver(hint)

        undo = self._local.listen(user_id, deliver)
        leave = self._bus.listen(_user(user_id), hear, nothing)

        def both() -> None:
            undo()
            leave()

        return both


def _session(session_id: str) -> str:
    return f"session:{session_id}"


def _user(user_id: str) -> str:
    return f"user:{user_id}"
