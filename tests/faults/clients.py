"""What verifying clients had been told, and showed, when the server died."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from loadtests.client import Answer, ChatClient
from tests.faults.oracle import Shown

if TYPE_CHECKING:
    import asyncio


def shown(answer: Answer, question: str) -> Shown:
    """What a client shows in the end, for the oracle."""
    return Shown(answer.session_id, answer.id, answer.client_message_id, question, answer.text, answer.status)


@dataclass(frozen=True)
class AtDeath:
    """The ids of answers by the id of their message, and texts by the id of the answer."""

    acknowledged: Mapping[str, str]
    shown: Mapping[str, str]

    @classmethod
    def of(cls, clients: Sequence[ChatClient], asked: "Mapping[str, asyncio.Task[Answer]]") -> "AtDeath":
        """`asked` by `client_message_id`; of what has ended by now the task knows, of the rest the client."""
        acknowledged = {name: task.result().id for name, task in asked.items() if task.done()}
        shown = {task.result().id: task.result().text for task in asked.values() if task.done()}
        for client in clients:
            core = client._driver.core
            for entry in core.outbox.entries.values():
                if entry.ack is not None:
                    acknowledged[entry.client_message_id] = entry.ack["pending_message_id"]
            for state in core.conversations.values():
                shown |= {
                    row.message["id"]: str(row.text)
                    for row in state.rows.values()
                    if row.message["role"] == "assistant"
                }
        return cls(acknowledged, shown)

    def missing(self, answers: Sequence[Answer]) -> list[str]:
        """What was acknowledged or shown, and is not among the answers in the end."""
        found = []
        for answer in answers:
            name = answer.client_message_id
            known = self.acknowledged.get(name, answer.id)
            if known != answer.id:
                found.append(f"{name} was acknowledged as {known}, and is {answer.id}")
            text = self.shown.get(answer.id, "")
            if not answer.text.startswith(text):
                found.append(f"{name}: {text!r} was shown, and there is {answer.text!r}")
        lost = self.acknowledged.keys() - {answer.client_message_id for answer in answers}
        return [*found, *(f"{name} was acknowledged, and has no answer" for name in sorted(lost))]
