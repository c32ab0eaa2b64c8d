"""What stands in and under an answer: citations, Match, thumbs, its record and times, why it is not whole."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Route, expect

from tests.browser.meddling import until
from tests.browser.saying import CHAIN, line, passage
from tests.browser.served import Network
from tests.browser.talking import (
    Wire,
    alerts,
    answer,
    answers,
    ask,
    expect_badge,
    expect_ended,
    questions,
    retry_now,
    session_of,
    shown,
)
from tests.support.live import Live, live

CITED = line(
    "The words of the first passage stand here [1]. And more [2].",
    sources=[
        passage(1, "Before. The words of the first passage stand here. After.", 0.87),
        passage(2, score=None),
    ],
    confidence=0.62,
)


@pytest.fixture(scope="module")
def parrot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    folder = tmp_path_factory.mktemp("parrot")
    with live(folder, chains=CHAIN, limit_messages_per_minute=0) as found:
        yield found


def ask_cited(page: Page, server: Live) -> Locator:
    """Asks for an answer with two citations; returns its sources' panel, which is not open yet."""
    page.goto(server.url)
    ask(page, CITED)
    expect_ended(page)
    expect(page.get_by_test_id("citation")).to_have_count(2)
    return page.get_by_test_id("sources")


def feedback(context: BrowserContext, page: Page, server: Live) -> Any:  # Any: JSON
    """What the server keeps of the newest answer's feedback."""
    url = f"{server.url}/api/chat/sessions/{session_of(page)}/export?format=json"
    return context.request.get(url).json()["messages"][-1]["feedback"]


def written(page: Page, server: Live) -> str:
    """What the server has of the newest answer, asked without the road."""
    url = f"{server.url}/api/chat/sessions/{session_of(page)}/messages"
    return str(page.request.get(url).json()["messages"][-1]["content"])


@pytest.mark.promise(38)
def test_a_citation_opens_its_passage_by_mouse_and_escape_gives_the_focus_back(
    parrot: Live, page: Page
) -> None:
    panel = ask_cited(page, parrot)
    first, second = page.get_by_test_id("citation").all()
    first.click()
    cited = panel.locator('[data-cited="true"]')
    expect(cited).to_be_focused()
    expect(cited).to_contain_text("Passage 1")
    expect(cited).to_contain_text("Page 1")
    expect(cited).to_contain_text("87 % match")
    expect(cited.locator("mark")).to_have_text("The words of the first passage stand here.")
    second.click()
    expect(panel.locator('[data-cited="true"]')).to_contain_text("Passage 2")
    expect(panel.locator('[data-cited="true"]')).to_be_focused()
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    expect(second).to_be_focused()
    first.click()
    panel.get_by_role("button", name="Close").click()
    expect(panel).to_have_count(0)
    expect(first).to_be_focused()


@pytest.mark.promise(38)
def test_a_citation_opens_its_passage_by_keyboard(parrot: Live, page: Page) -> None:
    panel = ask_cited(page, parrot)
    second = page.get_by_test_id("citation").nth(1)
    for key in ("Enter", "Space"):
        second.focus()
        page.keyboard.press(key)
        expect(panel.locator('[data-cited="true"]')).to_be_focused()
        page.keyboard.press("Escape")
        expect(panel).to_have_count(0)
        expect(second).to_be_focused()


@pytest.mark.promise(38)
def test_a_citation_opens_its_passage_by_touch_and_a_tap_beside_it_closes_it(
    parrot: Live, browser: Browser
) -> None:
    size = {"width": 375, "height": 700}
    context = browser.new_context(viewport=size, has_touch=True)  # type: ignore[arg-type] # a TypedDict
    page = context.new_page()
    panel = ask_cited(page, parrot)
    first = page.get_by_test_id("citation").first
    first.tap()
    expect(panel.locator('[data-cited="true"]')).to_contain_text("Passage 1")
    expect(panel.locator('[data-cited="true"]')).to_be_in_viewport()
    page.touchscreen.tap(180, 60)
    expect(panel).to_have_count(0)
    expect(first).to_be_focused()
    first.tap()
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    expect(first).to_be_focused()
    context.close()


