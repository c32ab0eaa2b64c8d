"""One session as a client follows it: the same rules, as the page's `protocol/conversation`."""

from loadtests.protocol.conversation.acks import Asked
from loadtests.protocol.conversation.reduce import (
    acked,
    connected,
    disconnected,
    heard,
    message_read,
    messages_missing,
    newest_page,
    older_page,
    opened,
    subscribe_failed,
)
from loadtests.protocol.conversation.state import Conversation

__all__ = [
    "Asked",
    "Conversation",
    "acked",
    "connected",
    "disconnected",
    "heard",
    "message_read",
    "messages_missing",
    "newest_page",
    "older_page",
    "opened",
    "subscribe_failed",
]
