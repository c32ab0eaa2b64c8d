"""An answer that is waited for: only its own end, or the server's not knowing it, ends the wait."""

from functools import partial

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.browser.meddling import Frame, Meddler, until
from tests.browser.served import Served
from tests.browser.talking import (
    Picture,
    answer,
    answers,
    ask,
    expect_badge,
    expect_ended,
    questions,
    runs,
    shown,
    text_of,
    tokens,
)
from tests.browser.watching import WATCH_TEXTS, expect_no_token_ever_wrong
from tests.support.live import Live

KEPT = """Object.keys(localStorage).filter(key => key.includes('outbox'))
    .map(key => JSON.parse(localStorage[key])).filter(entry => entry.state === 'sent').length"""
ONE_MESSAGE = "**/messages/*"
NEWEST_PAGE = "**/messages?limit=*"


def kept(page: Page) -> int:
    """How many answers this person's tabs wait for."""
    found: int = page.evaluate(KEPT)
    return found


def has(asked: list[str], count: int) -> bool:
    return len(asked) >= count


def without_the_answer(route: Route) -> None:
    """The newest page, as a server says it that does not have the answer."""
    response = route.fetch()
    found = response.json()
    found["messages"] = [message for message in found["messages"] if message["role"] == "user"]
    route.fulfill(response=response, json=found)


def only_up_to_the_ack(meddler: Meddler) -> None:
    """The socket brings nothing more of the answer."""

    def change(frame: Frame) -> list[Frame]:
        return [] if frame["type"] in {"message", "token", "done", "subscribed"} else [frame]

    meddler.to_page = change


