"""What is sent arrives once and in order, whatever becomes of the connection meanwhile."""

import json
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Request, expect

from tests.browser.meddling import Frame, Meddler, stop_the_clock, unchanged, until
from tests.browser.served import Network
from tests.browser.talking import (
    Picture,
    ask,
    expect_badge,
    expect_ended,
    questions,
    runs,
    shown,
    text_of,
    tokens,
)
from tests.browser.watching import (
    SEEN,
    WATCH_ROWS,
    WATCH_TEXTS,
    expect_all_answered,
    expect_no_token_ever_wrong,
    expect_rows_in_order,
    expect_texts,
)
from tests.support.live import Live

BY_HTTP = "no WebSocket: messages go by HTTP"


class Posts:
    """What a page sends by REST."""

    def __init__(self, page: Page) -> None:
        self.bodies: list[Frame] = []
        page.on("request", self._note)

    def _note(self, request: Request) -> None:
        if request.method == "POST" and request.url.endswith("/api/chat/messages"):
            self.bodies.append(json.loads(request.post_data or "{}"))


class Streams:
    """The event streams that pages have open."""

    def __init__(self, *pages: Page) -> None:
        self.opened = 0
        self._open: set[Request] = set()
        for page in pages:
            page.on("request", self._begin)
            page.on("requestfailed", self._end)
            page.on("requestfinished", self._end)

    @property
    def open(self) -> int:
        return len(self._open)

    def expect_opened(self, page: Page, times: int) -> None:
        until(page, lambda: self.opened >= times, f"stream {times}")

    def _end(self, request: Request) -> None:
        self._open.discard(request)

    def _begin(self, request: Request) -> None:
        if request.url.endswith("/events"):
            self.opened += 1
            self._open.add(request)


@pytest.mark.promise(9)
def test_without_websockets_a_message_goes_by_rest_once(server: Live, page: Page, picture: Picture) -> None:
    meddler = Meddler.between(page)
    meddler.refuse()
    posts, streams = Posts(page), Streams(page)
    page.goto(server.url)
    page.evaluate(WATCH_ROWS)
    question = "tokens=100 rate=30 by rest"
    ask(page, question)
    badge = page.get_by_test_id("connection-badge")
    expect(badge).to_have_attribute("title", BY_HTTP, timeout=20_000)
    expect(badge).to_contain_text("Connected")
    expect(shown(page)).to_contain_text("t10 ")
    page.evaluate(WATCH_TEXTS)
    picture(page)
    assert streams.opened == 1
    meddler.pass_on()
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(badge).to_have_attribute("title", "Answers arrive live")
    until(page, lambda: streams.open == 0, "the stream to end")
    expect_ended(page)
    assert text_of(page) == tokens(100)
    expect_no_token_ever_wrong(page, 100)
    expect_rows_in_order(page)
    expect(page.locator("[data-message-id]")).to_have_count(2)
    assert len(posts.bodies) == 1
    assert runs(server, question) == 1


@pytest.mark.promise(9)
def test_a_stream_over_http_that_is_cut_again_and_again_leaves_the_exact_text(
    road: Network, page: Page
) -> None:
    Meddler.between(page).refuse()
    streams = Streams(page)
    page.goto(road.url)
    ask(page, "tokens=400 rate=40")  # so long that it is still written when a slow machine has cut it twice
    for times, until_token in enumerate(("t10 ", "t50 "), start=1):
        expect(shown(page)).to_contain_text(until_token, timeout=20_000)
        page.evaluate(WATCH_TEXTS)
        streams.expect_opened(page, times)
        road.cut()
    expect_ended(page)
    streams.expect_opened(page, 3)
    assert text_of(page) == tokens(400)
    expect_no_token_ever_wrong(page, 400)
    expect(page.locator("[data-message-id]")).to_have_count(2)


