"""The badge of a page whose connection is quiet, or dead without a word; its clock is turned on by hand."""

import pytest
from playwright.sync_api import Page, WebSocket, expect

from tests.browser.served import Network
from tests.browser.talking import Wire, answers, ask, expect_badge, expect_ended, text_of, tokens

HEARTBEAT_MS = 30_000
NOTICED_MS = 45_000
AWAKE_MS = 3_000
A_LITTLE_MS = 500
MINUTES = 20


@pytest.mark.promise(28)
def test_a_connection_that_falls_silent_is_noticed_within_45_s(road: Network, page: Page) -> None:
    page.clock.install()
    wire = Wire.of(page)
    page.goto(road.url)
    ask(page, "tokens=3")
    expect_ended(page)
    road.fall_silent()
    page.clock.run_for(HEARTBEAT_MS)
    wire.wait_for(page, "ping", 1)
    expect_badge(page, "Connected")  # nobody can know better yet
    page.clock.run_for(NOTICED_MS - HEARTBEAT_MS - A_LITTLE_MS)
    assert wire.of_type("pong") == []
    assert len(wire.wait_for(page, "hello", 2)) == 2
    expect_badge(page, "Connected")
    ask(page, "tokens=5")
    expect(answers(page)).to_have_count(2)
    expect_ended(page)
    assert text_of(page) == tokens(5)


@pytest.mark.promise(28, 29)
def test_a_page_that_wakes_notices_within_3_s_that_its_connection_is_dead(road: Network, page: Page) -> None:
    page.clock.install()
    wire = Wire.of(page)
    page.goto(road.url)
    ask(page, "tokens=3")
    expect_ended(page)
    road.fall_silent()
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    wire.wait_for(page, "ping", 1)
    page.clock.run_for(AWAKE_MS - A_LITTLE_MS)
    assert wire.of_type("pong") == []
    assert len(wire.wait_for(page, "hello", 2)) == 2
    expect_badge(page, "Connected")


def test_a_quiet_connection_stays_for_20_minutes(road: Network, page: Page) -> None:
    sockets: list[WebSocket] = []
    page.on("websocket", lambda socket: sockets.append(socket))  # noqa: PLW0108 - it takes no builtin
    page.clock.install()
    wire = Wire.of(page)
    page.goto(road.url)
    ask(page, "tokens=3")
    expect_ended(page)
    for number in range(MINUTES * 60_000 // HEARTBEAT_MS):
        page.clock.run_for(HEARTBEAT_MS)
        wire.wait_for(page, "pong", number + 1)
        expect_badge(page, "Connected")
    assert len(sockets) == 1
