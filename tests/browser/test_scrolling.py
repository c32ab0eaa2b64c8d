"""What is being read stays where it is, whatever comes above or below."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.frames import FOLLOW
from tests.browser.talking import answer, answers, ask, expect_ended, session_of, shown
from tests.support.histories import lengthen
from tests.support.live import Live, live

LIST = "[data-testid=message-list]"
BELOW = f"""() => {{
    const list = document.querySelector('{LIST}');
    return list.scrollHeight - list.clientHeight - list.scrollTop;
}}"""
ABOVE = f"document.querySelector('{LIST}').scrollTop"
SETTLED = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
# A row in the middle of the view, and where it stands.
MIDDLE = f"""() => {{
    const box = document.querySelector('{LIST}').getBoundingClientRect();
    return document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2)
        .closest('[data-message-id]')?.dataset.messageId ?? null;
}}"""
# Selects the first word of the newest answer's first paragraph.
SELECT = """() => {
    const texts = document.querySelectorAll('[data-role="assistant"] [data-testid="message-text"]');
    const walker = document.createTreeWalker(texts[texts.length - 1], NodeFilter.SHOW_TEXT);
    const text = walker.nextNode();
    getSelection().setBaseAndExtent(text, 0, text, 12);
    window.selected = text;
    return getSelection().toString();
}"""


@pytest.fixture(scope="module")
def talker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Live, Path]]:
    folder = tmp_path_factory.mktemp("scrolling")
    with live(folder, chains="talk=tests.support.longwinded:build", limit_messages_per_minute=0) as found:
        yield found, folder


def say(**plan: Any) -> str:
    return json.dumps(plan)


def tops(page: Page) -> list[float]:
    found: list[float] = page.evaluate("window.tops")
    return found


def moved(page: Page) -> float:
    """How far the followed row moved on the screen, in pixels, over all frames."""
    found = tops(page)
    assert len(found) > 5
    assert all(top == top for top in found), "the row was not there in every frame"  # noqa: PLR0124 - NaN
    return max(found) - min(found)


def wheel(page: Page, pixels: int) -> None:
    page.get_by_test_id("message-list").hover()
    page.mouse.wheel(0, pixels)
    page.evaluate(SETTLED)


def to_the_top(page: Page) -> None:
    above = -1.0
    while above != (above := page.evaluate(ABOVE)):
        wheel(page, -50_000)


@pytest.mark.promise(12)
def test_older_messages_move_nothing_while_an_answer_grows(
    talker: tuple[Live, Path], page: Page, context: BrowserContext
) -> None:
    server, folder = talker
    page.goto(server.url)
    ask(page, say(ahead=400))
    expect_ended(page)
    session = session_of(page)
    lengthen(folder, session, 300)
    page.reload()
    expect_ended(page)
    path = f"{server.url}/api/chat/sessions/{session}/messages"
    context.request.post(
        path, data={"content": say(words=4_000, rate=100)}, headers={"Prefer": "respond-async"}
    )
    expect(shown(page)).to_contain_text("w20 ")
    to_the_top(page)
    for page_number in range(1, 4):
        row = page.locator("[data-message-id]").first.get_attribute("data-message-id")
        before = page.evaluate("document.querySelector('[data-message-id]').ariaSetSize")
        page.evaluate(FOLLOW, row)
        page.get_by_test_id("load-older").click()
        expect(page.locator(f'[data-message-id="{row}"]')).to_have_attribute(
            "aria-setsize", str(int(before) + 50)
        )
        page.evaluate(SETTLED)
        assert moved(page) <= 1, f"page {page_number}"
        to_the_top(page)
    page.get_by_test_id("jump-to-latest").click()
    expect(answer(page)).to_have_attribute("data-status", "streaming")
    page.get_by_test_id("stop").click()
    expect_ended(page, "cancelled")


@pytest.mark.promise(20)
def test_a_reader_who_scrolled_up_is_left_alone_until_they_jump_to_the_latest(
    talker: tuple[Live, Path], page: Page
) -> None:
    server, _ = talker
    page.goto(server.url)
    ask(page, say(ahead=6_000, words=4_000, rate=100))
    expect(shown(page)).to_contain_text("w40 ")
    wheel(page, -600)
    place = page.evaluate(ABOVE)
    row = answer(page).get_attribute("data-message-id")
    page.evaluate(FOLLOW, row)
    expect(shown(page)).to_contain_text("w400 ")
    assert page.evaluate(ABOVE) == place
    assert moved(page) <= 1
    jump = page.get_by_test_id("jump-to-latest")
    jump.click()
    page.evaluate(SETTLED)
    assert page.evaluate(BELOW) <= 2
    expect(jump).to_have_count(0)
    for words in ("w600 ", "w700 "):  # and it is followed again
        expect(shown(page)).to_contain_text(words)
        page.evaluate(SETTLED)
        assert page.evaluate(BELOW) <= 70
    page.get_by_test_id("stop").click()


@pytest.mark.promise(21)
def test_a_selection_stays_while_the_answer_grows(
    talker: tuple[Live, Path], page: Page, context: BrowserContext
) -> None:
    server, _ = talker
    page.goto(server.url)
    ask(page, say(ahead=600, words=2_000, rate=100))
    expect(shown(page)).to_contain_text("w20 ")
    selected = page.evaluate(SELECT)
    place = page.evaluate(ABOVE)
    assert len(selected) == 12
    expect(shown(page)).to_contain_text("w200 ")
    assert page.evaluate("getSelection().toString()") == selected
    assert page.evaluate("window.selected.isConnected")
    assert page.evaluate(ABOVE) == place  # it is not pulled away
    messages = f"{server.url}/api/chat/sessions/{session_of(page)}/messages"
    context.request.post(f"{messages}/{answer(page).get_attribute('data-message-id')}/stop")
    expect_ended(page, "cancelled")
    assert page.evaluate("getSelection().toString()") == selected


def test_what_comes_while_one_reads_above_is_counted_and_marked(
    talker: tuple[Live, Path], page: Page, context: BrowserContext
) -> None:
    server, _ = talker
    page.goto(server.url)
    ask(page, say(ahead=6_000))
    expect_ended(page)
    wheel(page, -900)
    jump = page.get_by_test_id("jump-to-latest")
    expect(jump).to_have_text("Jump to latest")
    path = f"{server.url}/api/chat/sessions/{session_of(page)}/messages"
    place = page.evaluate(ABOVE)
    context.request.post(path, data={"content": say(ahead=3_000), "client_message_id": "from-elsewhere"})
    expect(jump).to_contain_text("2 new")
    assert page.evaluate(ABOVE) == place
    jump.click()
    divider = page.get_by_text("New", exact=True)
    wheel(page, -2_000)
    expect(divider).to_be_visible()
    expect(jump).to_have_text("Jump to latest")
    ask(page, say(ahead=10))
    expect(answers(page).last).to_be_in_viewport()
    expect(divider).to_have_count(0)


def test_the_last_page_hands_the_focus_of_its_button_to_the_first_message(
    talker: tuple[Live, Path], page: Page
) -> None:
    server, folder = talker
    page.goto(server.url)
    ask(page, say(ahead=10))
    expect_ended(page)
    lengthen(folder, session_of(page), 60)
    page.reload()
    expect_ended(page)
    to_the_top(page)
    page.get_by_test_id("load-older").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("load-older")).to_have_count(0)
    assert page.evaluate("document.activeElement.closest('[data-message-id]') !== null")
