"""Everything without a mouse, and the keys that lead straight to it."""

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.browser.by_keys import expect_focus_seen, open_page, press, tab_to
from tests.browser.talking import (
    Picture,
    answer,
    answers,
    ask,
    expect_ended,
    session_of,
    shown,
    text_of,
    tokens,
)
from tests.support.live import Live

# How many pixels of the list lie below what is shown.
BELOW = """() => {
    const list = document.querySelector('[role="log"]');
    return list.scrollHeight - list.clientHeight - list.scrollTop;
}"""


def composer(page: Page) -> Locator:
    return page.get_by_test_id("composer-input")


def say(page: Page, question: str) -> None:
    page.keyboard.type(question)
    press(page, "Enter")


def chat_link(page: Page, session: str) -> Locator:
    return page.locator(f'[data-session-id="{session}"] a')


def in_entry(page: Page, session: str, name: str) -> Locator:
    return page.locator(f'[data-session-id="{session}"]').get_by_role("button", name=name)


@pytest.mark.promise(43)
def test_asking_stopping_reading_a_source_and_trying_again_need_no_mouse(server: Live, page: Page) -> None:
    open_page(page, server.url)
    press(page, "Tab", "Enter")  # past the chats
    expect(composer(page)).to_be_focused()
    say(page, "tokens=2000 rate=50")
    expect(shown(page)).to_contain_text("t5")
    tab_to(page, page.get_by_test_id("stop"))
    press(page, "Enter")
    expect_ended(page, "cancelled")
    expect(composer(page)).to_be_focused()
    say(page, "tokens=4 sources=2")
    expect(answers(page)).to_have_count(2)
    expect_ended(page)
    chip = answer(page).get_by_test_id("source-chip").first
    tab_to(page, chip, "Shift+Tab")
    press(page, "Enter")
    expect(page.get_by_test_id("sources").locator("[data-cited=true]")).to_be_focused()
    press(page, "Escape")
    expect(page.get_by_test_id("sources")).to_have_count(0)
    expect(chip).to_be_focused()
    first = str(answer(page).get_attribute("data-message-id"))
    tab_to(page, answer(page).get_by_test_id("retry"))
    press(page, "Enter")
    expect(answer(page)).not_to_have_attribute("data-message-id", first)
    expect_ended(page)
    assert text_of(page) == tokens(4)
    expect_focus_seen(page)


@pytest.mark.promise(43)
def test_an_answer_that_ends_while_stop_has_the_focus_leaves_it_in_the_composer(
    server: Live, page: Page
) -> None:
    open_page(page, server.url)
    ask(page, "tokens=60 rate=40")
    expect(shown(page)).to_contain_text("t5")
    tab_to(page, page.get_by_test_id("stop"))
    expect_ended(page)
    expect(composer(page)).to_be_focused()


@pytest.mark.promise(43)
def test_renaming_deleting_and_undoing_need_no_mouse(server: Live, page: Page) -> None:
    open_page(page, server.url)
    press(page, "Tab", "Enter")
    say(page, "Which way is up? tokens=3")
    expect_ended(page)
    session = session_of(page)
    menu = page.get_by_role("button", name="This chat")
    tab_to(page, menu, "Shift+Tab")
    press(page, "Enter")
    expect(page.get_by_role("menuitem", name="Rename")).to_be_focused()
    press(page, "ArrowUp")
    expect(page.get_by_role("menuitem", name="Delete")).to_be_focused()
    press(page, "Escape")
    expect(menu).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("menuitem", name="Rename")).to_be_focused()
    press(page, "Enter")
    say(page, "Upwards")
    expect(page.get_by_role("heading", name="Upwards")).to_be_visible()
    expect(menu).to_be_focused()

    tab_to(page, chat_link(page, session), "Shift+Tab")
    tab_to(page, in_entry(page, session, "Rename"))
    press(page, "Enter")
    page.keyboard.type("never kept")
    press(page, "Escape")
    expect(chat_link(page, session)).to_be_focused()
    expect(chat_link(page, session)).to_have_text("Upwards")

    tab_to(page, in_entry(page, session, "Delete"))
    press(page, "Enter")
    expect(page.get_by_test_id("empty-state")).to_be_visible()
    undo = page.get_by_role("button", name="Undo")
    tab_to(page, undo)
    press(page, "Enter")
    expect(answers(page)).to_have_count(1)  # on the screen, as it was
    expect(composer(page)).to_be_focused()

    press(page, "Control+Shift+O")
    expect(page.get_by_test_id("empty-state")).to_be_visible()
    tab_to(page, chat_link(page, session), "Shift+Tab")
    tab_to(page, in_entry(page, session, "Delete"))
    press(page, "Enter")
    expect(undo).to_be_focused()
    press(page, "Enter")
    expect(chat_link(page, session)).to_be_focused()
    press(page, "Enter")
    expect(composer(page)).to_be_focused()
    expect(answers(page)).to_have_count(1)


