"""Which sentences of which passages answer a question: the whole of an extractive answer, without a model.

Every quoted run is an exact stretch of its passage and is followed at once by its `[n]`, so that a reader and
a test can hold each against its source.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chains.answering.sentences import Unit, looks_like_citation, quotable, units

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chains.retrieval.records import Findings, Hit
    from chains.retrieval.stems import Stemmer

QUOTED_PASSAGES = 3
SENTENCES = (3, 2, 1)  # at most so many from the first, second and third passage
FOLLOWS, SIMILAR = 0.7, 0.8  # a further passage needs this share of the first one's score and similarity
LEAD = (0.5, 0.2, 0.1)  # what standing first, second or third in its passage is worth
NEXT = 0.15  # and standing right after a chosen sentence
LEAST = (0.25, 0.4, 0.5)  # what a further sentence must be worth, by the place of its passage
ANNOUNCED, LONGEST_BLOCK = 6, 800  # what a colon may bring along: list items, and their characters


@dataclass(frozen=True, slots=True)
class Quote:
    """What is quoted from one passage: exact stretches of its text, in order."""

    hit: Hit
    runs: tuple[str, ...]


class Quoter:
    """Chooses the quotes for a question."""

    def __init__(self, stemmer: Stemmer) -> None:
        self._stemmer = stemmer

    def quotes(self, findings: Findings) -> list[Quote]:
        """Return the quotes, best passage first; none where no passage has a sentence that can be quoted."""
        return self._quotes(findings, required=False) or self._quotes(findings, required=True)

    def _quotes(self, findings: Findings, *, required: bool) -> list[Quote]:
        quotes: list[Quote] = []
        said: set[str] = set()
        for hit in _candidates(findings.hits):
            chosen = self._chosen(hit, findings.weights, len(quotes), said, required=required)
            if chosen:
                quotes.append(Quote(hit, runs(hit.text, chosen)))
                said |= {each.text for each in chosen}
            if len(quotes) == QUOTED_PASSAGES:
                break
        return quotes

    def _chosen(
        self, hit: Hit, weights: Mapping[str, float], place: int, said: set[str], *, required: bool
    ) -> list[Unit]:
        cut = units(hit.text)
        usable = [n for n in _usable(cut, required=required) if cut[n].text not in said]
        worth = dict(zip(usable, self._overlaps([cut[n].text for n in usable], weights), strict=True))
        picked: list[int] = []
        while worth and len(picked) < SENTENCES[place]:
            best = max(worth, key=lambda n: _value(n, worth[n], usable, picked))
            value = _value(best, worth.pop(best), usable, picked)
            if (place or picked) and value < LEAST[place]:
                break
            picked.append(best)
        return [cut[n] for n in sorted({more for n in picked for more in completed(cut, n)})]

    def _overlaps(self, texts: Sequence[str], weights: Mapping[str, float]) -> list[float]:
        """Return the share of the question's weighted stems that each text has."""
        total = sum(weights.values()) or 1.0
        stems = self._stemmer.stems(texts)
        return [sum(weights[each] for each in weights.keys() & set(found)) / total for found in stems]


def _candidates(hits: Sequence[Hit]) -> list[Hit]:
    if not hits:
        return []
    first = hits[0]
    return [
        each
        for each in hits
        if each.score >= FOLLOWS * first.score and each.similarity >= SIMILAR * first.similarity
    ]


def _usable(cut: Sequence[Unit], *, required: bool) -> list[int]:
    """Return the places of the sentences that read well; if none does and one is required, of any unit."""
    good = [n for n, each in enumerate(cut) if not each.code and quotable(each.text)]
    if good or not required:
        return good
    return [n for n, each in enumerate(cut) if not looks_like_citation(each.text)]


def _value(number: int, overlap: float, usable: Sequence[int], picked: Sequence[int]) -> float:
    order = usable.index(number)
    lead = LEAD[order] if order < len(LEAD) else 0.0
    return overlap + lead + (NEXT if number - 1 in picked else 0.0)


def completed(cut: Sequence[Unit], number: int) -> list[int]:
    """Return a unit with what it announces by its colon: a code block, or the items of a list."""
    places = [number]
    if not cut[number].text.endswith(":"):
        return places
    for more in range(number + 1, min(number + 1 + ANNOUNCED, len(cut))):
        unit = cut[more]
        if not (unit.code or unit.item) or looks_like_citation(unit.text) or len(unit.text) > LONGEST_BLOCK:
            break
        places.append(more)
        if unit.code:
            break
    return places


def runs(text: str, chosen: Sequence[Unit]) -> tuple[str, ...]:
    """Join units that stand side by side into one stretch of the text."""
    stretches: list[tuple[int, int]] = []
    for unit in chosen:
        if stretches and not text[stretches[-1][1] : unit.start].strip():
            stretches[-1] = (stretches[-1][0], unit.end)
        else:
            stretches.append((unit.start, unit.end))
    return tuple(text[start:end] for start, end in stretches)


def spoken(quotes: Sequence[Quote]) -> str:
    """Return the answer: a paragraph for each passage, each run followed by the passage's number."""
    return "\n\n".join(
        " ".join(cited(run, number) for run in quote.runs) for number, quote in enumerate(quotes, 1)
    )


def cited(run: str, number: int) -> str:
    """Return the run with its citation, which may not stand on the last line of a code block."""
    return f"{run}\n\n[{number}]" if run.endswith(("```", "~~~")) else f"{run} [{number}]"