def test_citations_of_an_answer_that_did_not_end_are_numbers_that_open_nothing(
    parrot: Live, page: Page
) -> None:
    page.goto(parrot.url)
    ask(page, line("It says so [1] here. " + "More. " * 200, pieces=300, rate=50))
    expect(shown(page)).to_contain_text("here. More.")
    page.get_by_test_id("stop").click()
    expect_ended(page, "cancelled")
    expect(shown(page).get_by_title("come with its end")).to_have_text("1")
    expect(page.get_by_test_id("citation")).to_have_count(0)
    expect(page.get_by_test_id("source-chip")).to_have_count(0)


def test_match_says_in_words_what_it_rests_on(parrot: Live, page: Page) -> None:
    ask_cited(page, parrot)
    match, tip = page.get_by_test_id("confidence"), page.get_by_test_id("confidence-tip")
    expect(match).to_have_text("Matchfair")
    expect(tip).to_be_hidden()
    match.hover()
    expect(tip).to_be_visible()
    for words in ("62 %", "computed this from the passages", "2 sources", "87 % match", "no score"):
        expect(tip).to_contain_text(words)
    page.mouse.move(5, 5)
    expect(tip).to_be_hidden()
    match.focus()
    expect(tip).to_be_visible()
    expect(match).to_have_accessible_description(re.compile("computed this from the passages"))
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()
    page.keyboard.press("Enter")
    expect(tip).to_be_visible()


def test_a_verdict_is_kept_through_a_reload_and_can_be_taken_back(
    parrot: Live, context: BrowserContext, page: Page
) -> None:
    page.goto(parrot.url)
    ask(page, line("Words."))
    up, down = page.get_by_test_id("thumb-up"), page.get_by_test_id("thumb-down")
    with page.expect_response("**/feedback"):
        up.click()
    expect(up).to_have_attribute("aria-pressed", "true")
    assert feedback(context, page, parrot)["value"] == "up"
    page.reload()
    expect(up).to_have_attribute("aria-pressed", "true")
    with page.expect_response("**/feedback"):
        down.click()
    expect(up).to_have_attribute("aria-pressed", "false")
    page.get_by_label("What was wrong with it? (optional)").fill("Too short")
    with page.expect_response("**/feedback"):
        page.keyboard.press("Enter")
    expect(answer(page)).to_contain_text("Your comment is kept")
    assert feedback(context, page, parrot)["comment"] == "Too short"
    with page.expect_response("**/feedback"):
        down.click()
    expect(down).to_have_attribute("aria-pressed", "false")
    assert feedback(context, page, parrot) is None


def test_a_verdict_that_cannot_be_kept_is_taken_back_and_the_page_says_so(parrot: Live, page: Page) -> None:
    page.goto(parrot.url)
    ask(page, line("Words."))
    expect_ended(page)
    page.route("**/feedback", lambda route: route.fulfill(status=500))
    up = page.get_by_test_id("thumb-up")
    up.click()
    expect(alerts(page)).to_contain_text("Try again in a moment")
    expect(up).to_have_attribute("aria-pressed", "false")
    page.reload()
    expect(up).to_have_attribute("aria-pressed", "false")


def test_a_comment_that_is_being_written_is_there_again_when_one_scrolls_back(
    parrot: Live, page: Page
) -> None:
    page.goto(parrot.url)
    ask(page, line("Words."))
    expect_ended(page)
    for _ in range(3):
        ask(page, line("Long.\n\n" * 120))
        expect(answer(page)).to_contain_text("Long.")
        expect_ended(page)
    listing = page.get_by_test_id("message-list")
    to_start = "list => { list.scrollTop = 0 }"
    latest = page.get_by_test_id("jump-to-latest")
    listing.evaluate(to_start)
    answers(page).filter(has_text="Words.").get_by_test_id("thumb-down").click()
    comment = page.get_by_test_id("feedback-comment").locator("input")
    comment.fill("Too short")
    page.get_by_test_id("composer-input").focus()
    latest.click()
    expect(comment).to_have_count(0)
    listing.evaluate(to_start)
    expect(comment).to_have_value("Too short")
    with page.expect_response("**/feedback"):
        comment.press("Enter")
    latest.click()
    expect(answer(page)).to_be_in_viewport()
    listing.evaluate(to_start)
    expect(answers(page).first).to_contain_text("Your comment is kept")


