"""Somebody between a page's WebSocket and the real server, for faults that must come at an exact moment."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

from playwright.sync_api import BrowserContext, Page, WebSocketRoute

from tests.browser.talking import PATIENCE_S

Frame = dict[str, Any]  # Any: JSON
# What becomes of a frame on its way: nothing, itself, or several in its place.
Change = Callable[[Frame], list[Frame]]

LOST = 1006

# Notes each socket that the page makes, when it made it, and when the last one closed.
WATCH_SOCKETS = """
window.sockets = [];
window.triedAt = [];
window.WebSocket = class extends window.WebSocket {
    constructor(...given) {
        super(...given);
        window.sockets.push(this);
        window.triedAt.push(Date.now());
        this.addEventListener('close', () => { window.closedAt = performance.now(); });
    }
};
"""
LIVING_SOCKETS = "window.sockets.filter(socket => socket.readyState < 2).length"


def unchanged(frame: Frame) -> list[Frame]:
    return [frame]


def twice(frame: Frame) -> list[Frame]:
    return [frame, frame]


def without(kind: str) -> Change:
    """Swallows all frames of this type."""
    return lambda frame: [] if frame["type"] == kind else [frame]


class Line:
    """One socket of the page, with its own connection to the server."""

    def __init__(self, page_end: WebSocketRoute, meddler: "Meddler") -> None:
        self._page_end = page_end
        self._meddler = meddler
        self._server_end: WebSocketRoute | None = None
        self._silent = False
        self.swallowed: list[str] = []
        self.open = True

    def pass_on(self) -> None:
        """Connects to the server; from now on each frame goes through the meddler's changes."""
        self._server_end = self._page_end.connect_to_server()
        self._server_end.on_message(lambda text: self._carry(text, self._meddler.to_page, self.say))
        self._page_end.on_message(lambda text: self._carry(text, self._meddler.to_server, self.ask))

    def say(self, frame: Frame) -> None:
        """To the page."""
        self._page_end.send(json.dumps(frame))

    def ask(self, frame: Frame) -> None:
        """To the server."""
        if self._server_end is not None:
            self._server_end.send(json.dumps(frame))

    def swallow(self) -> None:
        """Nothing comes through any more, and nobody is told."""
        self._silent = True

    def close(self, code: int = LOST, reason: str = "") -> None:
        """As if the server had closed it."""
        if not self.open:
            return
        self.open = False
        self._page_end.close(code=code, reason=reason)
        if self._server_end is not None:
            self._server_end.close()

    def _carry(self, text: str | bytes, change: Change, carry: Callable[[Frame], None]) -> None:
        if self._silent:
            self.swallowed.append(json.loads(text)["type"])
            return
        for frame in change(json.loads(text)):
            if self.open:  # the change may have closed it
                carry(frame)


@dataclass
class Meddler:
    """All lines of one page, or of all pages of a person. Set `met` and the changes at any time."""

    lines: list[Line] = field(default_factory=list)
    met: Callable[[Line], None] = Line.pass_on
    to_page: Change = unchanged
    to_server: Change = unchanged

    @classmethod
    def between(cls, page: Page | BrowserContext) -> Self:
        """Call it before the page is opened."""
        meddler = cls()
        page.route_web_socket("**/ws/chat", meddler._meet)
        page.add_init_script(WATCH_SOCKETS)
        return meddler

    @property
    def line(self) -> Line:
        """The newest one."""
        return self.lines[-1]

    def refuse(self) -> None:
        """No connection comes about any more."""
        self.met = Line.close

    def pass_on(self) -> None:
        self.met = Line.pass_on

    def cut(self) -> None:
        for line in self.lines:
            line.close()

    def _meet(self, page_end: WebSocketRoute) -> None:
        line = Line(page_end, self)
        self.lines.append(line)
        self.met(line)


def road_closed(page: Page | BrowserContext, url: str) -> Callable[[], None]:
    """REST is out of reach, although the page itself can be loaded; returns the way back."""
    pattern = f"{url}/api/**"
    page.route(pattern, lambda route: route.abort("connectionrefused"))
    return lambda: page.unroute(pattern)


def until(page: Page, come: Callable[[], bool], what: str) -> None:
    """Lets the browser's news in until it has come."""
    deadline = time.monotonic() + PATIENCE_S
    while not come():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        page.wait_for_timeout(10)


def stop_the_clock(page: Page, after_ms: int) -> None:
    """Lets so much time pass at once, if the clock is installed; then it stands until it is turned on."""
    page.clock.pause_at((page.evaluate("Date.now()") + after_ms) / 1000)
