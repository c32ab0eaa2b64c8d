"""What was sent in a new chat while nothing goes through: no session has it, and it is never out of reach."""

from playwright.sync_api import BrowserContext, Locator, Page, Route, expect

from tests.browser.owning import composer, dialog, hold_back, listed
from tests.browser.talking import (
    Picture,
    answers,
    ask,
    expect_badge,
    expect_ended,
    questions,
    runs,
)
from tests.browser.watching import expect_texts
from tests.support.live import Live


def unplaced(page: Page) -> Locator:
    return page.get_by_test_id("unplaced").get_by_role("button")


def test_what_was_sent_in_new_chats_is_listed_until_it_goes(
    server: Live, context: BrowserContext, page: Page, picture: Picture
) -> None:
    page.goto(server.url)
    expect_badge(page, "Connected")
    context.set_offline(offline=True)
    expect_badge(page, "Offline")
    one, two = "tokens=3 of one chat", "tokens=3 of another"
    for question in (one, two):
        page.get_by_test_id("new-chat").click()
        ask(page, question)
    page.get_by_test_id("new-chat").click()
    expect(page.get_by_test_id("empty-state")).to_be_visible()
    expect(unplaced(page)).to_have_text([two, one])
    unplaced(page).last.click()
    expect_texts(page, [one])
    expect(questions(page)).to_contain_text("Waiting for the connection")
    expect(unplaced(page).last).to_have_attribute("aria-current", "page")
    picture(page)
    context.set_offline(offline=False)
    expect_ended(page)
    expect_texts(page, [one])
    expect(unplaced(page)).to_have_count(0)
    expect(listed(page)).to_have_count(2)
    assert [runs(server, question) for question in (one, two)] == [1, 1]


def test_after_a_reload_the_newest_is_on_screen_and_the_others_are_listed(
    server: Live, context: BrowserContext, page: Page
) -> None:
    hold_back(page)
    page.goto(server.url)
    for question in ("of one chat", "of another"):
        page.get_by_test_id("new-chat").click()
        ask(page, question)
    page.reload()
    expect_texts(page, ["of another"])
    expect(unplaced(page)).to_have_text(["of another", "of one chat"])
    unplaced(page).last.click()
    expect_texts(page, ["of one chat"])


def test_a_refusal_that_comes_while_another_chat_is_on_screen_is_shown(
    server: Live, page: Page, picture: Picture
) -> None:
    shut = hold_back(page)
    refuse = {"code": "invalid", "message": "This cannot be asked.", "retryable": False}
    page.goto(server.url)
    ask(page, "what nobody may ask")
    expect(questions(page)).to_have_attribute("data-send-state", "unconfirmed")
    page.get_by_test_id("new-chat").click()
    expect(unplaced(page)).to_have_count(1)

    def answered(route: Route) -> None:
        route.fulfill(status=422, json=refuse)

    page.route("**/api/chat/messages", answered)
    expect(page.get_by_test_id("unplaced")).to_contain_text("refused")
    picture(page)
    shut.clear()
    unplaced(page).click()
    expect(questions(page)).to_contain_text("This cannot be asked.")
    questions(page).get_by_role("button", name="Edit").click()
    expect(composer(page)).to_have_value("what nobody may ask")
    expect(unplaced(page)).to_have_count(0)


def test_what_goes_at_once_is_never_listed_as_not_sent(server: Live, page: Page) -> None:
    page.goto(server.url)
    expect_badge(page, "Connected")
    page.evaluate(
        """() => {
            window.seen = 0;
            new MutationObserver(() => {
                if (document.querySelector('[data-testid="unplaced"]')) window.seen += 1;
            }).observe(document.body, {childList: true, subtree: true});
        }"""
    )
    ask(page, "tokens=3")
    expect_ended(page)
    expect(answers(page)).to_have_count(1)
    assert page.evaluate("window.seen") == 0


def test_what_the_former_person_did_not_send_is_not_shown_to_the_next(server: Live, page: Page) -> None:
    with server.user() as maker:
        code = maker.http.post("/api/chat/identity/links").json()["code"]
        page.goto(server.url)
        expect_badge(page, "Connected")
        hold_back(page)
        page.reload()
        ask(page, "of the person before")
        expect(questions(page)).to_have_count(1)
        page.goto(f"{server.url}/#join={code}")
        dialog(page, "Continue here?").get_by_role("button", name="Continue").click()
        page.wait_for_function("id => localStorage['steadychat.user'] === id", arg=maker.id)
        expect(page.get_by_test_id("empty-state")).to_be_visible()
        expect(questions(page)).to_have_count(0)
        expect(unplaced(page)).to_have_count(0)
        kept = page.evaluate("Object.values(localStorage).join()")
        assert "of the person before" in kept, "it waits for its person"
