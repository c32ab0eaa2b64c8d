"""The frames of the protocol and the objects in them, as the wire knows them.

The browser's types are generated from these models; see `api.wire.schema`.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.core.errors import Code
from api.core.lifecycle import Role, Status

PROTOCOL = 1
HEARTBEAT_S = 30

RequestId = Annotated[str, Field(max_length=64)]
EndStatus = Literal[Status.COMPLETE, Status.CANCELLED]
BrokenStatus = Literal[Status.FAILED, Status.INTERRUPTED]


class Incoming(BaseModel):
    """A client's frame. Unknown fields are ignored."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)
    id: RequestId | None = None


class Hello(Incoming):
    type: Literal["hello"]
    protocol: int
    token: str | None = None


class Send(Incoming):
    type: Literal["send"]
    content: str
    session_id: str | None = None
    client_message_id: str | None = None
    chain: str | None = None


class Retry(Incoming):
    """A new attempt at the newest answer of its session, named by `message_id`."""

    type: Literal["retry"]
    message_id: str
    client_message_id: str | None = None


class Stop(Incoming):
    type: Literal["stop"]
    message_id: str


class Subscribe(Incoming):
    type: Literal["subscribe"]
    session_id: str
    epoch: str | None = None
    after: Annotated[int, Field(ge=0)] | None = None


class Unsubscribe(Incoming):
    type: Literal["unsubscribe"]
    session_id: str


class Ping(Incoming):
    type: Literal["ping"]


ClientFrame = Annotated[
    Hello | Send | Retry | Stop | Subscribe | Unsubscribe | Ping, Field(discriminator="type")
]


class Outgoing(BaseModel):
    model_config = ConfigDict(frozen=True)


class Source(Outgoing):
    """A passage that the answer rests on; `[n]` in the text is the n-th of them."""

    id: str
    title: str | None
    uri: str | None
    excerpt: str
    score: float | None
    location: dict[str, Any] | None  # whatever the chain says: a page, a line


class ErrorBody(Outgoing):
    code: Code
    message: str
    retryable: bool
    retry_after_ms: int | None = None
    error_id: str | None = None


class Message(Outgoing):
    id: str
    session_id: str
    index: int
    role: Role
    content: str
    status: Status
    client_message_id: str | None
    reply_to: str | None
    retry_of: str | None
    sources: list[Source]
    confidence: float | None
    generation_time_ms: int | None
    error: ErrorBody | None
    created_at: datetime
    completed_at: datetime | None


class Session(Outgoing):
    id: str
    title: str
    chain: str
    revision: int
    created_at: datetime
    updated_at: datetime
    message_count: int
    last_message_preview: str


class Document(Outgoing):
    id: str
    title: str
    filename: str
    media_type: str
    bytes: int
    status: Literal["queued", "indexing", "indexed", "failed"]
    progress: float
    passages: int
    error: str | None
    created_at: datetime


class Limits(Outgoing):
    """What this server accepts; 0 means no limit."""

    message_chars: int
    frame_bytes: int
    messages_per_minute: int
    generations_per_user: int
    sessions_per_connection: int


class Reply(Outgoing):
    """Answers one request and carries its `id` if it had one."""

    id: str | None = None


class Welcome(Reply):
    type: Literal["welcome"] = "welcome"
    protocol: int = PROTOCOL
    heartbeat_s: int = HEARTBEAT_S
    limits: Limits
    user_id: str


class Ack(Reply):
    type: Literal["ack"] = "ack"
    client_message_id: str
    session_id: str
    epoch: str
    index: int
    user_message_id: str
    pending_message_id: str
    status: Status
    duplicate: bool


class Subscribed(Reply):
    type: Literal["subscribed"] = "subscribed"
    session_id: str
    epoch: str
    seq: int
    end: int
    recovered: bool


class MessageFrame(Outgoing):
    type: Literal["message"] = "message"
    session_id: str
    seq: int
    message: Message


class Token(Outgoing):
    """`from` to `seq` are the events joined in this frame; `at` is the offset of `content` in the answer."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)
    type: Literal["token"] = "token"
    session_id: str
    message_id: str
    content: str
    at: int
    from_: int = Field(alias="from")
    seq: int


class Done(Outgoing):
    type: Literal["done"] = "done"
    session_id: str
    message_id: str
    status: EndStatus
    sources: list[Source]
    confidence: float | None
    generation_time_ms: int | None
    length: int
    crc32: str
    seq: int


class ErrorFrame(Outgoing):
    """With `seq` it ends a message; without, it answers the request named in `request`."""

    type: Literal["error"] = "error"
    code: Code
    message: str
    retryable: bool
    retry_after_ms: int | None = None
    error_id: str | None = None
    id: str | None = None
    request: str | None = None
    client_message_id: str | None = None
    session_id: str | None = None
    message_id: str | None = None
    seq: int | None = None
    status: BrokenStatus | None = None
    length: int | None = None
    crc32: str | None = None
    generation_time_ms: int | None = None


class Stopped(Reply):
    type: Literal["stopped"] = "stopped"
    message_id: str
    status: Status


class StatusFrame(Outgoing):
    """A hint about what a running answer is doing. Not logged, may be lost."""

    type: Literal["status"] = "status"
    session_id: str
    message_id: str
    stage: str


class SessionFrame(Outgoing):
    """A hint: one of the user's sessions changed (`session`) or went (`session_id` and `deleted`)."""

    type: Literal["session"] = "session"
    session: Session | None = None
    session_id: str | None = None
    deleted: Literal[True] | None = None


class DocumentFrame(Outgoing):
    type: Literal["document"] = "document"
    document: Document


class Pong(Reply):
    type: Literal["pong"] = "pong"


class Draining(Outgoing):
    type: Literal["draining"] = "draining"
    retry_after_ms: int


ServerFrame = Annotated[
    Welcome
    | Ack
    | Subscribed
    | MessageFrame
    | Token
    | Done
    | ErrorFrame
    | Stopped
    | StatusFrame
    | SessionFrame
    | DocumentFrame
    | Pong
    | Draining,
    Field(discriminator="type"),
]
