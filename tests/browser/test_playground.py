"""A chain's author in LangServe's playgrounds."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.talking import PATIENCE_S
from tests.support.live import Live


@pytest.fixture
def page(visitor: BrowserContext) -> Page:
    """A page of LangServe's own: what it throws when its stream is cut is no fault of ours."""
    return visitor.new_page()


@contextmanager
def whole_answer(page: Page) -> Iterator[None]:
    """Waits for the end of the stream, by whichever side, so that the test does not leave in the middle."""
    over: list[str] = []
    for end in ("requestfinished", "requestfailed"):  # the page may hang up at the last event
        page.on(end, lambda request: over.append(request.url))
    yield
    deadline = time.monotonic() + PATIENCE_S
    while not any(url.endswith("/stream_log") for url in over):
        assert time.monotonic() < deadline, "the stream did not end"
        page.wait_for_timeout(20)


def test_the_chat_playground_answers(server: Live, page: Page, picture: Callable[[Page], None]) -> None:
    with page.expect_response("**/input_schema"):  # without it the page asks for `undefined`
        page.goto(f"{server.url}/chains/scripted/text/playground/")
    page.wait_for_load_state("networkidle")
    page.get_by_placeholder("Send a message").fill("tokens=4")
    with whole_answer(page):
        page.keyboard.press("Enter")
    expect(page.get_by_text("t0 t1 t2 t3").last).to_be_visible()
    picture(page)


def test_the_plain_playground_answers(server: Live, page: Page, picture: Callable[[Page], None]) -> None:
    page.goto(f"{server.url}/chains/scripted/playground/")
    page.locator("textarea").first.fill("tokens=4")
    with whole_answer(page):
        page.get_by_text("Start", exact=True).click()
    expect(page.get_by_text("t3").first).to_be_visible()
    picture(page)
