"""What a chain is told of the past: whole exchanges, the newest that fit."""

from collections.abc import Sequence


def exchanges(past: Sequence[tuple[str, str]], chars: int) -> list[tuple[str, str]]:
    """The newest of these questions and answers, oldest first, that have at most `chars` code points.

    The cut is between exchanges, and nothing older is told behind what did not fit.
    """
    kept: list[tuple[str, str]] = []
    for question, answer in reversed(past):
        chars -= len(question) + len(answer)
        if chars < 0:
            break
        kept.append((question, answer))
    return kept[::-1]
