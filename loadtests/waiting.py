"""Waiting for what becomes of a message."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass

from loadtests.driver import Driver
from loadtests.errors import Refused, Unreached
from loadtests.protocol.frames import Frame, is_terminal
from loadtests.protocol.outbox import Entry


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that has ended, as this client holds it; `message` has all of its fields."""

    id: str
    session_id: str
    text: str
    status: str
    message: Frame
    client_message_id: str
    duplicate: bool

    @classmethod
    def of(cls, ack: Frame, message: Frame) -> "Answer":
        return cls(
            message["id"],
            message["session_id"],
            message["content"],
            message["status"],
            message,
            ack["client_message_id"],
            ack["duplicate"],
        )


class Waiting:
    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    async def accepted(self, entry: Entry) -> Frame:
        """Wait for the ack of what was sent."""
        driver = self._driver
        await driver.background.until(
            lambda: entry.ack is not None or entry.error is not None or driver.fault is not None
        )
        if entry.ack is not None:
            return entry.ack
        if entry.error is not None:
            raise Refused(0, entry.error)
        raise driver.fault or Unreached("nothing came")

    async def ended(self, session_id: str, message_id: str) -> Frame:
        """Wait until a message has ended; after long silence ask for it by its id, as a page does."""
        driver = self._driver
        look: asyncio.Task[Frame | Refused | None] | None = None
        before = self._state(session_id, message_id)

        def news() -> bool:
            return self._ended(session_id, message_id) is not None or (look is not None and look.done())

        try:
            while True:
                silent = True
                with suppress(TimeoutError):
                    async with asyncio.timeout(driver.pace.pending_s):
                        await driver.background.until(news)
                    silent = False
                found: Frame | Refused | None = self._ended(session_id, message_id)
                if found is None and look is not None and look.done():
                    found, look = look.result(), None
                if isinstance(found, Refused):
                    raise found
                if found is not None:
                    driver.measures.ended(message_id, driver.now)
                    return found
                now = self._state(session_id, message_id)
                if silent and look is None and now == before:
                    look = driver.background.run(self._look(session_id, message_id))
                    look.add_done_callback(lambda _: driver.background.changed())
                before = now
        finally:
            if look is not None:
                look.cancel()

    def _state(self, session_id: str, message_id: str) -> tuple[str, int] | None:
        """How far an answer has come, as far as is known here."""
        state = self._driver.core.conversations.get(session_id)
        row = None if state is None else state.rows.get(message_id)
        return None if row is None else (row.message["status"], len(row.text))

    def _ended(self, session_id: str, message_id: str) -> Frame | None:
        if session_id in self._driver.gone:
            raise self._driver.gone[session_id]
        if self._driver.fault is not None:
            raise self._driver.fault
        state = self._driver.core.conversations.get(session_id)
        row = None if state is None else state.rows.get(message_id)
        return row.whole() if row is not None and row.ended else None

    async def _look(self, session_id: str, message_id: str) -> Frame | Refused | None:
        """Ask for a message by its id; None while it goes on, or nobody answers."""
        driver = self._driver
        state = driver.core.conversations.get(session_id)
        cursor = state.cursor if state is not None and state.following == "yes" else None
        try:
            message = await driver.reads.one(session_id, message_id)
        except Unreached:
            return None
        except Refused as refused:
            return refused
        if not is_terminal(message):
            return None
        if state is not None and cursor is not None and state.cursor == cursor:
            driver.measures.silent_ends += 1
        return message
