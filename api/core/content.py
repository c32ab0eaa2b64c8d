"""What a message, and a comment on one, may hold."""

import re

from api.core.errors import ChatError, Code

COMMENT_CHARS = 2_000
_PRINTABLE_ASCII = re.compile(r"[\x20-\x7e]{1,128}")
_HALF_A_CHARACTER = re.compile("[\ud800-\udfff]")


def check_client_message_id(client_message_id: str | None) -> None:
    """Raises ChatError (invalid) unless it is absent or an id that can be kept."""
    if client_message_id is not None and not _PRINTABLE_ASCII.fullmatch(client_message_id):
        raise ChatError(Code.INVALID, "client_message_id must be 1 to 128 printable ASCII characters.")


def check_content(content: str, most_chars: int) -> None:
    """Raises ChatError (invalid, bad_json or too_large) with what to do; `most_chars` 0 means no limit."""
    if not content.strip():
        raise ChatError(Code.INVALID, "The message is empty. Write something first.")
    if "\0" in content:
        raise ChatError(Code.INVALID, "The message contains a NUL character. Remove it and send again.")
    if _HALF_A_CHARACTER.search(content):
        raise ChatError(Code.BAD_JSON, "The message contains half a character. Send whole ones.")
    if most_chars and len(content) > most_chars:
        raise ChatError(
            Code.TOO_LARGE,
            f"The message has {len(content):,} characters of {most_chars:,} allowed. Shorten it or split it.",
        )


def check_comment(comment: str | None) -> None:
    """Raises ChatError (invalid or too_large) unless it is absent or a comment that can be kept."""
    if comment is None:
        return
    if "\0" in comment:
        raise ChatError(Code.INVALID, "The comment contains a NUL character. Remove it and send again.")
    if len(comment) > COMMENT_CHARS:
        raise ChatError(
            Code.TOO_LARGE,
            f"The comment has {len(comment):,} characters of {COMMENT_CHARS:,} allowed. Shorten it.",
        )