@pytest.mark.promise(43)
def test_searching_and_looking_at_the_documents_need_no_mouse(server: Live, page: Page) -> None:
    open_page(page, server.url)
    press(page, "Tab", "Enter")
    say(page, "Do lemurs sing? tokens=3")
    expect_ended(page)
    sung = session_of(page)
    press(page, "Control+Shift+O")
    expect(page.get_by_test_id("empty-state")).to_be_visible()
    search = page.get_by_test_id("open-search")
    tab_to(page, search, "Shift+Tab")
    press(page, "Enter")
    expect(page.get_by_test_id("search-input")).to_be_focused()
    press(page, "Escape")
    expect(search).to_be_focused()
    press(page, "Enter")
    page.keyboard.type("lemur")
    expect(page.get_by_test_id("hit")).to_have_count(1)
    press(page, "Enter")
    page.wait_for_url(f"**/chat/{sung}")
    expect(page.locator("[data-message-id]").filter(has_text="lemurs")).to_be_focused()
    documents = page.get_by_test_id("open-documents")
    tab_to(page, documents, "Shift+Tab")
    press(page, "Enter")
    expect(page.get_by_role("dialog", name="Documents")).to_be_visible()
    press(page, "Escape")
    expect(documents).to_be_focused()


@pytest.mark.promise(43)
def test_on_a_narrow_screen_the_chats_are_opened_and_left_by_keys(server: Live, page: Page) -> None:
    page.set_viewport_size({"width": 375, "height": 700})
    open_page(page, server.url)
    opener = page.get_by_role("button", name="Show chats")
    tab_to(page, opener)
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("new-chat")).to_be_focused()
    tab_to(page, page.get_by_test_id("open-search"))
    press(page, "Enter", "Escape")  # the search alone is closed
    expect(page.get_by_test_id("open-search")).to_be_focused()
    press(page, "Escape")
    expect(opener).to_be_focused()


def test_the_sheet_of_keys_says_what_they_are_on_this_machine(
    server: Live, page: Page, context: BrowserContext, picture: Picture
) -> None:
    sheet = page.get_by_role("dialog", name="Keyboard shortcuts")
    open_page(page, server.url)
    page.keyboard.press("?")
    expect(sheet.get_by_text("Search chats").locator("..")).to_contain_text("CtrlK")
    picture(page)
    page.keyboard.press("Control+k")  # one at a time
    expect(sheet).not_to_be_visible()
    expect(page.get_by_test_id("search-input")).to_be_focused()
    mac = context.new_page()
    mac.add_init_script("Object.defineProperty(navigator, 'platform', { get: () => 'MacIntel' })")
    open_page(mac, server.url)
    mac.get_by_test_id("open-shortcuts").click()
    of_mac = mac.get_by_role("dialog", name="Keyboard shortcuts")
    expect(of_mac.get_by_text("Search chats").locator("..")).to_contain_text("⌘K")
    mac.keyboard.press("Meta+k")
    expect(mac.get_by_test_id("search-input")).to_be_focused()


