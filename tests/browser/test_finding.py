"""Finding one's way among chats: the list, the search, and taking a chat along."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, Route, expect

from tests.browser.by_keys import open_page
from tests.browser.talking import Picture, alerts, answers, ask, expect_ended, questions, session_of
from tests.support.live import Live, live


def ask_by_rest(context: BrowserContext, server: Live, *said: str) -> str:
    """A chat in which this was asked and answered; returns its id."""
    session = None
    for content in said:
        sent = {"content": content, "session_id": session}
        answered = context.request.post(f"{server.url}/api/chat/messages", data=sent)
        session = answered.json()["message"]["session_id"]
    return str(session)


def search_for(page: Page, words: str) -> Locator:
    page.keyboard.press("Control+k")
    page.get_by_test_id("search-input").press_sequentially(words)
    return page.get_by_test_id("hit")


def choose(page: Page, name: str) -> None:
    page.get_by_role("button", name="This chat").click()
    page.get_by_role("menuitem", name=name).click()


@pytest.mark.promise(14)
def test_more_chats_come_by_one_request_and_leave_the_listed_ones_untouched(
    server: Live, page: Page, context: BrowserContext
) -> None:
    open_page(page, server.url)
    for _ in range(60):
        context.request.post(f"{server.url}/api/chat/sessions", data={})
    page.reload()
    listed = page.locator("[data-session-id]")
    expect(listed).to_have_count(50)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.evaluate("window.held = [...document.querySelectorAll('[data-session-id]')]")
    more = page.get_by_test_id("load-more-sessions")
    more.focus()
    page.keyboard.press("Enter")
    expect(listed).to_have_count(60)
    assert [url.partition("?")[0] for url in asked] == [f"{server.url}/api/chat/sessions"]
    same = "[...document.querySelectorAll('[data-session-id]')].slice(0, 50).every((n, i) => n === held[i])"
    assert page.evaluate(same)
    expect(more).to_have_count(0)
    expect(listed.nth(49).get_by_role("link")).to_be_focused()  # the next Tab leads to the new ones


def test_a_chat_older_than_the_list_has_its_name_in_the_header(
    server: Live, page: Page, context: BrowserContext
) -> None:
    open_page(page, server.url)
    old = ask_by_rest(context, server, "Who painted the cave? tokens=2")
    for _ in range(51):
        context.request.post(f"{server.url}/api/chat/sessions", data={})
    page.goto(f"{server.url}/chat/{old}")
    expect(page.get_by_role("heading", name="Who painted the cave?")).to_be_visible()


def test_what_was_said_is_found_while_one_types_and_opened_by_arrow_keys(
    server: Live, page: Page, context: BrowserContext, picture: Picture
) -> None:
    open_page(page, server.url)
    both = ask_by_rest(context, server, "Do otters sleep? tokens=2", "And where do OTTERS eat? tokens=2")
    one = ask_by_rest(context, server, "Otter, badger and fox: who is the fastest? tokens=2")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/search" in request.url else None)
    hits = search_for(page, "otter")
    expect(hits).to_have_count(3)
    assert sum("q=otter" in url for url in asked) <= 2, "every letter was searched for"
    expect(page.locator(f'[data-session="{both}"]').get_by_test_id("hit")).to_have_count(2)
    assert {text.lower() for text in hits.locator("mark").all_inner_texts()} == {"otter"}
    picture(page)
    field = page.get_by_test_id("search-input")
    wanted = page.locator(f'[data-session="{one}"]').get_by_test_id("hit")
    for _ in range(3):
        if wanted.get_attribute("aria-selected") == "true":
            break
        page.keyboard.press("ArrowDown")
    expect(field).to_have_attribute("aria-activedescendant", str(wanted.get_attribute("id")))
    expect(field).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/chat/{one}")
    expect(page.get_by_test_id("search")).not_to_be_visible()
    expect(questions(page)).to_have_count(1)
    search_for(page, "where").first.click()
    page.wait_for_url(f"**/chat/{both}")
    expect(questions(page)).to_have_count(2)


def test_a_search_says_when_there_is_nothing_and_when_it_could_not_be_done(
    server: Live, page: Page, context: BrowserContext, picture: Picture
) -> None:
    open_page(page, server.url)
    ask_by_rest(context, server, "Do herons nest? tokens=2")
    hits = search_for(page, "xylophone")
    state = page.get_by_test_id("search-state")
    expect(state).to_contain_text("Nothing found for “xylophone”")
    field = page.get_by_test_id("search-input")
    field.fill("...")
    expect(alerts(page)).to_contain_text("Type some letters or digits")
    page.route("**/api/chat/search?*", lambda route: route.abort())
    field.fill("heron")
    failure = alerts(page).filter(has_text="Check the connection and try again")
    expect(failure).to_be_visible()
    picture(page)
    page.unroute_all()
    failure.get_by_role("button", name="Try again").click()
    expect(hits).to_have_count(1)
    field.fill("")
    expect(hits).to_have_count(0)
    expect(state).to_have_attribute("data-status", "idle")


def test_an_answer_to_earlier_words_is_not_shown(server: Live, page: Page, context: BrowserContext) -> None:
    open_page(page, server.url)
    ask_by_rest(context, server, "Do ravens count? tokens=2")
    ask_by_rest(context, server, "Do rabbits count? tokens=2")
    held: list[Route] = []

    def hold(route: Route) -> None:  # never answered
        held.append(route)

    page.route("**/api/chat/search?*q=ra", hold)
    hits = search_for(page, "ra")
    page.wait_for_function(
        "document.querySelector('[data-testid=search-state]').dataset.status === 'searching'"
    )
    expect(page.get_by_test_id("search-state")).to_have_text("Searching…")
    while not held:
        page.wait_for_timeout(20)
    with page.expect_event("requestfailed") as given_up:
        page.keyboard.type("ven")
    assert given_up.value.url.endswith("q=ra")
    expect(hits).to_have_count(1)
    expect(hits).to_contain_text("ravens")


def test_a_chat_can_be_taken_along_as_markdown_and_as_json(server: Live, page: Page) -> None:
    page.goto(server.url)
    ask(page, "How deep is the lake? tokens=3")
    expect_ended(page)
    with page.expect_download() as readable:
        choose(page, "Export as Markdown")
    assert readable.value.suggested_filename == "How deep is the lake tokens=3.md"
    text = readable.value.path().read_text("utf-8")
    assert "How deep is the lake? tokens=3" in text
    assert "t0 t1 t2" in text
    with page.expect_download() as whole:
        choose(page, "Export as JSON")
    assert whole.value.suggested_filename.endswith(".json")
    kept = json.loads(whole.value.path().read_text("utf-8"))
    assert kept["session"]["id"] == session_of(page)
    assert [message["role"] for message in kept["messages"]] == ["user", "assistant"]


def test_the_menu_of_a_chat_tells_what_failed_and_copies_its_link(
    server: Live, page: Page, context: BrowserContext
) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_page(page, server.url)
    expect(page.get_by_role("button", name="This chat")).to_have_count(0)
    ask(page, "tokens=3")
    expect_ended(page)
    page.route("**/export?*", lambda route: route.fulfill(status=503, body="no"))
    choose(page, "Export as Markdown")
    expect(alerts(page)).to_contain_text("The file could not be made.")
    choose(page, "Copy link")
    expect(page.get_by_test_id("told")).to_contain_text("Link copied")
    assert page.evaluate("navigator.clipboard.readText()") == page.url
    session = session_of(page)
    choose(page, "Delete")
    expect(page.get_by_test_id("empty-state")).to_be_visible()
    expect(page.locator(f'[data-session-id="{session}"]')).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(f'[data-session-id="{session}"]')).to_be_visible()


def test_a_new_chat_is_answered_by_the_chain_that_was_chosen(
    tmp_path: Path, page: Page, context: BrowserContext, picture: Picture
) -> None:
    chains = "scripted=chains.scripted:build,second_opinion=chains.scripted:build_synchronous"
    with live(tmp_path, chains=chains) as server:
        open_page(page, server.url)
        picker = page.get_by_test_id("chain")
        expect(picker).to_have_value("scripted")
        picker.select_option(label="Second opinion")
        picture(page)
        ask(page, "tokens=3")
        expect_ended(page)
        expect(page.get_by_test_id("chat-chain")).to_have_text("Second opinion")
        assert chain_of(context, server, page) == "second_opinion"
        ask(page, "tokens=4")  # a chat keeps its chain
        expect(answers(page)).to_have_count(2)
        expect_ended(page)
        page.get_by_test_id("new-chat").click()
        expect(picker).to_have_value("scripted")
        ask(page, "tokens=3")
        expect_ended(page)
        expect(page.get_by_test_id("chat-chain")).to_have_text("Scripted")

        without_sockets = context.new_page()
        without_sockets.route_web_socket("**/ws/chat", lambda socket: socket.close())
        without_sockets.goto(server.url)
        without_sockets.get_by_test_id("chain").select_option("second_opinion")
        ask(without_sockets, "tokens=3")
        without_sockets.wait_for_url("**/chat/*")
        assert chain_of(context, server, without_sockets) == "second_opinion"


def chain_of(context: BrowserContext, server: Live, page: Page) -> str:
    found = context.request.get(f"{server.url}/api/chat/sessions/{session_of(page)}").json()
    return str(found["chain"])


def test_what_is_selected_out_of_a_dialog_leaves_it_open_and_a_click_beside_it_closes_it(
    server: Live, page: Page
) -> None:
    open_page(page, server.url)
    page.keyboard.press("Control+k")
    field = page.get_by_test_id("search-input")
    field.fill("otters")
    box = field.bounding_box()
    assert box
    page.mouse.move(box["x"] + 100, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(20, 20)
    page.mouse.up()
    expect(field).to_be_visible()
    assert page.evaluate("getSelection().toString()")
    page.mouse.click(20, 20)
    expect(field).not_to_be_visible()
