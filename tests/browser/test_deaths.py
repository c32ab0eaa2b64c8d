"""The server process dies or leaves, and the page goes on by itself: it is never reloaded here."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from api.core.points import Point
from tests.browser.served import Served
from tests.browser.talking import (
    Picture,
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

# A mark in the page's memory: gone if the page was loaded anew.
MARK, MARKED = "window.stayed = true", "window.stayed === true"

# Notes every error that the page shows, however shortly.
WATCH_ALERTS = """() => {
    window.alerts = [];
    new MutationObserver(() => {
        for (const alert of document.querySelectorAll('[role="alert"], [data-testid="message-error"]'))
            if (alert.textContent) window.alerts.push(alert.textContent);
    }).observe(document.body, {childList: true, subtree: true, characterData: true});
}"""


def runs(record: Path) -> int:
    """How often the chain was run."""
    return sum(json.loads(line)["event"] == "begin" for line in record.read_text().splitlines())


def expect_one_exchange(page: Page) -> None:
    expect(questions(page)).to_have_count(1)
    expect(answers(page)).to_have_count(1)


@pytest.mark.promise(19)
def test_a_killed_server_leaves_the_text_and_another_try_completes_it(
    house: Served, page: Page, picture: Picture
) -> None:
    page.goto(house.url)
    page.evaluate(MARK)
    ask(page, "tokens=60 rate=40")
    expect(shown(page)).to_contain_text("t20")
    house.kill()
    seen = text_of(page)
    expect_badge(page, "Reconnecting")
    house.start()
    expect_ended(page, "interrupted")
    expect(page.get_by_test_id("message-error")).to_contain_text("Interrupted")
    picture(page)
    kept = text_of(page)
    assert kept[: len(seen)] == seen
    assert kept == tokens(len(kept))

    answer(page).get_by_test_id("retry").click()
    expect_ended(page, "complete")
    assert text_of(page) == tokens(60)
    expect_one_exchange(page)
    assert page.evaluate(MARKED)
    assert runs(house.record) == 2
    page.reload()
    expect_ended(page, "complete")
    assert text_of(page) == tokens(60)
    expect_one_exchange(page)


@pytest.mark.promise(10)
@pytest.mark.parametrize(
    ("point", "status"), [(Point.BEFORE_COMMIT, "complete"), (Point.BEFORE_ACK, "interrupted")]
)
def test_a_message_whose_ack_was_lost_with_the_server_is_there_once(
    house: Served, page: Page, point: Point, status: str
) -> None:
    page.goto(house.url)
    expect_badge(page, "Connected")
    page.evaluate(MARK)
    house.die_at(point)
    ask(page, "tokens=5")
    expect(questions(page)).to_have_attribute("data-send-state", "unconfirmed")
    assert house.wait() < 0
    house.start()
    expect_ended(page, status)
    expect_one_exchange(page)
    if status == "interrupted":
        answer(page).get_by_test_id("retry").click()
        expect_ended(page, "complete")
    assert text_of(page) == tokens(5)
    expect_one_exchange(page)
    assert page.evaluate(MARKED)
    assert runs(house.record) == 1  # the server died before the first attempt began


@pytest.mark.parametrize("point", [Point.BEFORE_COMMIT, Point.BEFORE_ACK])
def test_a_retry_whose_ack_was_lost_with_the_server_counts_once(
    house: Served, page: Page, point: Point
) -> None:
    page.goto(house.url)
    ask(page, "tokens=8 fail_at=3")
    expect_ended(page, "failed")
    first = answer(page).get_attribute("data-message-id")
    house.die_at(point)
    answer(page).get_by_test_id("retry").click()
    expect(answer(page)).to_have_attribute("data-send-state", "unconfirmed")
    assert house.wait() < 0
    house.start()
    expect(answer(page)).not_to_have_attribute("data-status", "local", timeout=20_000)
    expect_ended(page, "interrupted" if point is Point.BEFORE_ACK else "failed")
    assert answer(page).get_attribute("data-message-id") != first
    expect_one_exchange(page)
    assert attempts(page, house) == 2


def attempts(page: Page, house: Served) -> int:
    path = f"{house.url}/api/chat/sessions/{session_of(page)}/messages?include=superseded"
    found = page.request.get(path).json()["messages"]
    return sum(message["role"] == "assistant" for message in found)


def test_a_retry_that_waits_survives_a_reload_and_goes_once(house: Served, page: Page) -> None:
    page.goto(house.url)
    ask(page, "tokens=8 fail_at=3")
    expect_ended(page, "failed")
    first = str(answer(page).get_attribute("data-message-id"))
    house.die_at(Point.BEFORE_COMMIT)
    answer(page).get_by_test_id("retry").click()
    expect(answer(page)).to_have_attribute("data-send-state", "unconfirmed")
    house.wait()
    house.start()
    page.reload()
    expect(answer(page)).not_to_have_attribute("data-message-id", first, timeout=20_000)
    expect_ended(page, "failed")
    expect_one_exchange(page)
    assert attempts(page, house) == 2


def test_a_deploy_in_mid_answer_shows_no_error(house: Served, page: Page) -> None:
    page.goto(house.url)
    page.evaluate(MARK)
    page.evaluate(WATCH_ALERTS)
    ask(page, "tokens=60 rate=40")
    expect(shown(page)).to_contain_text("t10")
    house.ask_to_leave()
    ask(page, "tokens=4")  # waits for the answer above, and then for the new server
    expect_ended_nth(page, 0)
    assert house.wait() == 0  # it left in order
    expect_badge(page, "Reconnecting")
    house.start()
    expect_badge(page, "Connected")
    expect(answers(page)).to_have_count(2)
    expect_ended(page)
    assert text_of(page) == tokens(4)
    assert answers(page).first.get_by_test_id("message-text").inner_text().split() == tokens(60)
    assert page.evaluate("window.alerts") == []
    assert page.evaluate(MARKED)


def expect_ended_nth(page: Page, number: int) -> None:
    expect(answers(page).nth(number)).to_have_attribute("data-status", "complete", timeout=20_000)
