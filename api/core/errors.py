"""Every error a person or a client can meet, in one table."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Code(StrEnum):
    BAD_JSON = "bad_json"
    BAD_FRAME = "bad_frame"
    UNKNOWN_TYPE = "unknown_type"
    INVALID = "invalid"
    TOO_LARGE = "too_large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    UNKNOWN_CHAIN = "unknown_chain"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    TOKEN_EXPIRED = "token_expired"  # noqa: S105 - the name of a code, not a secret
    NOT_FOUND = "not_found"
    IDEMPOTENCY_CONFLICT = "idempotency_conflict"
    SESSION_BUSY = "session_busy"
    NOT_LATEST = "not_latest"
    RATE_LIMITED = "rate_limited"
    TOO_MANY_CONNECTIONS = "too_many_connections"
    OVERLOADED = "overloaded"
    STORAGE_UNAVAILABLE = "storage_unavailable"
    CHAIN_FAILED = "chain_failed"
    CHAIN_TIMEOUT = "chain_timeout"
    OUTPUT_LIMIT = "output_limit"
    INTERRUPTED = "interrupted"
    UNSUPPORTED_VERSION = "unsupported_version"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class Rule:
    """How a code travels: `http` status, WebSocket `close` code, whether to try again, and its words."""

    message: str
    http: int | None = None
    close: int | None = None
    retryable: bool = False


TABLE: Mapping[Code, Rule] = {
    Code.BAD_JSON: Rule("This is not valid JSON. Send one JSON object encoded in UTF-8.", 422),
    Code.BAD_FRAME: Rule(
        "This request does not have the expected fields. Compare it with the protocol page.", 422
    ),
    Code.UNKNOWN_TYPE: Rule("This server does not know that type of frame. Use one from the protocol page."),
    Code.INVALID: Rule("A value is not allowed here. Correct it and send it again.", 422),
    Code.TOO_LARGE: Rule("This is larger than the server accepts. Send less at a time.", 413, 1009),
    Code.UNSUPPORTED_MEDIA_TYPE: Rule(
        "This kind of file cannot be read. Use Markdown, plain text, HTML or PDF.", 415
    ),
    Code.UNKNOWN_CHAIN: Rule(
        "There is no chain of that name. Ask /api/chat/chains which ones are served.", 422
    ),
    Code.UNAUTHORIZED: Rule(
        "The server does not know who you are. Reload the page or sign in again.", 401, 4501
    ),
    Code.FORBIDDEN: Rule("You may not do this here. Ask whoever runs this server.", 403),
    Code.TOKEN_EXPIRED: Rule("Your sign-in has expired. Sign in again to go on.", 401, 4003, retryable=True),
    Code.NOT_FOUND: Rule("There is no such thing, or it is not yours. It may have been deleted.", 404),
    Code.IDEMPOTENCY_CONFLICT: Rule(
        "This client_message_id was already used for a different request. Use a new one.", 409
    ),
    Code.SESSION_BUSY: Rule(
        "An answer is still being written here. Wait for it or stop it.", 409, retryable=True
    ),
    Code.NOT_LATEST: Rule("Only the newest answer of a session can be tried again. Ask anew instead.", 409),
    Code.RATE_LIMITED: Rule("That was too much at once. Wait a moment and try again.", 429, retryable=True),
    Code.TOO_MANY_CONNECTIONS: Rule(
        "Too many connections are open. Close other tabs and come back.", 429, 4504, retryable=True
    ),
    Code.OVERLOADED: Rule(
        "The server takes no new messages right now. Try again shortly.", 503, 1013, retryable=True
    ),
    Code.STORAGE_UNAVAILABLE: Rule(
        "The server cannot reach its storage right now. Try the same again shortly; that is safe.",
        503,
        retryable=True,
    ),
    Code.CHAIN_FAILED: Rule("The answer broke off because of an error. Try again.", retryable=True),
    Code.CHAIN_TIMEOUT: Rule("The answer took too long and was ended. Try again.", retryable=True),
    Code.OUTPUT_LIMIT: Rule("The answer grew too long and was ended. Ask for something shorter."),
    Code.INTERRUPTED: Rule("The server had to leave before the answer was whole. Try again.", retryable=True),
    Code.UNSUPPORTED_VERSION: Rule("This server speaks protocol version 1. Reload the page.", None, 4502),
    Code.INTERNAL: Rule(
        "Something went wrong on the server. Try again; it has been noted.", 500, 1011, retryable=True
    ),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """An error as it is shown and stored: written for a person, without internals."""

    code: Code
    message: str
    retryable: bool
    retry_after_ms: int | None = None
    error_id: str | None = None


@dataclass
class ChatError(Exception):
    """A request that is refused, with the ids that it concerns. `message` replaces the table's words."""

    code: Code
    message: str = ""
    retry_after_ms: int | None = None
    error_id: str | None = None
    ids: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__(self.code, self.message)

    @property
    def rule(self) -> Rule:
        return TABLE[self.code]

    @property
    def problem(self) -> Problem:
        return Problem(
            self.code,
            self.message or self.rule.message,
            self.rule.retryable,
            self.retry_after_ms,
            self.error_id,
        )
