"""After the load: what people were shown, what the server holds and what the chain ran must be one story."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from loadtests.expected import said
from loadtests.people.person import Asked
from loadtests.people.seen import Seen
from loadtests.people.wrongs import Wrong
from loadtests.protocol.frames import Frame, is_terminal

MOST_WORDS = 200


@dataclass
class Reckoning:
    """`confirmed` counts answers that were shown to their end and stand in the history just so."""

    confirmed: int = 0
    accepted: int = 0
    runs: int = 0
    violations: Counter[str] = field(default_factory=Counter)
    words: list[str] = field(default_factory=list)

    def violated(self, kind: Wrong, detail: str) -> None:
        self.violations[kind] += 1
        if len(self.words) < MOST_WORDS:
            self.words.append(f"{kind}: {detail}")


def read_runs(record: Path) -> Counter[str]:
    """Count the runs of each question in the record of the scripted chain."""
    if not record.exists():
        return Counter()
    lines = (json.loads(line) for line in record.read_bytes().splitlines())
    return Counter(line["question"] for line in lines if line["event"] == "begin")


def reckon_person(
    found: Reckoning, asked: Iterable[Asked], seen: Seen, history: Iterable[Frame], runs: Counter[str] | None
) -> None:
    """Compare one person's account with the server's; `runs` None: the chain's record is not to be had."""
    held = {message["id"]: message for message in history}
    _compare_sights(found, seen, held)
    answers: dict[str, list[Frame]] = defaultdict(list)
    for message in held.values():
        if message["role"] == "assistant":
            _check_answer(found, message, held)
            answers[held[message["reply_to"]]["content"]].append(message)
    asked = list(asked)
    _check_acks(found, asked, held)
    if runs is not None:
        for question in {each.question for each in asked}:
            _count_runs(found, question, answers[question], runs[question])


def _compare_sights(found: Reckoning, seen: Seen, held: dict[str, Frame]) -> None:
    for sights in seen.sessions.values():
        for id_, sight in sights.items():
            if id_ not in held:
                found.violated(Wrong.VANISHED, id_)
                continue
            wrong = sight.contradiction(held[id_])
            if wrong is not None:
                found.violated(Wrong.REWRITTEN, f"{id_} {wrong}")
            elif sight.role == "assistant" and sight.ended:
                found.confirmed += 1


def _check_answer(found: Reckoning, message: Frame, held: dict[str, Frame]) -> None:
    whole, text = said(held[message["reply_to"]]["content"]) or "", message["content"]
    if not is_terminal(message):
        found.violated(Wrong.OPEN, message["id"])
    elif text != whole[: len(text)] or (message["status"] == "complete" and text != whole):
        found.violated(Wrong.HISTORY, f"{message['id']}: {text[-80:]!r}")


def _check_acks(found: Reckoning, asked: Iterable[Asked], held: dict[str, Frame]) -> None:
    names = Counter(message["client_message_id"] for message in held.values() if message["client_message_id"])
    for each in asked:
        found.accepted += names[each.client_message_id]
        if names[each.client_message_id] > 1:
            found.violated(Wrong.TWICE, each.client_message_id)
        if each.message_id is not None and each.message_id not in held:
            found.violated(Wrong.LOST, each.message_id)


def _count_runs(found: Reckoning, question: str, answers: list[Frame], runs: int) -> None:
    """One run for each answer; it may have come to none if the answer ended before its first word."""
    found.runs += runs
    least = sum(bool(answer["content"]) or answer["status"] == "complete" for answer in answers)
    if not least <= runs <= len(answers):
        found.violated(Wrong.RUNS, f"{runs} runs for {len(answers)} answers to {question!r}")
