"""Holds an answer against its sources, from the text alone, as a reader would."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_SEGMENT = re.compile(r"(.*?)\[(\d+)\]", re.DOTALL)
_SENTENCE = re.compile(r"(?<=[.!?])\s+")


def unfaithful_segments(answer: str, passages: Sequence[str]) -> list[str]:
    """Return the sentences that are not in the passage which the next `[n]` names, word for word.

    A citation that names no passage and text after the last citation are unfaithful too.
    """
    bad: list[str] = []
    end = 0
    for segment in _SEGMENT.finditer(answer):
        end = segment.end()
        place = int(segment.group(2)) - 1
        passage = passages[place] if 0 <= place < len(passages) else ""
        bad += [each for each in _sentences(segment.group(1)) if each not in passage]
    return bad + _sentences(answer[end:])


def _sentences(text: str) -> list[str]:
    return [each for each in _SENTENCE.split(text.strip()) if each]
