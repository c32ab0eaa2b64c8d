"""The bodies of the REST door, beside the objects that it shares with the frames."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from api.core.errors import Code
from api.core.lifecycle import Status
from api.core.notes import What
from api.core.records import Verdict
from api.wire.frames import Document, Message, Outgoing, Session

TITLE_CHARS = 200


class Body(BaseModel):
    """A request's body. Unknown fields are ignored, as everywhere in the protocol."""

    model_config = ConfigDict(extra="ignore")


class NewSession(Body):
    title: str | None = Field(default=None, max_length=TITLE_CHARS)
    chain: str | None = None


class Rename(Body):
    title: str = Field(min_length=1, max_length=TITLE_CHARS)


class NewMessage(Body):
    content: str
    client_message_id: str | None = None


class AnyMessage(NewMessage):
    """A send whose session may still have to be made."""

    session_id: str | None = None
    chain: str | None = None


class NewAttempt(Body):
    """A retry of the answer that the path names."""

    client_message_id: str | None = None


class Judgement(Body):
    """What the user thinks of an answer; null takes it back."""

    value: Verdict | None
    comment: str | None = None


class IdentityBody(Outgoing):
    user_id: str
    token: str


class LinkBody(Outgoing):
    """A link that another browser may use, once, until it expires."""

    code: str
    expires_at: datetime


class LinkClaim(Body):
    code: str


class SessionPage(Outgoing):
    sessions: list[Session]
    has_more: bool
    next_cursor: str | None


class MessagePage(Outgoing):
    """Oldest first. `seq` is the log position of the newest page and null on older ones."""

    messages: list[Message]
    next_cursor: str | None
    has_more: bool
    epoch: str
    seq: int | None


class Sent(Outgoing):
    """The whole exchange, once its answer has ended."""

    pending_message_id: str
    user_message: Message
    message: Message
    duplicate: bool


class StoppedBody(Outgoing):
    message_id: str
    status: str


class Hit(Outgoing):
    """A message that a search has found; `excerpt` is plain text."""

    session_id: str
    message_id: str
    index: int
    excerpt: str


class Hits(Outgoing):
    """The best first."""

    hits: list[Hit]


class Place(Outgoing):
    epoch: str
    seq: int


class RecordEvent(Outgoing):
    """Something that happened to a message. Beyond `at` and `what` it has the fields that its kind has."""

    at: datetime
    what: What
    message_id: str | None = None
    seq: int | None = None
    retry_of: str | None = None
    retried_as: str | None = None
    chain: str | None = None
    status: Status | None = None
    generation_time_ms: int | None = None
    code: Code | None = None
    error_id: str | None = None
    door: Literal["websocket", "sse", "rest"] | None = None
    connection: str | None = None
    position: Place | None = None
    end: int | None = None
    recovered: bool | None = None


class Record(Outgoing):
    """What happened to a message, by time."""

    events: list[RecordEvent]


class ChainInfo(Outgoing):
    name: str
    title: str
    description: str
    default: bool


class Chains(Outgoing):
    chains: list[ChainInfo]


class Documents(Outgoing):
    documents: list[Document]


class ProblemBody(Outgoing):
    """`application/problem+json` (RFC 9457) with the protocol's own fields."""

    type: Literal["about:blank"] = "about:blank"
    title: str
    status: int
    detail: str
    code: Code
    message: str
    retryable: bool
    retry_after_ms: int | None = None
    error_id: str | None = None
    message_id: str | None = None
    session_id: str | None = None
    client_message_id: str | None = None
