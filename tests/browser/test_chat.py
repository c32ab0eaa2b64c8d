"""A person with a browser, at the real server."""

from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from chains.ingest import ingest
from chains.library import open_index
from chains.settings import ChainSettings
from tests.browser.talking import Picture, answer, ask, expect_ended, text_of, tokens
from tests.support.live import Live, live

GUIDE = Path(__file__).parents[2] / "docs" / "guide" / "when-the-connection-drops.md"

# Notes every length that the newest answer's text is shown with, frame by frame.
WATCH = """() => {
    window.lengths = [];
    window.ids = new Set();
    const look = () => {
        const rows = document.querySelectorAll('[data-role="assistant"]');
        const row = rows[rows.length - 1];
        const text = row?.querySelector('[data-testid="message-text"]')?.textContent ?? '';
        if (row) window.ids.add(row.dataset.messageId);
        if (text && text.length !== window.lengths.at(-1)) window.lengths.push(text.length);
        requestAnimationFrame(look);
    };
    look();
}"""
# How many pixels of the list lie below what is shown.
BELOW = """() => {
    let list = document.querySelector('[data-testid="message-list"]');
    while (list && getComputedStyle(list).overflowY !== 'auto') list = list.parentElement;
    return list.scrollHeight - list.clientHeight - list.scrollTop;
}"""
# Notes how far one row moves from frame to frame, on the screen.
FOLLOW_ROW = """id => {
    window.tops = [];
    const look = () => {
        const row = document.querySelector(`[data-message-id="${id}"]`);
        if (row) window.tops.push(row.getBoundingClientRect().top);
        requestAnimationFrame(look);
    };
    look();
}"""


@pytest.mark.promise(1)
def test_an_answer_grows_before_ones_eyes_in_one_row(server: Live, page: Page, picture: Picture) -> None:
    page.goto(server.url)
    expect(page.get_by_test_id("connection-badge")).to_have_attribute("data-state", "open")
    picture(page)
    page.evaluate(WATCH)
    ask(page, "tokens=60 rate=60 sources=2 confidence=0.8")
    expect(answer(page)).to_have_attribute("data-status", "streaming")
    picture(page)
    expect_ended(page)
    assert text_of(page)[:60] == tokens(60)
    lengths: list[int] = page.evaluate("window.lengths")
    assert len(lengths) >= 5
    assert lengths == sorted(lengths)
    assert page.evaluate("[...window.ids]") == [answer(page).get_attribute("data-message-id")]
    assert page.locator('[data-role="assistant"]').count() == 1
    assert page.locator('[data-role="user"]').count() == 1


def test_a_question_about_the_documents_gets_a_cited_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: Page, picture: Picture
) -> None:
    monkeypatch.setenv("STEADYCHAT_DATA_DIR", str(tmp_path))  # where the chain looks for its index
    ingest(open_index(ChainSettings()), [GUIDE])
    with live(tmp_path, chains="rag=chains.rag:build") as server:
        page.goto(server.url)
        ask(page, "What happens to an answer when my connection drops?")
        expect_ended(page)
        answer(page).get_by_test_id("citation").first.click()
        panel = page.get_by_test_id("sources")
        quoted = panel.locator("mark").first.inner_text().strip()
        picture(page)
        assert quoted in " ".join(answer(page).get_by_test_id("message-text").inner_text().split())
        page.keyboard.press("Escape")
        expect(panel).not_to_be_visible()


@pytest.mark.promise(15)
def test_reloading_in_mid_answer_goes_on_without_gap_or_doubling(server: Live, page: Page) -> None:
    page.goto(server.url)
    ask(page, "tokens=240 rate=40")
    expect(answer(page).get_by_test_id("message-text")).to_contain_text("t20")
    page.reload()
    expect(answer(page)).to_have_attribute("data-status", "streaming")
    expect_ended(page)
    assert text_of(page) == tokens(240)
    assert page.locator("[data-message-id]").count() == 2


