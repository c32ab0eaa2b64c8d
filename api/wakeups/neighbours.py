"""The other servers, if there are any: how they are told what is committed here, and heard."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from api.core.events import Ended, Event
from api.log.telling import Told
from api.service.ports import Hints, Wakeups
from api.wakeups.agenda import GiveWay, Open
from api.wakeups.local import LocalHints, LocalWakeups
from api.wakeups.relay import Doubt, Heard, RelayedHints, RelayedWakeups, Within, nothing
from api.wakeups.tally import COUNTING, Tally

if TYPE_CHECKING:
    from api.wakeups.bus import Bus

Publish = Callable[[Sequence[Event], Sequence[str]], None]


class Neighbours:
    """Without a bus this server is alone, as far as it can tell."""

    def __init__(self, bus: "Bus | None" = None, database: str = "") -> None:
        """`database`: whoever shares it is a neighbour; others may use the same Redis."""
        self._bus = bus
        self._database = database
        self._channels = channels = None if bus is None else Within(bus, database)
        self._relayed = None if channels is None else RelayedWakeups(channels)
        self.wakeups: Wakeups = self._relayed or LocalWakeups()
        self.hints: Hints = LocalHints() if channels is None else RelayedHints(channels)

    @property
    def any(self) -> bool:
        """Whether there may be others."""
        return self._bus is not None

    @property
    def trouble(self) -> str | None:
        """Why they cannot be reached just now."""
        return None if self._bus is None else self._bus.trouble

    def tally(self, open_here: Open, give_way: GiveWay) -> Tally | None:
        """Counts what is open here together with what is open on the others. Before the start."""
        if self._bus is None:
            return None
        tally = Tally(self._bus, self._bus.name, open_here, give_way, group=self._database)
        self._bus.also(COUNTING, tally.use)
        return tally

    def also_told(self, publish: Publish) -> Publish:
        """Publishes here first, and then to the others."""
        relayed = self._relayed
        if relayed is None:
            return publish

        def both(committed: Sequence[Event], gone: Sequence[str]) -> None:
            publish(committed, gone)
            relayed.publish(committed, gone)

        return both

    def use(self, heard: Heard, doubt: Doubt, ended: Callable[[str], None]) -> None:
        """Who gets what others have committed, and is told which answers they have ended."""
        if self._relayed is None:
            return

        def hear(session_id: str, told: Told) -> None:
            heard(session_id, told)
            for event in told.events:
                if isinstance(event, Ended):
                    ended(event.message_id)

        self._relayed.use(hear, doubt)

    def bell(self, channel: str, rung: Callable[[], None]) -> Callable[[], None]:
        """What rings on the others; `rung` is called when one of them did, or may have. It may be lost."""
        if self._channels is None:
            return nothing

        def hear(_: bytes) -> None:
            rung()

        self._channels.listen(channel, hear, rung)
        return partial(self._channels.say, channel, b"")

    async def start(self) -> None:
        if self._bus is not None:
            await self._bus.start()

    async def close(self) -> None:
        if self._bus is not None:
            await self._bus.close()


def over_redis(url: str, name: str, database: str) -> Neighbours:
    """`name`: this server's own. Raises ValueError for a bad URL, ModuleNotFoundError without the extra."""
    try:
        import redis  # noqa: F401, PLC0415 - the client belongs to an extra
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "Redis needs the client of the extra `scale`: pip install 'steadychat[scale]'"
        ) from error
    from api.wakeups.bus import Bus  # noqa: PLC0415 - as above

    return Neighbours(Bus(url, name=name), database)
