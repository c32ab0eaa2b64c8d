"""Wake-ups and hints inside one process."""

from collections.abc import Callable
from typing import Generic, TypeVar

from api.service.ports import Deliver, Hint, Undo, Wake

F = TypeVar("F", bound=Callable[..., object])


class _Listeners(Generic[F]):
    """Callbacks by key; whoever registered gets a function that takes it back."""

    def __init__(self) -> None:
        self._by_key: dict[str, dict[object, F]] = {}

    def add(self, key: str, callback: F) -> Undo:
        token = object()
        self._by_key.setdefault(key, {})[token] = callback

        def undo() -> None:
            callbacks = self._by_key.get(key, {})
            callbacks.pop(token, None)
            if not callbacks:
                self._by_key.pop(key, None)

        return undo

    def of(self, key: str) -> tuple[F, ...]:
        return tuple(self._by_key.get(key, {}).values())


class LocalWakeups:
    def __init__(self) -> None:
        self._followers: _Listeners[Wake] = _Listeners()

    def wake(self, session_id: str) -> None:
        for wake in self._followers.of(session_id):
            wake()

    def watch(self, session_id: str, wake: Wake) -> Undo:
        return self._followers.add(session_id, wake)


class LocalHints:
    def __init__(self) -> None:
        self._connections: _Listeners[Deliver] = _Listeners()

    def tell(self, user_id: str, hint: Hint) -> None:
        for deliver in self._connections.of(user_id):
            deliver(hint)

    def listen(self, user_id: str, deliver: Deliver) -> Undo:
        return self._connections.add(user_id, deliver)
