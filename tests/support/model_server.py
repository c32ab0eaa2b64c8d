"""A server in the smallest form that keeps the protocol's promises: one session, one log, pages by index."""

import copy

from loadtests.protocol.frames import Frame, is_terminal
from tests.support.wireframes import ack, broke, came, done, message, page, question, subscribed, token

PAGE = 4


class ModelServer:
    def __init__(self) -> None:
        self.epoch = "e1"
        self.messages: list[Frame] = []
        self.log: list[Frame] = []
        self.trimmed = 0  # events up to here are gone from the log

    @property
    def end(self) -> int:
        return len(self.log)

    @property
    def running(self) -> Frame | None:
        return next((held for held in self.messages if not is_terminal(held)), None)

    @property
    def shown(self) -> list[Frame]:
        """All messages but the attempts that a newer one replaces."""
        replaced = {held["retry_of"] for held in self.messages}
        return [held for held in self.messages if held["id"] not in replaced]

    def accept(self, name: str) -> Frame:
        """Take a send, or send its ack again."""
        known = next((held for held in self.messages if held["client_message_id"] == name), None)
        if known is not None:
            answers = [held for held in self.messages if held["reply_to"] == known["id"]]
            return self._ack(known, answers[0], duplicate=True)
        index = len(self.messages) + 1
        asked = question(f"u{self.epoch}-{index}", index, f"question {name}", client_message_id=name)
        self._add(asked)
        return self._ack(asked, self._answer(asked["id"]), duplicate=False)

    def retry(self, name: str) -> Frame | None:
        """Take a retry of the newest answer."""
        known = next((held for held in self.messages if held["client_message_id"] == name), None)
        last = known or (self.messages[-1] if self.messages else None)
        if last is None:
            return None
        asked = next(held for held in self.messages if held["id"] == last["reply_to"])
        answer = known or self._answer(asked["id"], retry_of=last["id"], client_message_id=name)
        return self._ack(asked, answer, duplicate=known is not None) | {"client_message_id": name}

    def _answer(self, question_id: str, **part: object) -> Frame:
        index = len(self.messages) + 1
        answer = message(f"a{self.epoch}-{index}", index, reply_to=question_id, **part)
        self._add(answer)
        return answer

    def _add(self, held: Frame) -> None:
        self.messages.append(held)
        self.log.append(came(self.end + 1, held))

    def _ack(self, asked: Frame, answer: Frame, *, duplicate: bool) -> Frame:
        return ack(
            client_message_id=asked["client_message_id"],
            epoch=self.epoch,
            index=asked["index"],
            user_message_id=asked["id"],
            pending_message_id=answer["id"],
            status=answer["status"],
            duplicate=duplicate,
        )

    def piece(self, text: str) -> None:
        answer = self.running
        if answer is None:
            return
        self.log.append(token(self.end + 1, len(answer["content"]), text, message_id=answer["id"]))
        self._replace(answer | {"status": "streaming", "content": answer["content"] + text})

    def finish(self, *, fails: bool) -> None:
        answer = self.running
        if answer is None:
            return
        make = broke if fails else done
        event = make(self.end + 1, answer["content"], message_id=answer["id"])
        self.log.append(event)
        ending = {"status": event["status"], "completed_at": "2026-01-01T00:00:09Z"}
        if fails:
            ending["error"] = {key: event[key] for key in ("code", "message", "retryable")}
        else:
            ending |= {key: event[key] for key in ("sources", "confidence", "generation_time_ms")}
        self._replace(answer | ending)

    def trim(self) -> None:
        """Forget all events before those of the answer that runs."""
        self.trimmed = self.before_running()

    def before_running(self) -> int:
        answer = self.running
        if answer is None:
            return self.end
        first = next(
            event
            for event in self.log
            if event["type"] == "message" and event["message"]["id"] == answer["id"]
        )
        before: int = first["seq"] - 1
        return before

    def subscribe(self, ask_id: str, position: tuple[str, int] | None) -> Frame:
        if position is not None:
            epoch, after = position
            if epoch == self.epoch and self.trimmed <= after <= self.end:
                return subscribed(after, id=ask_id, epoch=epoch, end=self.end)
        return self.unasked(self.before_running()) | {"id": ask_id}

    def unasked(self, seq: int) -> Frame:
        return subscribed(seq, epoch=self.epoch, end=self.end, recovered=False)

    def page(self, before: str | None = None) -> Frame:
        shown = self.shown
        ids = [held["id"] for held in shown]
        if before is None:
            until = len(shown)
        elif before in ids:
            until = ids.index(before)
        else:  # replaced meanwhile: by its index all the same
            index = next((held["index"] for held in self.messages if held["id"] == before), 0)
            until = sum(held["index"] < index for held in shown)
        start = max(0, until - PAGE)
        found = shown[start:until]
        cursor = found[0]["id"] if start > 0 else None
        seq = self.end if before is None else None
        return page(found, epoch=self.epoch, seq=seq, has_more=start > 0, next_cursor=cursor)

    def read(self, message_id: str) -> Frame | None:
        return next((held for held in self.messages if held["id"] == message_id), None)

    def copy(self) -> "ModelServer":
        return copy.deepcopy(self)

    def _replace(self, held: Frame) -> None:
        self.messages = [held if each["id"] == held["id"] else each for each in self.messages]
