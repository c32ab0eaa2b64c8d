"""The network breaks in mid-answer, and what is shown in the end is what was said."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.served import Network
from tests.browser.talking import (
    Wire,
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

Picture = Callable[[Page], None]
# Notes every text of the newest answer that was ever on the screen.
WATCH_TEXTS = """() => {
    window.texts = new Set();
    const look = () => {
        const texts = document.querySelectorAll('[data-role="assistant"] [data-testid="message-text"]');
        window.texts.add(texts[texts.length - 1]?.innerText.trim() ?? '');
        requestAnimationFrame(look);
    };
    look();
}"""


def expect_no_token_ever_wrong(page: Page, count: int) -> None:
    """Whatever was on the screen at any moment was a beginning of the answer, and never got shorter."""
    texts: list[str] = page.evaluate("[...window.texts]")
    whole = " ".join(tokens(count))
    assert all(whole.startswith(" ".join(text.split())) for text in texts)
    lengths = [len(text) for text in texts]
    assert lengths == sorted(lengths)


@pytest.mark.parametrize("way", ["reset", "offline"])
def test_an_answer_resumes_at_the_very_token(
    road: Network, context: BrowserContext, page: Page, picture: Picture, way: str
) -> None:
    wire = Wire.of(page)
    page.goto(road.url)
    ask(page, "tokens=100 rate=50")
    expect(shown(page)).to_contain_text("t20")
    page.evaluate(WATCH_TEXTS)
    if way == "offline":
        context.set_offline(offline=True)
    road.take_away()
    wire.forget()
    expect_badge(page, "Offline" if way == "offline" else "Reconnecting")
    picture(page)
    stood = text_of(page)
    road.let_through()
    if way == "offline":
        context.set_offline(offline=False)
    expect_badge(page, "Connected")
    expect_ended(page)
    assert text_of(page) == tokens(100)
    assert stood == tokens(len(stood))
    assert len(stood) < 100
    expect_no_token_ever_wrong(page, 100)
    expect_resumed(wire, page)


def expect_resumed(wire: Wire, page: Page) -> None:
    """It asked for what follows its position, got exactly that, and loaded no text anew."""
    (told,) = wire.wait_for(page, "subscribed", 1)
    (asked,) = wire.of_type("subscribe")
    assert asked["session_id"] == session_of(page)
    assert asked["epoch"]
    assert told["recovered"] is True
    assert told["seq"] == asked["after"]
    after = wire.received[wire.received.index(told) :]  # frames of before the cut are told late
    assert next(frame for frame in after if frame["type"] == "token")["from"] == asked["after"] + 1
    assert wire.pages == []


def test_many_cuts_leave_the_exact_text(road: Network, page: Page) -> None:
    wire = Wire.of(page)
    page.goto(road.url)
    ask(page, "tokens=120 rate=60")
    for cut, until in enumerate(("t20", "t50", "t80"), start=1):
        expect(shown(page)).to_contain_text(f"{until} ", timeout=20_000)
        page.evaluate(WATCH_TEXTS)
        road.cut()
        expect_badge(page, "Reconnecting")
        page.get_by_role("button", name="Retry now").click()
        assert wire.wait_for(page, "subscribed", cut + 1)[-1]["recovered"] is True
    expect_ended(page)
    assert text_of(page) == tokens(120)
    expect_no_token_ever_wrong(page, 120)
    expect(answers(page)).to_have_count(1)


def test_without_websockets_answers_come_over_http_and_the_socket_takes_over_later(
    road: Network, page: Page, picture: Picture
) -> None:
    road.bar_websockets()
    page.goto(road.url)
    ask(page, "tokens=120 rate=40")
    expect_badge(page, "Connected")
    expect(page.get_by_test_id("connection-badge")).to_have_attribute(
        "title", "no WebSocket: messages go by HTTP"
    )
    expect(shown(page)).to_contain_text("t10")
    page.evaluate(WATCH_TEXTS)
    picture(page)
    road.cut()  # the stream over HTTP
    expect(shown(page)).to_contain_text("t60", timeout=20_000)
    wire = Wire.of(page)
    road.let_through()
    expect(page.get_by_test_id("connection-badge")).to_have_attribute(
        "title", "Answers arrive live", timeout=20_000
    )
    expect_ended(page)
    assert text_of(page) == tokens(120)
    expect_no_token_ever_wrong(page, 120)
    assert wire.wait_for(page, "subscribed", 1)[0]["recovered"] is True
    expect(questions(page)).to_have_count(1)
    expect(answers(page)).to_have_count(1)


def test_an_answer_is_tried_again_without_websockets(road: Network, page: Page) -> None:
    road.bar_websockets()
    page.goto(road.url)
    ask(page, "tokens=30 fail_at=10")
    expect_ended(page, "failed")
    first = answer(page).get_attribute("data-message-id")
    answer(page).get_by_test_id("retry").click()
    expect(answer(page)).not_to_have_attribute("data-message-id", str(first))
    expect_ended(page, "failed")
    expect(answer(page)).not_to_have_attribute("data-status", "local")
    assert text_of(page) == tokens(10)
    expect(questions(page)).to_have_count(1)
    expect(answers(page)).to_have_count(1)
