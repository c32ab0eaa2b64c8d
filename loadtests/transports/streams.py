"""Sessions followed by server-sent events, one stream each, while a WebSocket is not to be had."""

import asyncio
from typing import Protocol

import orjson

from loadtests.background import Background
from loadtests.errors import Refused, Unreached
from loadtests.protocol.backoff import Pace
from loadtests.protocol.frames import Frame
from loadtests.protocol.verify.verifier import Verifier
from loadtests.protocol.verify.violations import Kind
from loadtests.protocol.verify.wire import Wire
from loadtests.transports.rest import Rest
from loadtests.transports.sse import ServerEvent
from loadtests.transports.stream import events


class StreamListener(Protocol):
    def heard(self, frame: Frame) -> None: ...
    def stream(self, session_id: str, *, up: bool) -> None: ...


class Streams:
    def __init__(
        self, rest: Rest, pace: Pace, verifier: Verifier, background: Background, listener: StreamListener
    ) -> None:
        self._rest = rest
        self._pace = pace
        self._verifier = verifier
        self._background = background
        self._listener = listener
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._failures: dict[str, int] = {}

    def follow(self, session_id: str, ask_id: str, position: tuple[str, int] | None) -> None:
        self.leave(session_id)
        self._tasks[session_id] = self._background.run(self._follow(session_id, ask_id, position))

    def leave(self, session_id: str) -> None:
        task = self._tasks.pop(session_id, None)
        if task is not None:
            task.cancel()

    def stop(self) -> None:
        for session_id in list(self._tasks):
            self.leave(session_id)

    async def _follow(self, session_id: str, ask_id: str, position: tuple[str, int] | None) -> None:
        wire = self._verifier.wire()
        wire.asked(session_id, ask_id, position)
        answer_to: str | None = ask_id
        try:
            async for event in events(self._rest, self._pace, session_id, position):
                frame = self._judged(wire, event, session_id, answer_to)
                if frame is not None:
                    # The stream's first frame answers the ask; a later `subscribed` is unasked.
                    answer_to = None
                    self._failures[session_id] = 0
                    self._listener.heard(frame)
        except Refused as refused:
            ids = {"type": "error", "request": "subscribe", "id": ask_id, "session_id": session_id}
            self._listener.heard(refused.body | {"retryable": refused.passing} | ids)
        except Unreached:
            self._again(session_id)

    def _judged(self, wire: Wire, event: ServerEvent, session_id: str, answer_to: str | None) -> Frame | None:
        frame = orjson.loads(event.data)
        if answer_to is not None and isinstance(frame, dict):
            frame["id"] = answer_to
        judged = wire.heard(frame)
        if judged is None:
            return None
        epoch = wire.epoch_of(session_id)
        place = f"{epoch}:{judged['seq']}" if judged["type"] == "subscribed" or "seq" in judged else None
        if event.id != place or event.event != judged["type"]:
            detail = f"{event.event} {event.id} carries {judged['type']} {place}"
            self._verifier.violations.add(Kind.EVENT_ID, detail, session_id)
        return judged

    def _again(self, session_id: str) -> None:
        failures = self._failures.get(session_id, 0)
        self._failures[session_id] = failures + 1
        self._listener.stream(session_id, up=False)
        task = self._tasks.get(session_id)

        def again() -> None:
            if task is not None and self._tasks.get(session_id) is task:
                self._listener.stream(session_id, up=True)

        self._background.later(self._pace.rest_delay(failures), again)
