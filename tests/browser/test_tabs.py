"""Two tabs of one person on one chat: they agree to the letter."""

import time

from playwright.sync_api import Page, expect

from tests.browser.served import Network
from tests.browser.talking import (
    PATIENCE_S,
    answer,
    answers,
    ask,
    expect_badge,
    expect_drawn,
    expect_ended,
    questions,
    retry_now,
    session_of,
    shown,
    text_of,
    tokens,
)
from tests.support.live import Live

STATES = """() => [...document.querySelectorAll('[data-message-id]')].map(row =>
    [row.dataset.messageId, row.dataset.role, row.dataset.status,
        row.querySelector('[data-testid="message-text"]').innerText])"""


def expect_same(page: Page, second: Page) -> None:
    """News comes to one tab sooner than to the other."""
    deadline = time.monotonic() + PATIENCE_S
    while (one := page.evaluate(STATES)) != (other := second.evaluate(STATES)):
        assert time.monotonic() < deadline, f"{one} is not {other}"
        page.wait_for_timeout(50)


def test_a_stop_in_one_tab_ends_the_answer_in_the_other(server: Live, page: Page, second: Page) -> None:
    page.goto(server.url)
    ask(page, "tokens=2000 rate=50")
    expect(shown(page)).to_contain_text("t10")
    second.goto(page.url)
    expect(shown(second)).to_contain_text("t20")
    second.bring_to_front()
    second.get_by_test_id("stop").click()
    expect_ended(second, "cancelled")
    expect_ended(page, "cancelled")
    said = text_of(page)
    assert said == text_of(second) == tokens(len(said))
    expect_same(page, second)


def test_a_retry_in_one_tab_appears_in_the_other(server: Live, page: Page, second: Page) -> None:
    page.goto(server.url)
    ask(page, "tokens=200 rate=40")
    expect_ended(page)
    second.goto(page.url)
    expect_ended(second)
    first = answer(second).get_attribute("data-message-id")
    answer(page).get_by_test_id("retry").click()
    expect(answer(second)).not_to_have_attribute("data-message-id", str(first))
    expect(answer(second)).to_have_attribute("data-status", "streaming")
    for tab in (page, second):
        expect_ended(tab)
        expect(answers(tab)).to_have_count(1)
        expect(questions(tab)).to_have_count(1)
        assert text_of(tab) == tokens(200)
    expect_same(page, second)


def test_two_tabs_that_try_again_at_once_get_the_same_attempt(
    server: Live, road: Network, page: Page, second: Page
) -> None:
    page.goto(server.url)
    ask(page, "tokens=8 fail_at=4")
    expect_ended(page, "failed")
    first = str(answer(page).get_attribute("data-message-id"))
    second.goto(f"{road.url}/chat/{session_of(page)}")
    expect_ended(second, "failed")
    expect_drawn(second)
    road.take_away()
    expect_badge(second, "Reconnecting")
    for tab in (second, page):
        tab.bring_to_front()
        answer(tab).get_by_test_id("retry").click()
        expect(answer(tab)).not_to_have_attribute("data-message-id", first)
    expect_ended(page, "failed")
    road.give_back()
    retry_now(second)
    expect_ended(second, "failed")
    second.wait_for_function("!Object.keys(localStorage).some(key => key.includes('outbox'))")
    expect_same(page, second)
    listing = f"{server.url}/api/chat/sessions/{session_of(page)}/messages?include=superseded"
    assert len(page.request.get(listing).json()["messages"]) == 3


def test_a_retry_that_comes_too_late_is_told_at_the_answer(server: Live, road: Network, page: Page) -> None:
    page.goto(road.url)
    ask(page, "tokens=4 fail_at=2")
    expect_ended(page, "failed")
    expect_drawn(page)
    road.take_away()
    expect_badge(page, "Reconnecting")
    # Another tab asks something meanwhile; this one cannot know.
    path = f"{server.url}/api/chat/sessions/{session_of(page)}/messages"
    page.request.post(path, data={"content": "tokens=3"})
    answer(page).get_by_test_id("retry").click()
    expect(answer(page)).to_have_attribute("data-status", "local")
    road.give_back()
    retry_now(page)
    refused = page.get_by_test_id("retry-refused")
    expect(refused).to_contain_text("Only the newest answer", timeout=20_000)
    expect(answers(page)).to_have_count(2)
    assert answers(page).first.get_by_test_id("message-text").inner_text().split() == tokens(2)
    refused.get_by_role("button", name="Close").click()
    expect(refused).to_have_count(0)
