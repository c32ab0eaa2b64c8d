"""What somebody searches for, and how what is found is shown."""

import re
from dataclasses import dataclass

from api.core.errors import ChatError, Code
from api.core.words import INDEXED_CHARS, TERM_CHARS, composed, fold, pairs, pattern, runs, unfolded, unspaced

QUERY_CHARS = 1_000
EXCERPT_CHARS = 160
_LEAD_CHARS = 60
_BROKEN_WORD = re.compile(r"^\S*\s+")


@dataclass(frozen=True, slots=True)
class Query:
    """What a message must have to be found: `whole` terms, and for each of `begun` a term that starts so."""

    whole: tuple[str, ...] = ()
    begun: tuple[str, ...] = ()


def parse(text: str) -> Query:
    """All words of `text` are wanted, the last one as a beginning. Raises ChatError (invalid).

    Whatever is no letter and no digit only parts words: there are no operators that could go wrong.
    """
    if len(text) > QUERY_CHARS:
        raise ChatError(
            Code.INVALID,
            f"The search has {len(text):,} characters of {QUERY_CHARS:,} allowed. Search for a few words.",
        )
    found = runs(fold(composed(text)))
    if not found:
        raise ChatError(Code.INVALID, "There is no word to search for. Type some letters or digits.")
    whole: list[str] = []
    begun: list[str] = []
    for number, run in enumerate(found, 1):
        if unspaced(run) and len(run) > 1:
            whole += pairs(run)
        elif unspaced(run) or number == len(found):
            begun.append(run[:TERM_CHARS])
        else:
            whole.append(run[:TERM_CHARS])
    return Query(tuple(dict.fromkeys(whole)), tuple(dict.fromkeys(begun)))


def excerpt(text: str, query: Query) -> str:
    """The surroundings of the longest wanted word, on one line of at most `EXCERPT_CHARS` characters."""
    shown = composed(text[:INDEXED_CHARS])
    place = _place(shown, query)
    start = max(0, place - _LEAD_CHARS)
    lead = shown[start:place]
    if start:
        lead = _BROKEN_WORD.sub("", lead, count=1)
    line = " ".join((lead + shown[place : place + 2 * EXCERPT_CHARS]).split())
    if shown[:start].strip():
        line = f"…{line}"
    whole = len(text) <= place + 2 * EXCERPT_CHARS
    return line if whole and len(line) <= EXCERPT_CHARS else _shortened(line)


def _shortened(line: str) -> str:
    """Ends with a whole word, if there is one in the second half."""
    kept = line[: EXCERPT_CHARS - 1]
    space = kept.rfind(" ", EXCERPT_CHARS // 2)
    return f"{kept[:space] if space > 0 else kept}…"


def _place(shown: str, query: Query) -> int:
    """Where in `shown` the longest of the wanted words stands that is there, which tells most; else 0."""
    folded = fold(shown)
    for term in sorted({*query.whole, *query.begun}, key=len, reverse=True):
        found = pattern(term, begun=term in query.begun).search(folded)
        if found is not None:
            return unfolded(shown, found.start())
    return 0