@pytest.mark.promise(9)
def test_only_the_tab_that_is_looked_at_holds_a_stream(
    server: Live, context: BrowserContext, page: Page, second: Page
) -> None:
    Meddler.between(context).refuse()
    context.add_init_script(SEEN)
    streams = Streams(page, second)
    page.goto(server.url)
    ask(page, "tokens=400 rate=40")
    expect(shown(page)).to_contain_text("t10 ", timeout=20_000)
    page.evaluate("beSeen(false)")
    until(page, lambda: streams.open == 0, "the hidden tab to let go")
    stood = text_of(page)
    second.goto(page.url)
    expect(shown(second)).to_contain_text("t80 ", timeout=20_000)
    until(page, lambda: streams.open == 1, "the other tab's stream")
    assert text_of(page) == stood
    second.evaluate("beSeen(false)")
    page.evaluate("beSeen(true)")
    expect(shown(page)).to_contain_text("t120 ", timeout=20_000)
    until(page, lambda: streams.open == 1, "one stream")
    page.get_by_test_id("stop").click()
    expect_ended(page, "cancelled")
    assert text_of(page) == tokens(len(text_of(page)))


@pytest.mark.promise(10)
@pytest.mark.parametrize("fault", ["and the connection", "alone"])
def test_a_send_whose_ack_was_lost_goes_again_under_its_id(server: Live, page: Page, fault: str) -> None:
    meddler = Meddler.between(page)
    posts = Posts(page)
    sent: list[Frame] = []

    def note(frame: Frame) -> list[Frame]:
        sent.extend([frame] if frame["type"] == "send" else [])
        return [frame]

    def lose(frame: Frame) -> list[Frame]:
        if frame["type"] != "ack":
            return [frame]
        meddler.to_page = unchanged
        if fault != "alone":
            meddler.line.close()
        return []

    page.clock.install(time=0)
    page.goto(server.url)
    expect_badge(page, "Connected")
    page.evaluate(WATCH_ROWS)
    meddler.to_server, meddler.to_page = note, lose
    question = f"tokens=30 rate=30 lost ack {fault}"
    ask(page, question)
    if fault == "alone":
        until(page, lambda: meddler.to_page is unchanged, "the ack")
        assert posts.bodies == []  # never by two doors at once
        page.clock.run_for(5_000)
    until(page, lambda: len(posts.bodies) == 1, "the message by REST")
    expect_ended(page)
    assert [body["client_message_id"] for body in posts.bodies] == [
        frame["client_message_id"] for frame in sent
    ]
    assert text_of(page) == tokens(30)
    expect(page.locator("[data-message-id]")).to_have_count(2)
    expect_rows_in_order(page)
    assert runs(server, question) == 1


@pytest.mark.promise(11)
@pytest.mark.parametrize("way", ["double click", "double Enter"])
def test_what_is_sent_twice_in_a_blink_is_sent_once(server: Live, page: Page, way: str) -> None:
    page.goto(server.url)
    expect_badge(page, "Connected")
    question = f"tokens=5 by {way}"
    field = page.get_by_test_id("composer-input")
    field.fill(question)
    if way == "double click":
        page.get_by_test_id("send").dblclick()
    else:
        field.press("Enter")
        field.press("Enter")
    expect_ended(page)
    expect(page.locator("[data-message-id]")).to_have_count(2)
    expect(field).to_have_value("")
    assert runs(server, question) == 1


@pytest.mark.promise(11)
def test_the_same_words_sent_twice_are_two_messages(server: Live, page: Page) -> None:
    page.goto(server.url)
    expect_badge(page, "Connected")
    page.evaluate(WATCH_ROWS)
    ask(page, "ok rate=20")
    ask(page, "ok rate=20")
    expect(questions(page)).to_have_count(2)
    expect(questions(page).last).to_contain_text("Waits for the answer above to end")
    expect_all_answered(page, 2)
    expect_texts(page, ["ok rate=20"] * 2)
    expect_rows_in_order(page)
    assert runs(server, "ok rate=20") == 2


def refusing(meddler: Meddler, times: int, **error: Any) -> None:  # Any: JSON
    """The next sends get this answer and go no further."""
    left = [None] * times

    def answer(frame: Frame) -> list[Frame]:
        if frame["type"] != "send" or not left:
            return [frame]
        left.pop()
        ids: Frame = {key: frame[key] for key in ("id", "client_message_id", "session_id") if key in frame}
        meddler.line.say({"type": "error", "request": "send", "retryable": False, **error, **ids})
        return []

    meddler.to_server = answer


