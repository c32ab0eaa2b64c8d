"""What keeps servers from hearing of each other, in words, and for how long it has been so."""

import time
from collections.abc import Iterable, Iterator

import structlog

log = structlog.get_logger()

CONNECTING = "it is being connected"
WORDS = {
    "AuthenticationError": "it refuses the user or the password",
    "NoPermissionError": "it refuses this user its channels, keys or scripts, which begin with steadychat:",
    "BusyLoadingError": "it is being started",
    "gaierror": "its name is not known",
    "SSLError": "no safe connection to it can be made",
    "ConnectionRefusedError": "nobody listens where it should be",
    "TimeoutError": "it does not answer",
    "ConnectionError": "it cannot be reached",
    "OSError": "it cannot be reached",
}
"""Names of errors, the telling ones first: redis-py wraps those of the system, and has namesakes of some."""


def in_words(error: BaseException) -> str:
    """For people: no address, and no contents."""
    names = {kind.__name__ for each in _chain(error) for kind in type(each).__mro__}
    return next((words for name, words in WORDS.items() if name in names), "it cannot be used")


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


class Trouble:
    """How the connections are. It is logged when trouble comes, changes or goes, not at each attempt."""

    def __init__(self, connections: Iterable[str]) -> None:
        self._reasons: dict[str, str | None] = dict.fromkeys(connections, CONNECTING)
        self._said: str | None = None
        self._since = 0.0

    @property
    def reason(self) -> str | None:
        """None if all of them work."""
        return next((reason for reason in self._reasons.values() if reason is not None), None)

    def expect(self, connection: str) -> None:
        """One more, which has to work too."""
        self._reasons[connection] = CONNECTING

    def came(self, connection: str, error: BaseException) -> None:
        self._reasons[connection] = in_words(error)
        reason = self.reason
        if self._said is None:
            self._since = time.monotonic()
        if reason not in {self._said, CONNECTING}:
            log.error("redis cannot be used", reason=reason, error=type(error).__name__)
            self._said = reason

    def went(self, connection: str) -> None:
        self._reasons[connection] = None
        if self.reason is None and self._said is not None:
            seconds = round(time.monotonic() - self._since, 1)
            log.warning("redis can be used again", reason=self._said, after_s=seconds)
            self._said = None
