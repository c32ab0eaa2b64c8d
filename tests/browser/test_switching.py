"""Somebody goes from chat to chat while answers are written: nothing is mixed up, nothing is lost."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.meddling import Meddler
from tests.browser.talking import (
    answer,
    answers,
    ask,
    expect_badge,
    expect_ended,
    questions,
    session_of,
    shown,
    text_of,
    tokens,
)
from tests.support.live import Live

# Notes every text that the list of messages ever had while the chat named was in the address.
WATCH_LIST = """() => {
    window.lists = [];
    const look = () => {
        const rows = [...document.querySelectorAll('[data-message-id] [data-testid="message-text"]')];
        window.lists.push([location.pathname, rows.map(row => row.textContent).join('|')]);
        requestAnimationFrame(look);
    };
    look();
}"""
# Each piece of this answer ends in dots, so that it is known wherever it turns up.
DOTTED = "tokens=120 rate=30 piece_bytes=12 dotted"


def new_chat(page: Page) -> None:
    page.get_by_role("button", name="New chat").first.click()
    expect(questions(page)).to_have_count(0)


def entry_of(page: Page, session: str) -> Locator:
    """The chat in the sidebar."""
    return page.locator(f'nav a[href="chat/{session}"]')


@pytest.mark.promise(23)
@pytest.mark.parametrize("over_http", [False, True])
def test_chats_that_are_switched_in_mid_answer_do_not_mix(server: Live, page: Page, over_http: bool) -> None:
    if over_http:
        Meddler.between(page).refuse()
    page.goto(server.url)
    expect_badge(page, "Connected")
    ask(page, DOTTED)
    expect(shown(page)).to_contain_text("t5 ", timeout=20_000)
    first = session_of(page)
    page.evaluate(WATCH_LIST)
    new_chat(page)
    ask(page, "tokens=60 rate=40 plain")
    expect(shown(page)).to_contain_text("t5 ", timeout=20_000)
    second = session_of(page)
    for _ in range(2):
        entry_of(page, first).click()
        expect(shown(page)).to_contain_text("t5 ....")
        entry_of(page, second).click()
        expect(shown(page)).to_contain_text("t5 t6")
    expect_ended(page)
    assert text_of(page) == tokens(60)
    entry_of(page, first).click()
    expect_ended(page)
    assert shown(page).inner_text().replace(".", "").split() == tokens(120)
    expect(questions(page)).to_have_count(1)
    expect(answers(page)).to_have_count(1)
    for path, text in page.evaluate("window.lists"):
        if path.endswith(second):
            assert "...." not in text
            assert "dotted" not in text
        if path.endswith(first):
            assert "plain" not in text


@pytest.mark.promise(23)
def test_an_answer_in_another_chat_goes_on_and_its_entry_moves_up(server: Live, page: Page) -> None:
    page.goto(server.url)
    ask(page, "tokens=150 rate=40 slow")
    expect(shown(page)).to_contain_text("t5 ")
    first = session_of(page)
    new_chat(page)
    ask(page, "tokens=3 quick")
    expect_ended(page)
    newest = page.locator('nav a[href^="chat/"]').first
    expect(newest).to_have_attribute("href", f"chat/{session_of(page)}")
    expect(newest).to_have_attribute("href", f"chat/{first}", timeout=20_000)  # its answer has ended
    entry_of(page, first).click()
    expect(answer(page)).to_have_attribute("data-status", "complete", timeout=1_000)
    assert text_of(page) == tokens(150)


@pytest.mark.promise(23)
def test_the_back_button_in_mid_answer_shows_each_chat_as_it_is(server: Live, page: Page) -> None:
    page.goto(server.url)
    ask(page, "tokens=100 rate=30 one")
    expect(shown(page)).to_contain_text("t5 ")
    new_chat(page)
    ask(page, "tokens=100 rate=30 two")
    expect(shown(page)).to_contain_text("t3 ")
    for _ in range(3):  # over the empty new chat
        page.go_back()
        page.go_forward()
    page.go_back()
    expect(questions(page)).to_contain_text("one")
    expect(shown(page)).to_contain_text("t10 ")
    page.go_forward()
    expect(questions(page)).to_contain_text("two")
    expect_ended(page)
    assert text_of(page) == tokens(100)
    expect(page.locator("[data-message-id]")).to_have_count(2)


@pytest.mark.promise(23)
def test_a_connection_lost_while_another_chat_is_looked_at_costs_neither_a_word(
    server: Live, page: Page
) -> None:
    meddler = Meddler.between(page)
    page.goto(server.url)
    ask(page, "tokens=120 rate=40 first")
    expect(shown(page)).to_contain_text("t5 ")
    first = session_of(page)
    new_chat(page)
    ask(page, "tokens=120 rate=40 second")
    expect(shown(page)).to_contain_text("t5 ")
    meddler.cut()
    expect_badge(page, "Reconnecting")
    entry_of(page, first).click()
    expect_badge(page, "Connected")
    expect_ended(page)
    assert text_of(page) == tokens(120)
    page.go_back()
    expect_ended(page)
    assert text_of(page) == tokens(120)
    expect(questions(page)).to_contain_text("second")
