"""What a person does and sees in a chat, in the words of the tests."""

import json
import re
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Self, TypeAlias

from playwright.sync_api import Locator, Page, Request, WebSocket, expect
from playwright.sync_api import TimeoutError as Timeout

from tests.support.live import Live

PATIENCE_S = 20

# Keeps what a page looks like, for people to look at: the fixture `picture`.
Picture: TypeAlias = Callable[[Page], None]
# In the folder of the server that all tests share: a line for each beginning and end of a run of its chain.
RECORD_FILE = "record.jsonl"


def ask(page: Page, question: str) -> None:
    page.get_by_test_id("composer-input").fill(question)
    page.get_by_test_id("send").click()


def answers(page: Page) -> Locator:
    return page.locator('[data-role="assistant"]')


def questions(page: Page) -> Locator:
    return page.locator('[data-role="user"]')


def answer(page: Page) -> Locator:
    return answers(page).last


def shown(page: Page) -> Locator:
    """The text of the newest answer."""
    return answer(page).get_by_test_id("message-text")


def alerts(page: Page) -> Locator:
    """What is said aloud as urgent. The region for it is always there, mostly empty."""
    return page.get_by_role("alert").filter(has_text=re.compile(r"\S"))


def expect_ended(page: Page, status: str = "complete") -> None:
    expect(answer(page)).to_have_attribute("data-status", status, timeout=20_000)


def expect_drawn(page: Page) -> None:
    """The newest answer is Markdown: the code for it, which is loaded late, has come."""
    expect(shown(page).locator("p").first).to_be_visible()


def retry_now(page: Page) -> None:
    """Ends the wait for the next try to connect, unless it has ended by itself."""
    with suppress(Timeout):
        page.get_by_role("button", name="Retry now").click(timeout=1_000)


def expect_badge(page: Page, words: str) -> None:
    expect(page.get_by_test_id("connection-badge")).to_contain_text(words, timeout=20_000)


def text_of(page: Page) -> list[str]:
    return shown(page).inner_text().split()


def tokens(count: int) -> list[str]:
    return [f"t{number}" for number in range(count)]


def runs(server: Live, question: str) -> int:
    """How often the chain was run for this question: each test asks in words of its own."""
    lines = (server.parts.settings.data_dir / RECORD_FILE).read_text().splitlines()
    calls = [json.loads(line) for line in lines]
    return sum(call["event"] == "begin" and call["question"] == question for call in calls)


def session_of(page: Page) -> str:
    return page.url.rsplit("/", 1)[-1]


@dataclass
class Wire:
    """What a page and the server say by WebSocket, and which pages of messages it reads by REST."""

    sent: list[dict[str, Any]] = field(default_factory=list)
    received: list[dict[str, Any]] = field(default_factory=list)
    pages: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, page: Page) -> Self:
        wire = cls()
        page.on("websocket", wire._listen)
        page.on("request", wire._note)
        return wire

    def _note(self, request: Request) -> None:
        if "/messages?" in request.url:
            self.pages.append(request.url)

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framesent", lambda frame: self.sent.append(_object(frame)))
        socket.on("framereceived", lambda frame: self.received.append(_object(frame)))

    def forget(self) -> None:
        for heard in (self.sent, self.received, self.pages):
            heard.clear()

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        return [frame for frame in [*self.sent, *self.received] if frame.get("type") == kind]

    def wait_for(self, page: Page, kind: str, count: int) -> list[dict[str, Any]]:
        """The first so many frames of this type, once they have come."""
        deadline = time.monotonic() + PATIENCE_S
        while len(found := self.of_type(kind)) < count:
            if time.monotonic() > deadline:
                raise AssertionError(f"{len(found)} of {count} frames {kind}: {found}")
            page.wait_for_timeout(20)  # lets the browser's news in
        return found[:count]


def _object(frame: str | bytes) -> dict[str, Any]:
    found = json.loads(frame)
    return found if isinstance(found, dict) else {}
