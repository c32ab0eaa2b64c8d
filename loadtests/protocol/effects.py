"""What the core wants done by whoever has sockets and a clock."""

from dataclasses import dataclass
from typing import TypeAlias

from loadtests.protocol.frames import Frame


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Follow the session from `position` (epoch, after), or from wherever the server says."""

    session_id: str
    ask_id: str
    position: tuple[str, int] | None
    delay_s: float = 0


@dataclass(frozen=True, slots=True)
class LoadNewest:
    """Request the newest page now, again and again until it comes; it counts only with this ticket."""

    session_id: str
    ticket: int
    delay_s: float = 0


@dataclass(frozen=True, slots=True)
class LoadMessage:
    """Read one message by REST; `mismatch` says that its text did not fit its checksum."""

    session_id: str
    message_id: str
    era: int
    mismatch: bool


@dataclass(frozen=True, slots=True)
class Gone:
    """The session cannot be followed: usually it is not there any more, or was never ours."""

    session_id: str
    error: Frame


@dataclass(frozen=True, slots=True)
class Transmit:
    """Put a message of the outbox on the wire; this is try number `tries` of it."""

    client_message_id: str
    tries: int
    delay_s: float = 0


Effect: TypeAlias = Subscribe | LoadNewest | LoadMessage | Gone | Transmit