def test_keys_that_write_something_are_left_to_whoever_writes(server: Live, page: Page) -> None:
    open_page(page, server.url)
    page.keyboard.press("/")
    expect(composer(page)).to_be_focused()
    page.keyboard.type("and/or?")
    expect(composer(page)).to_have_value("and/or?")
    expect(page.locator("dialog[open]")).to_have_count(0)
    pressed = """composing => document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {
        key: 'k', ctrlKey: true, isComposing: composing, bubbles: true, cancelable: true }))"""
    assert page.evaluate(pressed, True)  # an input method's own key: nobody took it
    expect(page.locator("dialog[open]")).to_have_count(0)
    assert not page.evaluate(pressed, False)
    expect(page.locator("dialog[open]")).to_have_count(1)


def test_escape_stops_the_answer_unless_something_is_open(server: Live, page: Page) -> None:
    open_page(page, server.url)
    page.keyboard.press("/")
    page.keyboard.type("tokens=2000 rate=50")
    page.keyboard.press("Enter")
    expect(shown(page)).to_contain_text("t5")
    page.keyboard.press("Control+k")
    expect(page.get_by_test_id("search-input")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("dialog[open]")).to_have_count(0)
    menu = page.get_by_role("button", name="This chat")
    menu.click()
    page.keyboard.press("Escape")
    expect(menu).to_be_focused()
    page.keyboard.press("Escape")  # not in the conversation
    seen = len(text_of(page))
    page.wait_for_function(
        "seen => document.querySelector('[data-role=assistant]').innerText.split(/\\s+/).length > seen + 10",
        arg=seen,
    )
    composer(page).focus()
    page.keyboard.press("Escape")
    expect_ended(page, "cancelled")


def test_one_escape_closes_the_passages_and_the_next_stops_the_answer(server: Live, page: Page) -> None:
    open_page(page, server.url)
    ask(page, "tokens=4 sources=2")
    expect_ended(page)
    ask(page, "tokens=2000 rate=50")
    expect(answers(page)).to_have_count(2)
    expect(shown(page)).to_contain_text("t5")
    passages = page.get_by_test_id("sources")
    chip = page.get_by_test_id("source-chip").first
    field = composer(page)
    for where, then in ((passages.locator("[data-cited=true]"), chip), (chip, chip), (field, field)):
        chip.click()
        where.focus()
        page.keyboard.press("Escape")
        expect(passages).to_have_count(0)
        expect(then).to_be_focused()
        before = len(text_of(page))
        page.wait_for_function(
            "seen => [...document.querySelectorAll('[data-role=assistant] [data-testid=message-text]')]"
            ".at(-1).innerText.split(/\\s+/).length > seen + 5",
            arg=before,
        )
    page.keyboard.press("Escape")
    expect_ended(page, "cancelled")


def test_keys_lead_from_chat_to_chat_and_copy_the_newest_answer(
    server: Live, page: Page, context: BrowserContext
) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_page(page, server.url)
    for count in (2, 3):
        page.keyboard.press("Control+Shift+O")
        expect(page.get_by_test_id("empty-state")).to_be_visible()
        ask(page, f"tokens={count}")
        expect_ended(page)
    newer = session_of(page)
    page.keyboard.press("Alt+ArrowDown")
    page.wait_for_function("newer => !location.pathname.endsWith(newer)", arg=newer)
    expect_ended(page)
    page.keyboard.press("Control+Shift+L")
    expect(page.get_by_test_id("told")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()").split() == tokens(2)
    page.keyboard.press("Alt+ArrowDown")  # there is none below
    page.keyboard.press("Alt+ArrowUp")
    page.wait_for_url(f"**/chat/{newer}")


def test_the_end_key_leads_back_to_what_is_being_said(server: Live, page: Page) -> None:
    open_page(page, server.url)
    ask(page, "tokens=1500 rate=3000")
    expect_ended(page)
    ask(page, "tokens=3000 rate=100")
    expect(answers(page)).to_have_count(2)
    expect(shown(page)).to_contain_text("t5")
    page.get_by_test_id("message-list").hover()
    page.mouse.wheel(0, -2_000)
    expect(page.get_by_test_id("jump-to-latest")).to_be_visible()
    page.get_by_test_id("message-list").focus()
    page.keyboard.press("End")
    expect(page.get_by_test_id("jump-to-latest")).to_have_count(0)
    expect(shown(page)).to_contain_text("t150")
    assert page.evaluate(BELOW) <= 2
