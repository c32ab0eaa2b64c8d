"""How good are retrieval, answers and refusals on a set of questions: behind `steadychat eval FOLDER`."""

from __future__ import annotations

import math
import statistics
import time
from dataclasses import asdict, dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from chains.answering.quoting import Quote, Quoter, spoken
from chains.evaluation_set import EvalSet, Labelled, read_set
from chains.faithfulness import unfaithful_segments
from chains.retrieval.index import Index
from chains.retrieval.judgement import answerable, confidence
from chains.retrieval.records import Document, Findings
from chains.retrieval.retriever import PASSAGES, Retriever
from chains.retrieval.stems import Stemmer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from chains.model import JSONValue

RANKED, HIT = 10, 5
SPEED_SAMPLE = 64  # passages embedded again to measure the speed when all vectors were cached
DOCUMENT = "evaluation"


@dataclass(frozen=True, slots=True)
class EvalResult:
    """The figures of one evaluation; rates and scores from 0 to 1, times in milliseconds.

    `unfaithful` counts quoted sentences that are not in the passage their citation names; `brier` compares
    the confidence with whether a quoted passage is labelled as an answer.
    """

    passages: int
    questions: int
    unanswerable: int
    ndcg10: float
    hit5: float
    declined: int
    declined_rate: float
    wrongly_declined: int
    wrongly_declined_rate: float
    cited_relevant: float
    unfaithful: int
    brier: float
    query_ms_p50: float
    query_ms_p95: float
    passages_per_s: float

    def as_json(self) -> dict[str, JSONValue]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What one question met."""

    ranking: list[str]
    cited: list[str]
    answered: bool
    unfaithful: int
    confidence: float
    milliseconds: float


def evaluate(
    folder: Path,
    *,
    cache_dir: Path,
    progress: Callable[[str, float], None] | None = None,
    index: Callable[[Path], Index] = Index,
) -> EvalResult:
    """Ask all questions of a set, through the retriever and the answerer that serve chats.

    Vectors are kept in `cache_dir` by content. `progress` is told a stage and its share, 0 to 1. Raises
    `BadEvalSet`.
    """
    tell = progress or (lambda _stage, _share: None)
    found = read_set(folder)
    cache_dir.mkdir(parents=True, exist_ok=True)
    opened = index(cache_dir / "evaluation.db")
    speed = _fill(opened, found, lambda share: tell("embedding", share))
    retriever = Retriever(opened)
    try:
        asker = _Asker(retriever, [each.id for each in found.corpus])
        asked = _ask(asker, [each.question for each in found.questions], lambda share: tell("asking", share))
        refused = _ask(asker, found.unanswerable, lambda share: tell("declining", share))
    finally:
        retriever.close()
    return _result(found, asked, refused, speed)


def _fill(index: Index, found: EvalSet, tell: Callable[[float], None]) -> float:
    """Bring the corpus into the index; return the passages embedded in a second."""
    if not index.holds(DOCUMENT, found.digest):
        document = Document(DOCUMENT, "Evaluation", "corpus.jsonl", "application/jsonl", found.digest, 0)
        index.put(document, [each.passage for each in found.corpus], tell)
    sample = [each.passage.embedded_text for each in islice(found.corpus, SPEED_SAMPLE)]
    start = time.perf_counter()
    embedded = sum(1 for _ in index.embedder.embed_passages(sample))
    return embedded / max(time.perf_counter() - start, 1e-9)


class _Asker:
    def __init__(self, retriever: Retriever, ids: Sequence[str]) -> None:
        self._retriever = retriever
        self._quoter = Quoter(Stemmer())
        self._ids = ids

    def ask(self, question: str) -> _Outcome:
        start = time.perf_counter()
        ranked = self._retriever.search(question, RANKED)
        findings = replace(ranked, hits=ranked.hits[:PASSAGES])  # what a chat sees of it
        quotes = self._quotes(findings)
        milliseconds = (time.perf_counter() - start) * 1000
        return _Outcome(
            ranking=[self._ids[hit.ordinal] for hit in ranked.hits],
            cited=[self._ids[each.hit.ordinal] for each in quotes],
            answered=bool(quotes),
            unfaithful=len(unfaithful_segments(spoken(quotes), [each.hit.text for each in quotes])),
            confidence=confidence(findings),
            milliseconds=milliseconds,
        )

    def _quotes(self, findings: Findings) -> list[Quote]:
        return self._quoter.quotes(findings) if answerable(findings) else []


def _ask(asker: _Asker, questions: Sequence[str], tell: Callable[[float], None]) -> list[_Outcome]:
    outcomes = []
    for number, question in enumerate(questions, 1):
        outcomes.append(asker.ask(question))
        tell(number / len(questions))
    return outcomes


def _result(
    found: EvalSet, asked: Sequence[_Outcome], refused: Sequence[_Outcome], speed: float
) -> EvalResult:
    labelled = list(zip(found.questions, asked, strict=True))
    right = [_cites_relevant(*each) for each in labelled] + [False] * len(refused)
    everyone = [*asked, *refused]
    times = sorted(each.milliseconds for each in everyone)
    declined = sum(not each.answered for each in refused)
    wrongly = sum(not each.answered for each in asked)
    return EvalResult(
        passages=len(found.corpus),
        questions=len(asked),
        unanswerable=len(refused),
        ndcg10=_mean([ndcg(each.ranking, question.relevant) for question, each in labelled]),
        hit5=_mean([bool(question.relevant & set(each.ranking[:HIT])) for question, each in labelled]),
        declined=declined,
        declined_rate=_share(declined, refused),
        wrongly_declined=wrongly,
        wrongly_declined_rate=_share(wrongly, asked),
        cited_relevant=_mean(right[: len(asked)]),
        unfaithful=sum(each.unfaithful for each in everyone),
        brier=_mean([(each.confidence - truth) ** 2 for each, truth in zip(everyone, right, strict=True)]),
        query_ms_p50=_percentile(times, 0.5),
        query_ms_p95=_percentile(times, 0.95),
        passages_per_s=round(speed, 1),
    )


def ndcg(ranking: Sequence[str], relevant: frozenset[str]) -> float:
    """Return the normalised discounted cumulative gain of the first ten, for labels of yes and no."""
    gain = sum(1 / math.log2(place + 2) for place, each in enumerate(ranking[:RANKED]) if each in relevant)
    return gain / sum(1 / math.log2(place + 2) for place in range(min(RANKED, len(relevant))))


def _cites_relevant(question: Labelled, outcome: _Outcome) -> bool:
    return bool(question.relevant & set(outcome.cited))


def _mean(values: Sequence[float]) -> float:
    return round(statistics.fmean(values), 4) if values else 0.0


def _share(count: int, of: Sequence[object]) -> float:
    return round(count / len(of), 4) if of else 0.0


def _percentile(ascending: Sequence[float], share: float) -> float:
    if not ascending:
        return 0.0
    return round(ascending[min(int(share * len(ascending)), len(ascending) - 1)], 2)
