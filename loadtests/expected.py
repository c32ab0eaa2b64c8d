"""What the scripted chain says to a question."""

from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate

from chains.script import Fail, Say, Script, read_script, steps


def said(question: str) -> str | None:
    """Return the answer to a question up to where its script fails; None if it is no script."""
    try:
        script = read_script(question)
    except ValueError:
        return None
    parts: list[str] = []
    for step in steps(script):
        if isinstance(step, Fail):
            break
        if isinstance(step, Say):
            parts.append(_text(step.raw))
    return _stored("".join(parts))


def _text(raw: object) -> str:
    if isinstance(raw, dict):
        raw = raw.get("answer", raw.get("chunk", ""))
    return raw if isinstance(raw, str) else ""


def _stored(text: str) -> str:
    """Join surrogates that came apart, and replace what cannot be stored, as the server does."""
    joined = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return joined.replace("\0", "\ufffd")


@dataclass(frozen=True, slots=True)
class Schedule:
    """When the scripted chain says each part of its answer, in seconds after its start."""

    script: Script
    ends: tuple[int, ...]  # where each token ends in the text

    @classmethod
    def of(cls, question: str) -> "Schedule | None":
        """Return the schedule of a question, None if it sets no pace."""
        try:
            script = read_script(question)
        except ValueError:
            return None
        if script.rate <= 0:
            return None
        return cls(script, tuple(accumulate(len(script.token(number)) for number in range(script.tokens))))

    def due(self, place: int) -> float:
        """When the code point at this place is said."""
        number = bisect_right(self.ends, place)
        gap = self.script.gap if 0 <= self.script.gap_at <= number else 0
        return self.script.first_delay + gap + number / self.script.rate