def test_passages_whose_ids_repeat_are_all_shown_and_go_with_their_answer(parrot: Live, page: Page) -> None:
    page.goto(parrot.url)
    one, twice = passage(1), passage(2)
    ask(page, line("Three.", sources=[one, twice, {**twice, "title": "The same again"}]))
    expect_ended(page)
    ask(page, line("One.", sources=[twice]))
    expect(answers(page)).to_have_count(2)
    expect_ended(page)
    answers(page).first.get_by_test_id("source-chip").first.click()
    passages = page.get_by_test_id("sources").get_by_role("listitem")
    expect(passages).to_have_count(3)
    answer(page).get_by_test_id("source-chip").click()
    expect(passages).to_have_count(1)


def test_what_match_rests_on_is_in_nobodys_way(parrot: Live, page: Page) -> None:
    ask_cited(page, parrot)
    match, tip = page.get_by_test_id("confidence"), page.get_by_test_id("confidence-tip")
    menu, items = page.get_by_role("button", name="This chat"), page.get_by_role("menu")
    menu.click()
    match.hover()
    expect(tip).to_be_visible()
    expect(items).to_be_visible()
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()
    page.mouse.move(5, 5)
    page.keyboard.press("Escape")
    expect(items).to_be_hidden()
    match.hover()
    expect(tip).to_be_visible()
    page.keyboard.press("/")
    expect(page.get_by_test_id("composer-input")).to_be_focused()
    page.set_viewport_size({"width": 900, "height": 320})
    page.mouse.move(5, 5)
    match.hover()
    expect(tip).to_be_visible()
    page.mouse.wheel(0, -100)
    expect(tip).to_be_hidden()
    page.get_by_test_id("message-list").evaluate("list => { list.scrollTop = 0 }")
    match.focus()  # it is scrolled into view
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    expect(tip).to_be_visible()


def test_the_record_of_an_answer_is_asked_for_where_the_answer_is(parrot: Live, page: Page) -> None:
    page.goto(parrot.url)
    for word in ("One.", "Two."):
        page.get_by_test_id("new-chat").click()
        expect(page.get_by_test_id("empty-state")).to_be_visible()
        ask(page, line(word))
        expect_ended(page)
    asked: list[Route] = []

    def hold(route: Route) -> None:
        asked.append(route)

    page.route("**/record", hold)
    session = session_of(page)
    page.get_by_test_id("open-record").click()
    until(page, lambda: len(asked) > 0, "the request")
    page.go_back()
    expect(shown(page)).to_have_text("One.")
    for route in asked:
        route.continue_()
    expect(page.get_by_test_id("record").get_by_role("listitem").first).to_contain_text("Accepted")
    assert [session in route.request.url for route in asked] == [True]


def test_the_time_of_the_first_words_is_measured_or_not_shown(server: Live, page: Page) -> None:
    page.goto(server.url)
    ask(page, "tokens=5 first_delay=1")
    expect_ended(page)
    times = page.get_by_test_id("times")
    expect(times).to_have_text(re.compile(r"^first words after [1-9]\.\d s · [1-9]\.\d s$"))
    page.reload()
    expect(times).to_have_text(re.compile(r"^\d\.\d s$"))
    page.get_by_test_id("open-record").click()
    expect(page.get_by_test_id("record")).to_contain_text("First words")
    page.keyboard.press("Escape")
    expect(times).to_have_text(re.compile(r"^first words after [1-9]\.\d s · "))