@pytest.mark.parametrize(
    ("code", "words"), [("rate_limited", "Too much at once"), ("overloaded", "takes no new messages")]
)
def test_a_refusal_that_passes_keeps_the_message_waiting_and_says_why(
    server: Live, page: Page, picture: Picture, code: str, words: str
) -> None:
    meddler = Meddler.between(page)
    page.clock.install(time=0)
    page.goto(server.url)
    expect_badge(page, "Connected")
    stop_the_clock(page, 100)
    message = "That was too much at once. Wait a moment and try again."
    refusing(meddler, 1, code=code, message=message, retryable=True, retry_after_ms=12_000)
    question = f"tokens=4 {code}"
    ask(page, question)
    row = questions(page).last
    expect(row).to_have_attribute("data-send-state", "queued")
    expect(row).to_contain_text(words)
    expect(row).to_contain_text("12 s")
    picture(page)
    page.clock.run_for(4_000)
    expect(row).to_contain_text("8 s")
    assert runs(server, question) == 0
    page.clock.run_for(8_000)
    page.clock.resume()
    expect_ended(page)
    expect(page.locator("[data-message-id]")).to_have_count(2)
    assert runs(server, question) == 1


@pytest.mark.parametrize("choice", ["Edit", "Try again", "Discard"])
def test_a_message_that_is_refused_keeps_its_text_for_the_person_to_choose(
    server: Live, page: Page, picture: Picture, choice: str
) -> None:
    meddler = Meddler.between(page)
    page.goto(server.url)
    expect_badge(page, "Connected")
    refusing(meddler, 1, code="too_large", message="The message is too long. Shorten it.")
    question = f"tokens=4 refused {choice}"
    ask(page, question)
    row = questions(page).last
    expect(row).to_have_attribute("data-send-state", "refused")
    expect(row).to_contain_text("Not sent. The message is too long. Shorten it.")
    picture(page)
    page.reload()
    expect(row).to_have_attribute("data-send-state", "refused")
    row.get_by_role("button", name=choice).click()
    field = page.get_by_test_id("composer-input")
    if choice == "Edit":
        expect(field).to_have_value(question)
        expect(field).to_be_focused()
        expect(questions(page)).to_have_count(0)
    elif choice == "Try again":
        expect_ended(page)
        expect(questions(page)).to_have_count(1)
    else:
        expect(questions(page)).to_have_count(0)
        expect(field).to_have_value("")
    assert runs(server, question) == (1 if choice == "Try again" else 0)


def test_a_message_sent_just_before_the_computer_sleeps_is_there_once(server: Live, page: Page) -> None:
    meddler = Meddler.between(page)
    page.clock.install(time=0)
    page.goto(server.url)
    expect_badge(page, "Connected")
    stop_the_clock(page, 1_000)
    meddler.line.swallow()
    question = "tokens=6 before sleeping"
    ask(page, question)
    expect(questions(page)).to_have_attribute("data-send-state", "sending")
    page.clock.fast_forward(7_200_000)
    page.clock.resume()
    expect_ended(page)
    expect_badge(page, "Connected")
    assert text_of(page) == tokens(6)
    expect(page.locator("[data-message-id]")).to_have_count(2)
    assert runs(server, question) == 1


@pytest.mark.promise(35)
@pytest.mark.parametrize("sign", [{"isComposing": True}, {"keyCode": 229}])
def test_an_enter_that_ends_the_composing_of_a_word_does_not_send(
    server: Live, page: Page, sign: dict[str, Any]
) -> None:
    page.goto(server.url)
    expect_badge(page, "Connected")
    field = page.get_by_test_id("composer-input")
    field.fill("tokens=3 日本語")
    field.dispatch_event("keydown", {"key": "Enter", "code": "Enter", "bubbles": True, **sign})
    expect(questions(page)).to_have_count(0)
    expect(field).to_have_value("tokens=3 日本語")
    field.press("Enter")
    expect(questions(page)).to_have_count(1)
    expect_ended(page)
