"""The connection and its badge, with every fault at its exact moment."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, WebSocket, expect

from tests.browser.meddling import LIVING_SOCKETS, Frame, Line, Meddler, stop_the_clock, until
from tests.browser.talking import (
    Wire,
    answer,
    ask,
    expect_badge,
    expect_ended,
    retry_now,
    shown,
    text_of,
    tokens,
)
from tests.browser.watching import WATCH_BADGE, WATCH_TEXTS, badges, expect_no_token_ever_wrong
from tests.support.live import Live

RECONNECTING_MS = 500
STEPS_S = [1, 2, 4, 8, 16, 30, 30]
DROPS = 10
# By each of these the server says: come back.
COME_BACK = [1000, 1001, 1006, 1011, 1012, 1013, 4001, 4003, 4499]
# After these a page comes back only when somebody asks for it, and each has words of its own.
STAY_AWAY = {4500: "4500", 4502: "out of date", 4503: "4503", 4504: "too many places", 4999: "4999"}
LATENCIES = """() => window.badges.filter(badge => badge.word === 'reconnecting')
    .map((badge, number) => badge.at - window.closings[number])"""
WATCH_CLOSINGS = """
window.closings = [];
window.lostAt = [];
window.WebSocket = class extends window.WebSocket {
    constructor(...given) {
        super(...given);
        this.addEventListener('close', () => {
            window.closings.push(performance.now());
            window.lostAt.push(Date.now());
        });
    }
};
"""


@pytest.fixture
def meddler(page: Page) -> Meddler:
    found = Meddler.between(page)
    page.add_init_script(WATCH_CLOSINGS)
    page.add_init_script(WATCH_BADGE)
    return found


@pytest.mark.promise(3)
def test_connected_is_said_only_after_the_welcome(server: Live, page: Page, meddler: Meddler) -> None:
    held: list[Frame] = []

    def hold(frame: Frame) -> list[Frame]:
        held.append(frame)
        return []

    meddler.to_page = hold
    page.goto(server.url)
    until(page, lambda: len(held) == 1, "the welcome")
    assert page.evaluate("window.sockets[0].readyState") == 1
    expect_badge(page, "Connecting")
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert badges(page) == ["connecting"]
    meddler.line.say(held[0])
    expect_badge(page, "Connected")
    assert held[0]["type"] == "welcome"


@pytest.mark.promise(4)
def test_reconnecting_is_said_within_500_ms_of_a_close(server: Live, page: Page, meddler: Meddler) -> None:
    page.goto(server.url)
    for code in COME_BACK:
        expect_badge(page, "Connected")
        meddler.line.close(code)
        expect_badge(page, "Reconnecting")
        retry_now(page)
    expect_badge(page, "Connected")
    waits: list[float] = page.evaluate(LATENCIES)
    assert len(waits) == len(COME_BACK)
    assert all(0 <= wait <= RECONNECTING_MS for wait in waits), waits
    assert badges(page)[0] == "connecting"


def wait_for_count(page: Page, noted: str, count: int) -> None:
    """Asks from outside: a clock that stands still draws no frames."""
    until(page, lambda: page.evaluate(f"window.{noted}.length") == count, f"{count} {noted}")


def welcome_and_close(meddler: Meddler) -> None:
    def close(frame: Frame) -> list[Frame]:
        meddler.line.say(frame)
        meddler.line.close(1013)
        return []

    meddler.to_page = close


def accept_and_close(meddler: Meddler) -> None:
    def close(_: Frame) -> list[Frame]:
        meddler.line.close(1013)
        return []

    meddler.to_page = close


@pytest.mark.promise(5, 7)
@pytest.mark.parametrize("fault", [Meddler.refuse, accept_and_close, welcome_and_close])
def test_each_try_waits_longer_and_never_too_long(
    server: Live, page: Page, meddler: Meddler, fault: Callable[[Meddler], None]
) -> None:
    page.clock.install(time=0)
    page.goto(server.url)
    expect_badge(page, "Connected")
    stop_the_clock(page, 6_000)  # open for so long that all starts over
    fault(meddler)
    meddler.line.close(1012)
    for tries, step in enumerate(STEPS_S, start=1):
        wait_for_count(page, "lostAt", tries)
        page.clock.run_for(step * 1000)
        wait_for_count(page, "triedAt", tries + 1)
    lost, tried = page.evaluate("window.lostAt"), page.evaluate("window.triedAt")
    waits = [after - before for before, after in zip(lost, tried[1:], strict=False)]
    for wait, step in zip(waits, STEPS_S, strict=True):
        assert step * 800 <= wait <= step * 1000, waits


@pytest.mark.promise(6)
def test_one_socket_lives_after_ten_drops(server: Live, page: Page, meddler: Meddler) -> None:
    real: list[WebSocket] = []
    page.on("websocket", lambda socket: real.append(socket))  # noqa: PLW0108 - it takes no builtin
    page.goto(server.url)
    for number in range(DROPS):
        expect_badge(page, "Connected")
        meddler.line.close([1006, 1012][number % 2])
        expect_badge(page, "Reconnecting")
        # All that may ask for a connection asks at once.
        page.evaluate("for (const news of ['online', 'online']) window.dispatchEvent(new Event(news))")
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect_badge(page, "Connected")
    assert page.evaluate(LIVING_SOCKETS) == 1
    until(page, lambda: sum(not socket.is_closed() for socket in real) == 1, "the old ones to close")
    ask(page, "tokens=12")
    expect_ended(page)
    assert text_of(page) == tokens(12)


@pytest.mark.promise(30)
def test_the_countdown_counts_and_retry_now_goes_at_once(
    server: Live, page: Page, meddler: Meddler, picture: Callable[[Page], None]
) -> None:
    page.clock.install(time=0)
    page.route("**/api/chat/chains", lambda route: route.abort())  # HTTP does not stand in
    page.goto(server.url)
    expect_badge(page, "Connected")
    stop_the_clock(page, 1_000)
    meddler.refuse()
    meddler.line.close()
    for tries, step in enumerate(STEPS_S[:3], start=1):
        wait_for_count(page, "lostAt", tries)
        page.clock.run_for(step * 1000)
    wait_for_count(page, "lostAt", 4)
    page.clock.run_for(300)
    picture(page)
    counted = [seconds(page)]
    for _ in range(3):
        page.clock.run_for(1000)
        counted.append(seconds(page))
    assert counted == list(range(counted[0], counted[0] - 4, -1))
    # Of 8 seconds a fifth may be left out by chance, and the try before may have come by a fifth of 4 early.
    assert counted[0] in {6, 7, 8}
    before = len(meddler.lines)
    meddler.pass_on()
    page.get_by_role("button", name="Retry now").click()
    expect_badge(page, "Connected")
    page.clock.run_for(4_000)  # the try that was planned would come now
    expect_badge(page, "Connected")
    assert len(meddler.lines) == before + 1
    assert page.evaluate(LIVING_SOCKETS) == 1


def seconds(page: Page) -> int:
    """What the badge counts down from."""
    badge = page.get_by_test_id("connection-badge")
    expect(badge).to_contain_text(" s")
    return int(badge.locator("span", has_text=" s").last.inner_text().split()[0])


def test_a_code_from_4500_is_told_and_ends_the_tries(
    server: Live, page: Page, meddler: Meddler, picture: Callable[[Page], None]
) -> None:
    page.set_viewport_size({"width": 320, "height": 640})
    page.clock.install(time=0)
    page.goto(server.url)
    for code, words in STAY_AWAY.items():
        expect_badge(page, "Connected")
        before = len(meddler.lines)
        meddler.line.close(code)
        expect_badge(page, "Offline")
        expect(page.get_by_text(words)).to_be_visible()
        picture(page)
        page.clock.run_for(120_000)
        expect_badge(page, words)
        assert len(meddler.lines) == before
        page.get_by_role("button", name="Retry now").click()
    expect_badge(page, "Connected")
    meddler.line.close(4503, "Signed out elsewhere.")
    expect_badge(page, "Signed out elsewhere.")


@pytest.mark.parametrize("occasion", ["looked at", "sends"])
def test_a_page_that_gave_way_to_others_comes_back_when_it_is_wanted(
    server: Live, page: Page, meddler: Meddler, occasion: str
) -> None:
    page.goto(server.url)
    expect_badge(page, "Connected")
    meddler.line.close(4504)
    expect_badge(page, "Offline")
    if occasion == "looked at":
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        expect_badge(page, "Connected")
    ask(page, "tokens=4")
    expect_ended(page)
    expect_badge(page, "Connected")
    assert text_of(page) == tokens(4)


def as_a_restart(line: Line) -> None:
    line.close(1012)


def as_draining(line: Line) -> None:
    line.say({"type": "draining", "retry_after_ms": 200})


@pytest.mark.parametrize("leave", [as_a_restart, as_draining])
def test_a_server_that_leaves_in_mid_answer_costs_no_word(
    server: Live, page: Page, meddler: Meddler, leave: Callable[[Line], None]
) -> None:
    page.goto(server.url)
    ask(page, "tokens=100 rate=50")
    expect(shown(page)).to_contain_text("t10 ")
    page.evaluate(WATCH_TEXTS)
    leave(meddler.line)
    until(page, lambda: len(meddler.lines) == 2, "another connection")
    expect_ended(page)
    assert text_of(page) == tokens(100)
    expect_no_token_ever_wrong(page, 100)
    expect(answer(page)).to_have_count(1)
    assert page.evaluate(LIVING_SOCKETS) == 1


def by_the_tab(page: Page) -> Any:
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def by_the_history(page: Page) -> Any:
    page.evaluate("window.dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")


def by_the_network(page: Page) -> Any:
    page.evaluate("window.dispatchEvent(new Event('online'))")


def by_the_clock(page: Page) -> Any:
    page.clock.fast_forward(40_000)  # no timer ran meanwhile


@pytest.mark.promise(29)
@pytest.mark.parametrize("wake", [by_the_tab, by_the_history, by_the_network, by_the_clock])
def test_a_computer_that_wakes_asks_at_once_and_waits_2_s(
    server: Live, page: Page, meddler: Meddler, wake: Callable[[Page], Any]
) -> None:
    page.clock.install(time=0)
    page.goto(server.url)
    expect_badge(page, "Connected")
    stop_the_clock(page, 6_000)
    meddler.line.swallow()
    wake(page)
    page.clock.run_for(100)
    until(page, lambda: meddler.line.swallowed == ["ping"], "a ping")
    page.clock.run_for(1_800)
    assert len(meddler.lines) == 1
    page.clock.run_for(1_200)
    until(page, lambda: len(meddler.lines) == 2, "another connection")
    expect_badge(page, "Connected")
    assert page.evaluate(LIVING_SOCKETS) == 1


@pytest.mark.promise(29)
def test_a_computer_that_wakes_keeps_a_connection_that_lives(
    server: Live, page: Page, meddler: Meddler
) -> None:
    wire = Wire.of(page)
    page.clock.install(time=0)
    page.goto(server.url)
    expect_badge(page, "Connected")
    page.clock.fast_forward(3_600_000)
    wire.wait_for(page, "pong", 1)
    page.clock.run_for(5_000)
    ask(page, "tokens=3")
    expect_ended(page)
    assert len(meddler.lines) == 1