def test_an_answers_record_tells_what_happened_to_it(road: Network, page: Page) -> None:
    page.goto(road.url)
    ask(page, "tokens=120 rate=60")
    expect(shown(page)).to_contain_text("t20")
    road.cut()
    expect_badge(page, "Reconnecting")
    retry_now(page)
    expect_ended(page)
    page.route("**/record", lambda route: route.fulfill(status=500), times=1)
    page.get_by_test_id("open-record").click()
    dialog = page.get_by_test_id("record")
    expect(dialog.get_by_role("alert")).to_contain_text("could not be read")
    dialog.get_by_role("button", name="Try again").click()
    expect(dialog.get_by_role("listitem").first).to_have_text(re.compile(r"^\+0\.00 s\s*Accepted"))
    for words in ("First words", "Connection 1 ended", "Connection 2 went on", "Complete"):
        expect(dialog.get_by_role("listitem").filter(has_text=words)).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("open-record")).to_be_focused()


def test_after_a_resume_the_page_says_how_much_was_recovered(server: Live, road: Network, page: Page) -> None:
    wire = Wire.of(page)
    page.goto(road.url)
    ask(page, "tokens=300 rate=60")
    expect(shown(page)).to_contain_text("t20")
    expect(page.get_by_test_id("recovered")).to_have_count(0)
    wire.forget()
    road.take_away()
    expect_badge(page, "Reconnecting")
    seen = len(shown(page).inner_text())
    until(page, lambda: len(written(page, server)) > seen + 20, "something that is said meanwhile")
    road.give_back()
    retry_now(page)
    chip = page.get_by_test_id("recovered")
    expect(chip).to_have_text(re.compile(r"^\+\d+ tokens recovered$"))
    (told,) = wire.wait_for(page, "subscribed", 1)
    assert chip.inner_text() == f"+{told['end'] - told['seq']} tokens recovered"
    assert chip.evaluate("chip => chip.closest('[aria-live=polite], [role=status], [role=alert]')") is None
    expect_ended(page)


def test_a_stopped_answer_says_so_and_offers_another_attempt(server: Live, page: Page) -> None:
    page.goto(server.url)
    ask(page, "tokens=5 first_delay=30")
    expect(page.get_by_test_id("stop")).to_be_enabled()
    page.get_by_test_id("stop").click()
    expect_ended(page, "cancelled")
    expect(answer(page)).to_contain_text("Stopped before the answer began.")
    expect(answer(page).get_by_role("button", name="Copy")).to_have_count(0)
    ask(page, "tokens=500 rate=50")
    expect(shown(page)).to_contain_text("t5")
    page.get_by_test_id("stop").click()
    expect_ended(page, "cancelled")
    expect(answer(page)).to_contain_text("You stopped this answer.")
    expect(answer(page).get_by_test_id("retry")).to_have_text("Try again")
    expect(answers(page).first.get_by_test_id("retry")).to_have_count(0)


def test_a_failed_answer_says_why_and_an_older_one_hands_its_question_to_the_composer(
    server: Live, page: Page
) -> None:
    page.goto(server.url)
    ask(page, "tokens=9 fail_at=3")
    expect_ended(page, "failed")
    note = answer(page).get_by_test_id("message-error")
    expect(note).not_to_be_empty()
    expect(note.get_by_test_id("retry")).to_have_text("Try again")
    ask(page, "tokens=2")
    expect(answers(page)).to_have_count(2)
    expect_ended(page)
    older = answers(page).first.get_by_test_id("message-error")
    expect(older.get_by_test_id("retry")).to_have_count(0)
    older.get_by_role("button", name="Ask again").click()
    expect(page.get_by_test_id("composer-input")).to_have_value("tokens=9 fail_at=3")
    expect(questions(page)).to_have_count(2)


def test_an_interrupted_answer_blames_nobody(tmp_path: Path, page: Page) -> None:
    with live(tmp_path, drain_seconds=0) as first:
        port = int(first.url.rsplit(":", 1)[-1])
        page.goto(first.url)
        ask(page, "tokens=2000 rate=50")
        expect(shown(page)).to_contain_text("t10")
    with live(tmp_path, port):
        retry_now(page)
        expect_ended(page, "interrupted")
        note = answer(page).get_by_test_id("message-error")
        expect(note).to_contain_text("Interrupted: the server went away")
        expect(note.get_by_test_id("retry")).to_have_text("Try again")
