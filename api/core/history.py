"""What a chain is told of the past: whole exchanges, the newest that fit."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HistoryLimits:
    """A chain is told of so many exchanges at most, which have at most so many code points."""

    exchanges: int
    chars: int


def exchanges(newest_first: Iterable[tuple[str, str]], chars: int) -> list[tuple[str, str]]:
    """The newest of these questions and answers, oldest first, that have at most `chars` code points.

    The cut is between exchanges, and nothing older is told behind what did not fit; nor is it asked for.
    """
    kept: list[tuple[str, str]] = []
    for question, answer in newest_first:
        chars -= len(question) + len(answer)
        if chars < 0:
            break
        kept.append((question, answer))
    return kept[::-1]