@pytest.mark.promise(16)
def test_an_answer_is_waited_for_through_errors_and_absence(server: Live, page: Page) -> None:
    asked: list[str] = []

    def fail(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(status=500, json={"code": "internal", "message": "No.", "retryable": True})

    meddler = Meddler.between(page)
    page.clock.install(time=0)
    page.goto(server.url)
    expect_badge(page, "Connected")
    only_up_to_the_ack(meddler)
    page.route(ONE_MESSAGE, fail)
    page.route(NEWEST_PAGE, without_the_answer)
    ask(page, "tokens=7 waited for")
    expect(questions(page)).to_have_attribute("data-send-state", "sent")
    page.reload()  # the newest page does not have the answer
    expect(questions(page)).to_have_count(1)
    for count, wait in enumerate((1, 2, 5, 10), start=1):
        page.clock.run_for(wait * 1000 + 1000)
        until(page, partial(has, asked, count), "the question after that answer")
        assert kept(page) == 1
    assert len(set(asked)) == 1
    page.unroute(ONE_MESSAGE)
    page.unroute(NEWEST_PAGE)
    page.clock.run_for(31_000)
    until(page, lambda: kept(page) == 0, "the end")
    page.reload()
    expect_ended(page)
    assert text_of(page) == tokens(7)


@pytest.mark.promise(16)
def test_a_silent_answer_is_asked_after_and_shown(server: Live, page: Page) -> None:
    """The socket lives and says nothing of it: 20 s of silence are enough."""
    meddler = Meddler.between(page)
    page.clock.install(time=0)
    page.goto(server.url)
    expect_badge(page, "Connected")
    only_up_to_the_ack(meddler)
    ask(page, "tokens=7 in silence")
    expect(questions(page)).to_have_attribute("data-send-state", "sent")
    assert kept(page) == 1
    page.clock.run_for(22_000)
    expect_ended(page)
    assert text_of(page) == tokens(7)
    until(page, lambda: kept(page) == 0, "the end")


@pytest.mark.promise(16)
def test_an_answer_that_the_server_does_not_know_gives_its_text_back(
    server: Live, page: Page, picture: Picture
) -> None:
    meddler = Meddler.between(page)
    page.clock.install(time=0)
    page.goto(server.url)
    expect_badge(page, "Connected")
    only_up_to_the_ack(meddler)
    gone = {"code": "not_found", "message": "There is no such thing.", "retryable": False}
    page.route(ONE_MESSAGE, lambda route: route.fulfill(status=404, json=gone))
    ask(page, "tokens=7 forgotten")
    expect(questions(page)).to_have_attribute("data-send-state", "sent")
    page.clock.run_for(22_000)
    row = questions(page)
    expect(row).to_have_attribute("data-send-state", "refused")
    expect(row).to_contain_text("Not sent.")
    expect(row).to_contain_text("tokens=7 forgotten")
    expect(answers(page)).to_have_count(0)
    picture(page)
    row.get_by_role("button", name="Edit").click()
    expect(page.get_by_test_id("composer-input")).to_have_value("tokens=7 forgotten")


@pytest.mark.promise(16)
def test_another_tab_ends_nothing(server: Live, context: BrowserContext, page: Page, second: Page) -> None:
    meddler = Meddler.between(page)
    page.goto(server.url)
    expect_badge(page, "Connected")
    only_up_to_the_ack(meddler)
    ask(page, "tokens=30 rate=20 first tab")
    expect(questions(page)).to_have_attribute("data-send-state", "sent")
    second.goto(page.url)
    expect_ended(second)  # it knows the end, and that is its own affair
    assert kept(second) == 1
    second.reload()
    expect_ended(second)
    assert kept(second) == 1
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect_ended(page)
    until(page, lambda: kept(page) == 0, "the end")
    assert text_of(page) == tokens(30)


@pytest.mark.promise(16)
def test_an_answer_that_ended_while_nobody_looked_is_there(
    server: Live, context: BrowserContext, page: Page, second: Page
) -> None:
    page.goto(server.url)
    question = "tokens=60 rate=30 unseen"
    ask(page, question)
    expect(shown(page)).to_contain_text("t5 ")
    where = page.url
    page.close()
    path = f"{server.url}/api/chat/sessions/{where.rsplit('/', 1)[-1]}/messages?limit=1"

    def ended() -> bool:
        return bool(second.request.get(path).json()["messages"][0]["status"] == "complete")

    until(second, ended, "the end")
    second.goto(where)
    expect_ended(second)
    assert text_of(second) == tokens(60)
    until(second, lambda: kept(second) == 0, "the wait to end")
    expect(second.locator("[data-message-id]")).to_have_count(2)
    assert runs(server, question) == 1


@pytest.mark.promise(16, 19)
def test_an_answer_whose_server_died_while_nobody_looked_is_interrupted(
    house: Served, context: BrowserContext, page: Page, second: Page
) -> None:
    page.goto(house.url)
    ask(page, "tokens=400 rate=40")
    expect(shown(page)).to_contain_text("t10 ")
    where = page.url
    page.close()
    house.kill()
    house.start()
    second.goto(where)
    expect_ended(second, "interrupted")
    said = text_of(second)
    assert len(said) > 10
    assert said == tokens(len(said))
    until(second, lambda: kept(second) == 0, "the wait to end")
    expect(answer(second)).to_contain_text("Interrupted")
    expect(answer(second).get_by_test_id("retry")).to_be_visible()


@pytest.mark.promise(15)
def test_a_reload_in_mid_answer_loses_and_doubles_no_word(server: Live, page: Page) -> None:
    page.goto(server.url)
    ask(page, "tokens=3 before")
    expect_ended(page)
    question = "tokens=140 rate=40 reloaded"
    ask(page, question)
    expect(shown(page)).to_contain_text("t20 ")
    for _ in range(2):
        seen = text_of(page)
        page.reload()
        expect(answer(page)).to_have_attribute("data-status", "streaming")
        expect(shown(page)).to_contain_text(seen[-1])
        page.evaluate(WATCH_TEXTS)
    expect_ended(page)
    assert text_of(page) == tokens(140)
    expect_no_token_ever_wrong(page, 140)
    expect(questions(page)).to_have_count(2)
    expect(answers(page)).to_have_count(2)
    assert runs(server, question) == 1
