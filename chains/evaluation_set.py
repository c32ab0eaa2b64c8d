"""An evaluation set as files: `corpus.jsonl`, `questions.jsonl`, `unanswerable.jsonl`."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chains.retrieval.records import Passage
from chains.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CORPUS, QUESTIONS, UNANSWERABLE = "corpus.jsonl", "questions.jsonl", "unanswerable.jsonl"


class BadEvalSet(Exception):
    """A set cannot be used; the text is one line that names the file, and the line where there is one."""


@dataclass(frozen=True, slots=True)
class Item:
    """A passage of the corpus."""

    id: str
    passage: Passage


@dataclass(frozen=True, slots=True)
class Labelled:
    """A question, and the ids of the passages that answer it."""

    question: str
    relevant: frozenset[str]


@dataclass(frozen=True, slots=True)
class EvalSet:
    """A whole set; `digest` is of the corpus."""

    corpus: list[Item]
    questions: list[Labelled]
    unanswerable: list[str]
    digest: str


def read_set(folder: Path) -> EvalSet:
    """Read and check the three files. Raises `BadEvalSet`."""
    if not folder.is_dir():
        raise BadEvalSet(f"{folder} is no folder: name one with {CORPUS}, {QUESTIONS} and {UNANSWERABLE}")
    corpus = [_item(each) for each in _lines(folder / CORPUS)]
    known = _unique(corpus, folder / CORPUS)
    questions = [_labelled(each, known) for each in _lines(folder / QUESTIONS)]
    unanswerable = [_question(each) for each in _lines(folder / UNANSWERABLE)]
    content = "\0".join(f"{each.id}\0{each.passage.embedded_text}" for each in corpus)
    return EvalSet(corpus, questions, unanswerable, hashlib.sha256(content.encode()).hexdigest())


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of a file, which knows where it stands."""

    file: Path
    number: int
    fields: dict[str, Any]  # Any: JSON

    def text(self, *names: str) -> str:
        """Return the first of these fields that is there and no blank text."""
        for name in names:
            value = self.fields.get(name)
            if isinstance(value, str) and value.strip():
                return clean(value)
        raise self.bad(f"has no text in {' or '.join(map(repr, names))}")

    def bad(self, problem: str) -> BadEvalSet:
        return BadEvalSet(f"{self.file}, line {self.number}: {problem}")


def _lines(file: Path) -> Iterator[_Line]:
    try:
        content = file.read_bytes().splitlines()
    except OSError as error:
        raise BadEvalSet(f"{file}: {error.strerror or error}") from error
    numbered = [(number, each) for number, each in enumerate(content, 1) if each.strip()]
    if not numbered:
        raise BadEvalSet(f"{file}: it holds no lines")
    for number, each in numbered:
        yield _Line(file, number, _object(file, number, each))


def _object(file: Path, number: int, line: bytes) -> dict[str, Any]:  # Any: JSON
    try:
        found = json.loads(line)
    except ValueError as error:
        raise BadEvalSet(f"{file}, line {number}: it is not JSON ({error})") from error
    if not isinstance(found, dict):
        raise BadEvalSet(f"{file}, line {number}: it is no JSON object")
    return found


def _item(line: _Line) -> Item:
    title = line.fields.get("title")
    passage = Passage(clean(title) if isinstance(title, str) else "", line.text("text"))
    return Item(line.text("_id"), passage)


def _unique(corpus: list[Item], file: Path) -> frozenset[str]:
    seen: set[str] = set()
    for each in corpus:
        if each.id in seen:
            raise BadEvalSet(f"{file}: two passages have the _id {each.id!r}")
        seen.add(each.id)
    return frozenset(seen)


def _question(line: _Line) -> str:
    return line.text("question_ctx", "question")


def _labelled(line: _Line, known: frozenset[str]) -> Labelled:
    relevant = line.fields.get("relevant")
    if not isinstance(relevant, list) or not relevant or not all(isinstance(each, str) for each in relevant):
        raise line.bad("'relevant' is no list of passage ids")
    unknown = [each for each in relevant if each not in known]
    if unknown:
        raise line.bad(f"'relevant' names {unknown[0]!r}, which the corpus does not have")
    return Labelled(_question(line), frozenset(relevant))