def test_what_is_said_stays_in_view_while_the_list_outgrows_the_window(server: Live, page: Page) -> None:
    """Around that moment rows also shrink, when a sign of typing becomes a first word."""
    for height in range(520, 760, 24):  # the moment comes at another point of the exchange each time
        page.set_viewport_size({"width": 1280, "height": height})
        page.goto(server.url)
        for exchange in range(1, 4):
            ask(page, "tokens=150 rate=3000")
            expect(page.locator('[data-role="assistant"]')).to_have_count(exchange)
            expect_ended(page)
            expect(answer(page).get_by_test_id("message-text")).to_be_in_viewport()
            assert page.evaluate(BELOW) <= 70, f"after exchange {exchange} in a window of {height} px"


def test_a_new_attempt_is_followed_although_the_list_gets_shorter_first(server: Live, page: Page) -> None:
    page.goto(server.url)
    ask(page, "tokens=1200 rate=3000")
    expect_ended(page)
    answer(page).get_by_test_id("retry").click()
    expect(answer(page)).to_have_attribute("data-status", "streaming")
    expect_ended(page)
    assert text_of(page) == tokens(1200)
    assert page.evaluate(BELOW) <= 1
    expect(page.get_by_test_id("message-list")).to_be_focused()


def test_stop_keeps_what_was_said(server: Live, page: Page) -> None:
    page.goto(server.url)
    ask(page, "tokens=2000 rate=50")
    expect(answer(page).get_by_test_id("message-text")).to_contain_text("t10")
    page.get_by_test_id("stop").click()
    expect_ended(page, "cancelled")
    said = text_of(page)
    assert said == tokens(len(said))
    page.reload()
    expect_ended(page, "cancelled")
    assert text_of(page) == said


def test_older_messages_come_without_moving_what_is_read(
    server: Live, page: Page, context: BrowserContext, picture: Picture
) -> None:
    page.goto(server.url)
    ask(page, "tokens=3")
    expect_ended(page)
    session = page.url.rsplit("/", 1)[-1]
    for _ in range(45):
        context.request.post(
            f"{server.url}/api/chat/sessions/{session}/messages", data={"content": "tokens=12"}
        )
    page.reload()
    expect_ended(page)
    oldest = scroll_to_the_top(page)
    page.evaluate(FOLLOW_ROW, oldest)
    page.get_by_test_id("load-older").click()
    expect(page.get_by_test_id("load-older")).to_have_count(0)
    tops: list[float] = page.evaluate("window.tops")
    assert max(tops) - min(tops) <= 1
    picture(page)
    scroll_to_the_top(page)
    expect(page.locator('[data-role="user"]').first).to_contain_text("tokens=3")


def scroll_to_the_top(page: Page) -> str:
    """Scrolls up until nothing more moves; returns the id of the first row."""
    page.locator("[data-message-id]").last.hover()
    row = ""
    while row != (row := page.locator("[data-message-id]").first.get_attribute("data-message-id") or ""):
        page.mouse.wheel(0, -20_000)
        page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return row


def test_the_badge_tells_when_the_server_stops_and_comes_back(
    tmp_path: Path, page: Page, picture: Picture
) -> None:
    badge = page.get_by_test_id("connection-badge")
    with live(tmp_path) as server:
        port = int(server.url.rsplit(":", 1)[-1])
        page.goto(server.url)
        ask(page, "tokens=3")
        expect_ended(page)
        expect(badge).to_contain_text("Connected")
    expect(badge).to_contain_text("Reconnecting")
    picture(page)
    with live(tmp_path, port):
        expect(badge).to_contain_text("Connected", timeout=20_000)
        ask(page, "tokens=4")
        expect(page.locator('[data-role="assistant"]')).to_have_count(2)
        expect_ended(page)
        assert text_of(page) == tokens(4)


@pytest.mark.promise(19)
def test_a_server_that_dies_in_mid_answer_leaves_the_text_and_says_so(
    tmp_path: Path, page: Page, picture: Picture
) -> None:
    with live(tmp_path, drain_seconds=0) as server:
        port = int(server.url.rsplit(":", 1)[-1])
        page.goto(server.url)
        ask(page, "tokens=2000 rate=50")
        expect(answer(page).get_by_test_id("message-text")).to_contain_text("t10")
    with live(tmp_path, port):
        expect_ended(page, "interrupted")
        picture(page)
        said = text_of(page)
        assert len(said) > 10
        assert said[:11] == tokens(11)
