"""What people, and the reckoning after them, find wrong; a client's own list is `protocol.verify.Kind`."""

from enum import StrEnum


class Wrong(StrEnum):
    SHOWN = "something was shown otherwise than before"
    SAID = "an answer is not what the chain said"
    FAILED = "an answer failed without a reason"
    TABS = "two tabs of one session differ"
    REFUSED = "a refusal without a reason"
    ENDLESS = "something that people waited for never came"
    BROKEN = "a client broke"
    UNREAD = "a history cannot be read"
    OPEN = "an answer has no end in the history"
    HISTORY = "the history is not what the chain said"
    VANISHED = "what was shown is not in the history"
    REWRITTEN = "the history differs from what was shown"
    LOST = "what was accepted is not in the history"
    TWICE = "one send was accepted twice"
    RUNS = "the chain did not run once for one send"
