"""Whose answers are lost. A process's lease on them is its beat, as others see it grow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

BEAT_S = 5.0
"""So often a process raises its beat, and looks at the others'."""
LEASE_S = 15.0
"""Whoever was seen with the same beat for so long is lost."""
LATE_S = 8.0
"""A look that comes later than this after the one before it tells nothing of the time between them."""

Owner: TypeAlias = str | None


@dataclass(frozen=True, slots=True)
class Lease:
    """An answer that is being written, the process that writes it, and its beat (None if it has none)."""

    message_id: str
    session_id: str
    owner: Owner
    beat: int | None


@dataclass(frozen=True, slots=True)
class Leases:
    """All answers that are being written, and the beats of all processes, in one moment of the database."""

    running: Sequence[Lease]
    beats: Mapping[str, int]


class Watch:
    """What one process has itself seen of the others, in seconds of its own monotonic clock.

    No clocks are compared. An owner is lost when its beat has stood still for a whole lease of looks that
    came in time: while the database was away, or this process was stopped, the owner may have been alive and
    unable to show it, so then the count begins anew.
    """

    def __init__(self) -> None:
        self._seen: dict[Owner, tuple[int | None, float]] = {}
        self._looked: float | None = None

    def look(self, leases: Leases, now: float) -> None:
        """The database was written and read; `now` is just after that."""
        if self._looked is None or now - self._looked > LATE_S:
            self._seen.clear()
        self._looked = now
        beats: dict[Owner, int | None] = {lease.owner: lease.beat for lease in leases.running}
        beats.update(leases.beats)
        self._seen = {owner: self._since(owner, beat, now) for owner, beat in beats.items()}

    def _since(self, owner: Owner, beat: int | None, now: float) -> tuple[int | None, float]:
        before = self._seen.get(owner)
        return before if before is not None and before[0] == beat else (beat, now)

    def failed(self) -> None:
        """The database could not be written or read."""
        self._looked = None

    def lost(self, owner: Owner, beat: int | None, now: float) -> bool:
        """Whether this owner, read with this beat after `now`, is lost."""
        if self._looked is None or now - self._looked > LATE_S:
            return False
        known, since = self._seen.get(owner, (None, now))
        return known == beat and now - since >= LEASE_S
