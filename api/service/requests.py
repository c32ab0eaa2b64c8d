"""What asks for an answer, and what comes of it when it is accepted."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from api.core.events import Ended
from api.core.lifecycle import Status
from api.core.records import Message, Position, Session


@dataclass(frozen=True, slots=True)
class SendRequest:
    """A message to be accepted. Without `session_id` a session is made, on `chain` or the default one."""

    user_id: str
    content: str
    client_message_id: str
    session_id: str | None = None
    chain: str | None = None


@dataclass(frozen=True, slots=True)
class RetryRequest:
    """A new attempt to be made at an answer. With `session_id` it must be one of that session."""

    user_id: str
    message_id: str
    client_message_id: str
    session_id: str | None = None


AnswerRequest: TypeAlias = SendRequest | RetryRequest


@dataclass(frozen=True, slots=True)
class Accepted:
    """A question and the answer that an acceptance (or its repetition, `duplicate`) made; it is durable.

    `before` is the log's position just before the answer's own `message` event. `session` is the session as
    the acceptance left it, and `past` what its chain is told of earlier: questions with their answers, oldest
    first. A repetition has neither.
    """

    client_message_id: str
    chain: str
    question: Message
    pending_message_id: str
    status: Status
    before: Position
    duplicate: bool
    session: Session | None = field(default=None, compare=False)
    past: Sequence[tuple[str, str]] = field(default=(), compare=False, repr=False)

    @property
    def session_id(self) -> str:
        return self.question.session_id

    @property
    def user_message_id(self) -> str:
        return self.question.id

    @property
    def index(self) -> int:
        return self.question.index


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an answer stands after it was to be ended; `ended` and `session` if it was ended by that.

    `session` is the session as the end left it.
    """

    status: Status
    ended: Ended | None = None
    session: Session | None = None
