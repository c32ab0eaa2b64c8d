"""A chain's author in LangServe's playgrounds."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.support.live import Live


def test_the_chat_playground_answers(server: Live, page: Page, picture: Callable[[Page], None]) -> None:
    page.goto(f"{server.url}/chains/scripted/text/playground/")
    page.get_by_placeholder("Send a message").fill("tokens=4")
    page.keyboard.press("Enter")
    expect(page.get_by_text("t0 t1 t2 t3").last).to_be_visible()
    picture(page)


def test_the_plain_playground_answers(server: Live, page: Page, picture: Callable[[Page], None]) -> None:
    page.goto(f"{server.url}/chains/scripted/playground/")
    page.locator("textarea").first.fill("tokens=4")
    page.get_by_text("Start", exact=True).click()
    expect(page.get_by_text("t3").first).to_be_visible()
    picture(page)
