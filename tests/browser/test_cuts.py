"""The network breaks in mid-answer, and what is shown in the end is what was said."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from websockets.sync.client import connect

from tests.browser.served import Network, network
from tests.browser.talking import (
    Picture,
    Wire,
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
from tests.browser.watching import WATCH_TEXTS, expect_no_token_ever_wrong
from tests.support.live import Live, live
from tests.support.looped import Looped


@pytest.mark.parametrize("way", ["reset", "offline"])
def test_an_answer_resumes_at_the_very_token(
    road: Network, context: BrowserContext, page: Page, picture: Picture, way: str
) -> None:
    wire = Wire.of(page)
    page.goto(road.url)
    ask(page, "tokens=200 rate=50")
    expect(shown(page)).to_contain_text("t20")
    page.evaluate(WATCH_TEXTS)
    if way == "offline":
        context.set_offline(offline=True)
    road.take_away()
    wire.forget()
    expect_badge(page, "Offline" if way == "offline" else "Reconnecting")
    picture(page)
    stood = text_of(page)
    road.give_back()
    if way == "offline":
        context.set_offline(offline=False)
    expect_badge(page, "Connected")
    expect_ended(page)
    assert text_of(page) == tokens(200)
    assert stood == tokens(len(stood))
    assert len(stood) < 200
    expect_no_token_ever_wrong(page, 200)
    expect_resumed(wire, page)


def expect_resumed(wire: Wire, page: Page) -> None:
    """It asked for what follows its position, got exactly that, and loaded no text anew."""
    (told,) = wire.wait_for(page, "subscribed", 1)
    (asked,) = wire.of_type("subscribe")
    assert asked["session_id"] == session_of(page)
    assert asked["epoch"]
    assert told["recovered"] is True
    assert told["seq"] == asked["after"]
    wire.wait_for(page, "done", 1)
    after = wire.received[wire.received.index(told) :]  # frames of before the cut are told late
    pieces = [frame for frame in after if frame["type"] == "token"]
    assert [frame["from"] for frame in pieces[:1]] == [asked["after"] + 1]
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
        retry_now(page)
        assert wire.wait_for(page, "subscribed", cut + 1)[-1]["recovered"] is True
    expect_ended(page)
    assert text_of(page) == tokens(120)
    expect_no_token_ever_wrong(page, 120)
    expect(answers(page)).to_have_count(1)


@pytest.mark.promise(28)
def test_a_silent_connection_is_replaced_when_the_page_wakes(
    road: Network, context: BrowserContext, page: Page
) -> None:
    wire = Wire.of(page)
    page.goto(road.url)
    ask(page, "tokens=150 rate=40")
    expect(shown(page)).to_contain_text("t10")
    page.evaluate(WATCH_TEXTS)
    road.fall_silent()  # nobody is told: the badge still says Connected
    expect_badge(page, "Connected")
    context.set_offline(offline=True)
    context.set_offline(offline=False)
    assert wire.wait_for(page, "subscribed", 2)[-1]["recovered"] is True
    expect_ended(page)
    assert text_of(page) == tokens(150)
    expect_no_token_ever_wrong(page, 150)


@contextmanager
def no_room_for_sockets(server: Live) -> Iterator[None]:
    """Takes the one place that the server has for WebSockets of this address: all others are refused."""
    with server.user() as user, connect(server.socket_url) as socket:
        socket.send(json.dumps({"type": "hello", "protocol": 1, "token": user.token}))
        assert "welcome" in str(socket.recv())
        yield


def expect_way(page: Page, tip: str) -> None:
    badge = page.get_by_test_id("connection-badge")
    expect(badge).to_have_attribute("title", tip, timeout=20_000)
    expect(badge).to_contain_text("Connected")


@pytest.mark.promise(9)
def test_without_websockets_answers_come_over_http_and_the_socket_takes_over_later(
    elsewhere: Looped, tmp_path: Path, page: Page, picture: Picture
) -> None:
    with live(tmp_path, limit_sockets_per_address=1) as server, network(elsewhere, server.url) as road:
        with no_room_for_sockets(server):
            page.goto(road.url)
            ask(page, "tokens=120 rate=40")
            expect_way(page, "no WebSocket: messages go by HTTP")
            expect(shown(page)).to_contain_text("t10")
            page.evaluate(WATCH_TEXTS)
            picture(page)
            road.cut()  # the stream over HTTP
            expect(shown(page)).to_contain_text("t60", timeout=20_000)
            wire = Wire.of(page)
        expect_way(page, "Answers arrive live")
        expect_ended(page)
        assert text_of(page) == tokens(120)
        expect_no_token_ever_wrong(page, 120)
        assert wire.wait_for(page, "subscribed", 1)[0]["recovered"] is True
        expect(questions(page)).to_have_count(1)
        expect(answers(page)).to_have_count(1)


def test_an_answer_is_tried_again_without_websockets(tmp_path: Path, page: Page) -> None:
    with live(tmp_path, limit_sockets_per_address=1) as server, no_room_for_sockets(server):
        page.goto(server.url)
        ask(page, "tokens=30 fail_at=10")
        expect_ended(page, "failed")
        first = answer(page).get_attribute("data-message-id")
        answer(page).get_by_test_id("retry").click()
        expect(answer(page)).not_to_have_attribute("data-message-id", str(first))
        expect_ended(page, "failed")
        assert text_of(page) == tokens(10)
        expect(questions(page)).to_have_count(1)
        expect(answers(page)).to_have_count(1)


def test_markdown_whose_code_was_cut_on_its_way_is_drawn_later(server: Live, page: Page) -> None:
    page.route("**/RichText-*.js", lambda route: route.abort("connectionreset"), times=2)
    page.goto(server.url)
    ask(page, "tokens=3")
    expect_ended(page)
    expect_drawn(page)
    assert text_of(page) == tokens(3)


def test_a_retry_asked_for_offline_waits_and_can_be_taken_back(
    server: Live, context: BrowserContext, page: Page, picture: Picture
) -> None:
    page.goto(server.url)
    ask(page, "tokens=8 fail_at=3")
    expect_ended(page, "failed")
    first = str(answer(page).get_attribute("data-message-id"))
    context.set_offline(offline=True)
    expect_badge(page, "Offline")
    answer(page).get_by_test_id("retry").click()
    expect(answer(page)).to_contain_text("Waiting for the connection")
    picture(page)
    answer(page).get_by_role("button", name="Keep the earlier answer").click()
    expect(answer(page)).to_have_attribute("data-message-id", first)
    assert text_of(page) == tokens(3)
    answer(page).get_by_test_id("retry").click()
    expect(answer(page)).to_have_attribute("data-send-state", "queued")
    context.set_offline(offline=False)
    expect_ended(page, "failed")
    expect(answer(page)).not_to_have_attribute("data-message-id", first)
    expect(answers(page)).to_have_count(1)
