"""What a chain is told of the past: whole exchanges, the newest that fit."""

from collections.abc import Sequence

from api.core.lifecycle import Role, Status
from api.core.records import Message

_TOLD = frozenset({Status.COMPLETE, Status.CANCELLED})


def exchanges(messages: Sequence[Message], limit: int, chars: int) -> list[tuple[str, str]]:
    """Question and shown answer of each exchange, oldest first.

    Only answers that are complete, or were cancelled with some text, count. At most `limit` messages and
    `chars` code points are kept, cut between exchanges.
    """
    answers = {message.reply_to: message for message in messages if message.role is Role.ASSISTANT}
    kept: list[tuple[str, str]] = []
    for question in reversed(messages):
        answer = answers.get(question.id)
        if (
            question.role is not Role.USER
            or answer is None
            or answer.status not in _TOLD
            or not answer.content
        ):
            continue
        chars -= len(question.content) + len(answer.content)
        if chars < 0 or len(kept) * 2 + 2 > limit:
            break
        kept.append((question.content, answer.content))
    return kept[::-1]
