"""What is written offline is kept, goes once and in the order of writing, and says what it waits for."""

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.meddling import Meddler, road_closed, until
from tests.browser.talking import (
    Picture,
    answers,
    ask,
    expect_badge,
    expect_ended,
    questions,
    retry_now,
    runs,
)
from tests.browser.watching import expect_all_answered, expect_texts
from tests.support.live import Live

NOTHING_KEPT = "!Object.keys(localStorage).some(key => key.includes('outbox'))"
# Notes every message that is said not to have been sent.
WATCH_REFUSALS = """() => {
    window.refusals = [];
    new MutationObserver(() => {
        for (const row of document.querySelectorAll('[data-send-state="refused"], [role="alert"]'))
            if (row.textContent) window.refusals.push(row.textContent);
    }).observe(document.body, {childList: true, subtree: true, characterData: true});
}"""


@pytest.mark.promise(31)
def test_what_is_sent_out_of_reach_survives_a_reload_and_goes_once_and_in_order(
    server: Live, context: BrowserContext, page: Page, second: Page, picture: Picture
) -> None:
    meddler = Meddler.between(context)
    page.goto(server.url)
    ask(page, "tokens=3 before")
    expect_ended(page)
    second.goto(page.url)
    expect_ended(second)
    give_back = road_closed(context, server.url)
    meddler.refuse()
    meddler.cut()
    expect_badge(page, "Reconnecting")
    words = [f"tokens=4 kept {number}" for number in (1, 2, 3)]
    for question in words:
        ask(page, question)
    expect_texts(page, ["tokens=3 before", *words])
    page.reload()
    expect_texts(page, words)  # what stands before them cannot be read now
    picture(page)
    give_back()
    meddler.pass_on()
    for tab in (second, page):
        retry_now(tab)
    for tab in (page, second):
        expect_texts(tab, ["tokens=3 before", *words])
        expect_all_answered(tab, 4)
    page.wait_for_function(NOTHING_KEPT)
    assert [runs(server, question) for question in words] == [1, 1, 1]


@pytest.mark.promise(31)
def test_what_a_closed_tab_left_behind_goes_from_the_other_one(
    server: Live, context: BrowserContext, page: Page, second: Page
) -> None:
    page.goto(server.url)
    ask(page, "tokens=3 before")
    expect_ended(page)
    second.goto(page.url)
    expect_ended(second)
    context.set_offline(offline=True)
    expect_badge(page, "Offline")
    words = ["tokens=4 left 1", "tokens=4 left 2"]
    for question in words:
        ask(page, question)
    expect(questions(page).last).to_contain_text("Waiting for the connection")
    page.close()
    locks = "navigator.locks.query().then(({held}) => held.filter(({name}) => name.includes('tab')).length)"
    until(second, lambda: second.evaluate(locks) == 1, "the browser to know that the tab is gone")
    context.set_offline(offline=False)
    expect_texts(second, ["tokens=3 before", *words])
    expect_all_answered(second, 3)
    assert [runs(server, question) for question in words] == [1, 1]


def test_two_tabs_that_wrote_offline_send_in_the_order_of_writing(
    server: Live, context: BrowserContext, page: Page, second: Page
) -> None:
    page.goto(server.url)
    ask(page, "tokens=3 before")
    expect_ended(page)
    second.goto(page.url)
    expect_ended(second)
    context.set_offline(offline=True)
    for tab in (page, second):
        expect_badge(tab, "Offline")
        tab.evaluate(WATCH_REFUSALS)
    ask(page, "tokens=20 rate=40 one")
    ask(second, "tokens=20 rate=40 two")
    ask(page, "tokens=20 rate=40 three")
    context.set_offline(offline=False)
    words = [f"tokens=20 rate=40 {word}" for word in ("one", "two", "three")]
    for tab in (page, second):
        expect_texts(tab, ["tokens=3 before", *words])
        expect_all_answered(tab, 4)
        assert tab.evaluate("window.refusals") == []
    assert [runs(server, question) for question in words] == [1, 1, 1]


def test_the_second_of_two_waits_for_the_first_and_says_so(
    server: Live, context: BrowserContext, page: Page
) -> None:
    """Also in a chat that has no session yet, and when it was written offline."""
    page.goto(server.url)
    expect_badge(page, "Connected")
    context.set_offline(offline=True)
    expect_badge(page, "Offline")
    ask(page, "tokens=40 rate=30 first of two")
    ask(page, "tokens=4 second of two")
    expect(questions(page).last).to_contain_text("Waiting for the connection")
    context.set_offline(offline=False)
    expect(questions(page).last).to_contain_text("Waits for the answer above to end")
    expect(answers(page).first).to_have_attribute("data-status", "streaming")
    expect_all_answered(page, 2)
    expect(page.get_by_text("Waits for the answer above to end")).to_have_count(0)
    assert runs(server, "tokens=4 second of two") == 1


def test_what_waits_can_be_taken_back_or_written_anew(
    server: Live, context: BrowserContext, page: Page
) -> None:
    page.goto(server.url)
    expect_badge(page, "Connected")
    context.set_offline(offline=True)
    expect_badge(page, "Offline")
    ask(page, "tokens=3 never sent")
    ask(page, "tokens=3 with an eror")
    questions(page).first.get_by_role("button", name="Discard").click()
    expect(questions(page)).to_have_count(1)
    expect(page.get_by_test_id("composer-input")).to_be_focused()
    questions(page).get_by_role("button", name="Edit").click()
    expect(page.get_by_test_id("composer-input")).to_have_value("tokens=3 with an eror")
    expect(questions(page)).to_have_count(0)
    ask(page, "tokens=3 with an error")
    context.set_offline(offline=False)
    expect_all_answered(page, 1)
    assert runs(server, "tokens=3 never sent") == runs(server, "tokens=3 with an eror") == 0
