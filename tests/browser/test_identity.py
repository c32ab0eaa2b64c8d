"""Whose chats a browser shows: one user for all its tabs, carried to another browser, or given up."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Locator,
    Page,
    Response,
    Route,
    WebSocketRoute,
    expect,
)

from tests.browser.served import Network, Served
from tests.browser.talking import (
    Wire,
    answers,
    ask,
    expect_badge,
    expect_ended,
    questions,
    retry_now,
    session_of,
    shown,
    text_of,
    tokens,
)
from tests.support.live import Live, live

Picture = Callable[[Page], None]
IDENTITY = "**/api/chat/identity"
COOKIE = "steadychat_identity"
HOLDS_MS = 600_000
TABS = 3
KEPT = "Object.keys(localStorage).filter(key => key.startsWith('steadychat.')).sort()"


@pytest.fixture
def second(context: BrowserContext, page: Page) -> Iterator[Page]:
    """Another tab, behind the first."""
    found = context.new_page()
    page.bring_to_front()
    yield found
    found.close()


@pytest.fixture
def elsewhere_browser(browser: Browser) -> Iterator[Page]:
    """Another browser, perhaps another person's."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()


def user_of(page: Page, server: Live) -> str:
    """Whose the browser is, as the server sees it; asked without making anybody."""
    assert any(cookie.get("name") == COOKIE for cookie in page.context.cookies())
    found: str = page.request.post(f"{server.url}/api/chat/identity").json()["user_id"]
    return found


def listed(page: Page) -> Locator:
    return page.locator("nav [data-session-id]")


def composer(page: Page) -> Locator:
    return page.get_by_test_id("composer-input")


def dialog(page: Page, name: str) -> Locator:
    return page.get_by_role("dialog", name=name)


def open_settings(page: Page) -> Locator:
    page.get_by_test_id("open-settings").click()
    return dialog(page, "Settings")


def make_link(page: Page) -> str:
    open_settings(page).get_by_role("button", name="Make a link").click()
    return page.get_by_role("textbox", name="Link for the other browser").input_value()


def hold_back(page: Page) -> list[bool]:
    """Lets no message of this page through until the list is emptied; everything else goes on."""
    shut = [True]
    page.route("**/api/chat/messages", lambda route: route.abort() if shut else route.continue_())

    def connect(socket: WebSocketRoute) -> None:
        if not shut:
            socket.connect_to_server()

    page.route_web_socket("**/ws/chat", connect)
    return shut


# One browser, one user


def test_tabs_that_open_at_once_are_one_user(server: Live, context: BrowserContext) -> None:
    wires: list[Wire] = []
    asked: list[str] = []
    answered: list[Response] = []
    held: list[Route] = []
    context.on("page", lambda tab: wires.append(Wire.of(tab)))
    context.on("request", lambda each: asked.append("asked") if each.url.endswith("/identity") else None)
    opener = context.new_page()
    opener.goto(f"{server.url}/icon.svg")  # nobody yet
    assert context.cookies() == []
    context.route(IDENTITY, lambda route: held.append(route), times=1)  # noqa: PLW0108 - it takes no builtin
    with context.expect_event("page", lambda _: len(context.pages) == 1 + TABS):
        opener.evaluate("([url, count]) => { while (count--) window.open(url) }", [server.url, TABS])
    tabs = [tab for tab in context.pages if tab is not opener]
    for tab in tabs:
        tab.wait_for_function(
            "count => navigator.locks.query().then(all => all.pending.length + all.held.length === count)",
            arg=TABS,
        )
    assert asked == ["asked"]  # the others wait for the first
    context.on("response", lambda each: answered.append(each) if each.url.endswith("/identity") else None)
    held.pop().continue_()
    for tab in tabs:
        expect_badge(tab, "Connected")
    given = {str(each.header_value("set-cookie")).split(";")[0] for each in answered}
    assert (len(answered), len(given)) == (TABS, 1)
    welcomes = [wire.wait_for(opener, "welcome", 1)[0]["user_id"] for wire in wires[1:]]
    assert welcomes == [user_of(opener, server)] * TABS


def test_a_tab_follows_when_a_load_that_came_late_makes_the_browser_another_user(
    server: Live, context: BrowserContext, page: Page, second: Page
) -> None:
    """Two first loads at once, the second much slower than the first: its cookie comes last, and counts."""
    page.goto(server.url)
    expect_badge(page, "Connected")
    first = user_of(page, server)
    with server.user() as late:
        context.add_cookies([{"name": COOKIE, "value": late.token, "url": server.url}])
        wire = Wire.of(page)
        second.goto(server.url)
        wire.wait_for(page, "welcome", 1)
        assert wire.of_type("welcome")[-1]["user_id"] == late.id != first
        expect(page.get_by_role("alert")).to_have_count(0)
        ask(page, "tokens=3")
        expect_ended(page)
        expect(listed(second)).to_have_count(1)
        assert [each["id"] for each in late.http.get("/api/chat/sessions").json()["sessions"]] == [
            session_of(page)
        ]


# The server no longer knows who this is


@pytest.mark.promise(33)
def test_nothing_is_lost_while_the_server_knows_nobody(server: Live, page: Page, picture: Picture) -> None:
    page.goto(server.url)
    ask(page, "tokens=3")
    expect_ended(page)
    session = session_of(page)

    unknown = [True]

    def by_rest(route: Route) -> None:
        if not unknown:
            return route.continue_()
        problem = {"code": "unauthorized", "message": "The server does not know you.", "retryable": False}
        return route.fulfill(status=401, json=problem)

    def by_socket(socket: WebSocketRoute) -> None:
        if unknown:
            socket.close(code=4501, reason="Who are you?")
        else:
            socket.connect_to_server()

    page.route("**/api/chat/**", by_rest)
    page.route_web_socket("**/ws/chat", by_socket)
    page.reload()
    composer(page).fill("tokens=4")
    page.get_by_test_id("send").click()
    composer(page).fill("what I was about to ask")
    waiting = page.locator('[data-role="user"][data-status="local"]')
    expect(waiting).to_contain_text("tokens=4")
    expect_badge(page, "Offline")
    picture(page)
    page.reload()
    expect(waiting).to_contain_text("tokens=4")
    expect(composer(page)).to_have_value("what I was about to ask")
    unknown.clear()
    page.reload()
    expect(answers(page)).to_have_count(2)
    expect_ended(page)
    assert text_of(page) == tokens(4)
    assert session_of(page) == session
    expect(questions(page)).to_have_count(2)
    expect(composer(page)).to_have_value("what I was about to ask")


@pytest.mark.promise(33)
def test_a_forgotten_browser_says_so_and_gives_back_what_was_not_sent(
    road: Network, context: BrowserContext, page: Page, picture: Picture
) -> None:
    page.goto(road.url)
    ask(page, "tokens=3")
    expect_ended(page)
    page.reload()  # it has chats
    expect(listed(page)).to_have_count(1)
    address = page.url
    road.take_away()
    expect_badge(page, "Reconnecting")
    ask(page, "what I had sent")
    composer(page).fill("what I was about to ask")
    context.clear_cookies()
    road.give_back()
    retry_now(page)
    expect(page.get_by_role("alert").first).to_contain_text("no longer knows this browser", timeout=20_000)
    expect(listed(page)).to_have_count(0)
    expect(page).to_have_url(address)
    expect(composer(page)).to_have_value("what I was about to ask")
    refused = page.locator('[data-send-state="refused"]')
    expect(refused).to_contain_text("what I had sent")
    expect(answers(page)).to_have_count(0)  # they are somebody's whom this browser is no more
    picture(page)
    refused.get_by_role("button", name="Edit").click()
    expect(composer(page)).to_have_value("what I had sent\n\nwhat I was about to ask")
    page.reload()
    expect(page.get_by_test_id("missing-session")).to_be_visible()
    expect(page.get_by_text("no longer knows this browser")).to_have_count(0)  # told once


@pytest.mark.promise(33)
def test_the_first_message_of_a_forgotten_browser_goes_once_as_whom_it_is_now(
    house: Served, context: BrowserContext, page: Page
) -> None:
    page.goto(house.url)
    expect_badge(page, "Connected")
    context.clear_cookies()
    house.kill()
    house.start()
    ask(page, "tokens=3")
    expect(page.get_by_test_id("connection-badge")).to_contain_text("Connected", timeout=20_000)
    expect(listed(page)).to_have_count(1, timeout=20_000)
    page.reload()
    expect(listed(page)).to_have_count(1)
    listed(page).get_by_role("link").click()
    expect_ended(page)
    expect(questions(page)).to_have_count(1)


# Another browser


def test_a_link_carries_ones_chats_to_another_browser(
    server: Live, page: Page, elsewhere_browser: Page, picture: Picture
) -> None:
    page.goto(server.url)
    ask(page, "tokens=7")
    expect_ended(page)
    url = make_link(page)
    picture(page)
    assert url.startswith(f"{server.url}/#join=")
    expect(dialog(page, "Settings")).to_contain_text(re.compile(r"Works once, until \d"))
    expect(dialog(page, "Settings")).to_contain_text("Whoever opens it reads all your chats")

    there = elsewhere_browser
    asked: list[str] = []
    there.on("request", lambda request: asked.append(f"{request.url} {request.headers.get('referer', '')}"))
    there.goto(url)
    question = dialog(there, "Continue here?")
    expect(question).to_be_visible()
    picture(there)
    expect(there).to_have_url(f"{server.url}/")  # the code is gone from the address
    expect_badge(there, "Connected")
    expect(listed(there)).to_have_count(0)  # and nothing has happened yet
    assert not any("claim" in each for each in asked)
    code = url.split("=", 1)[1]
    assert not any(code in each for each in asked), "no server and no referrer sees it"
    question.get_by_role("button", name="Continue").click()
    expect(listed(there)).to_have_count(1)
    listed(there).get_by_role("link").click()
    expect_ended(there)
    assert text_of(there) == tokens(7)
    assert user_of(there, server) == user_of(page, server)

    page.keyboard.press("Escape")
    ask(there, "tokens=2")  # from now on both go on with the same chats
    expect(answers(page)).to_have_count(2)
    expect_ended(page)


def test_a_link_that_was_used_says_what_to_do(
    server: Live, page: Page, elsewhere_browser: Page, picture: Picture
) -> None:
    page.goto(server.url)
    url = make_link(page)
    code = url.split("=", 1)[1]
    with server.client() as thief:
        thief.post("/api/chat/identity/links/claim", json={"code": code}).raise_for_status()
    there = elsewhere_browser
    there.goto(server.url)
    before = user_of(there, server)
    there.goto(url)  # in a page that is open: only what stands behind the # changes
    dialog(there, "Continue here?").get_by_role("button", name="Continue").click()
    expect(dialog(there, "Continue here?").get_by_role("alert")).to_contain_text("Make a new one")
    picture(there)
    there.keyboard.press("Escape")
    expect(dialog(there, "Continue here?")).to_have_count(0)
    assert user_of(there, server) == before


def test_who_follows_a_strangers_link_loses_nothing_before_saying_yes(
    server: Live, page: Page, elsewhere_browser: Page
) -> None:
    page.goto(server.url)
    url = make_link(page)
    there = elsewhere_browser
    there.goto(server.url)
    ask(there, "tokens=3")
    expect_ended(there)
    mine = user_of(there, server)
    there.goto(url)
    question = dialog(there, "Continue here?")
    expect(question).to_contain_text("Continue only if you made the link yourself")
    expect(question).to_contain_text("The chats of this browser stay behind")
    question.get_by_role("button", name="Cancel").click()
    expect(question).to_have_count(0)
    expect(listed(there)).to_have_count(1)
    there.reload()
    expect_badge(there, "Connected")
    expect(question).to_have_count(0)
    assert user_of(there, server) == mine
    with server.client() as another:
        claim = another.post("/api/chat/identity/links/claim", json={"code": url.split("=", 1)[1]})
        assert claim.status_code == 200, "it was not used up"


def test_the_other_tabs_of_a_browser_follow_and_send_nothing_in_the_wrong_name(
    server: Live, page: Page, second: Page, context: BrowserContext
) -> None:
    with server.user() as maker:
        kept = maker.http.post("/api/chat/sessions", json={"title": "Of the other browser"}).json()
        code = maker.http.post("/api/chat/identity/links").json()["code"]
        page.goto(server.url)
        ask(page, "tokens=3")
        expect_ended(page)
        second.goto(server.url)
        expect(listed(second)).to_have_count(1)
        shut = hold_back(second)
        second.reload()
        ask(second, "tokens=1 of my own")  # it cannot be sent yet
        expect(questions(second)).to_have_attribute("data-send-state", "unconfirmed")
        page.goto(f"{server.url}/#join={code}")
        dialog(page, "Continue here?").get_by_role("button", name="Continue").click()
        expect(listed(page)).to_have_text(["Of the other browser"])
        expect(listed(second)).to_have_text(["Of the other browser"])
        shut.clear()
        second.reload()
        expect(listed(second)).to_have_text(["Of the other browser"])
        sessions = maker.http.get("/api/chat/sessions").json()["sessions"]
        assert [each["id"] for each in sessions] == [kept["id"]]
    assert "of my own" in str(page.evaluate("Object.values(localStorage).join()")), "it waits for its person"


def test_an_expired_link_is_taken_away(server: Live, page: Page) -> None:
    page.goto(server.url)
    page.clock.install()
    make_link(page)
    page.clock.run_for(HOLDS_MS + 1_000)
    expect(page.get_by_role("textbox", name="Link for the other browser")).to_have_count(0)
    expect(dialog(page, "Settings")).to_contain_text("That link has expired.")
    dialog(page, "Settings").get_by_role("button", name="Make another link").click()
    expect(page.get_by_role("textbox", name="Link for the other browser")).to_be_visible()


def test_a_link_is_copied(server: Live, context: BrowserContext, page: Page) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(server.url)
    url = make_link(page)
    page.get_by_role("button", name="Copy the link").click()
    expect(dialog(page, "Settings").get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == url


def test_where_the_server_makes_no_links_the_page_says_why(tmp_path: Path, page: Page) -> None:
    with live(tmp_path, auth="none") as server:
        page.goto(server.url)
        settings = open_settings(page)
        settings.get_by_role("button", name="Make a link").click()
        expect(settings.get_by_role("alert")).to_contain_text("whoever opens this server sees the same chats")


def test_under_a_path_chats_and_links_are_found(tmp_path: Path, page: Page, elsewhere_browser: Page) -> None:
    with live(tmp_path, root_path="/ask") as server:
        root = f"{server.url}/ask"
        page.goto(f"{root}/")
        ask(page, "tokens=3")
        expect_ended(page)
        session = session_of(page)
        assert page.url == f"{root}/chat/{session}"
        page.reload()
        expect_ended(page)
        assert [cookie.get("path") for cookie in page.context.cookies()] == ["/ask"]
        page.get_by_test_id("new-chat").click()
        expect(page).to_have_url(f"{root}/")
        page.go_back()
        expect(shown(page)).to_contain_text("t2")
        url = make_link(page)
        assert url.startswith(f"{root}/#join=")
        there = elsewhere_browser
        there.goto(url)
        dialog(there, "Continue here?").get_by_role("button", name="Continue").click()
        expect(listed(there)).to_have_count(1)
        expect(there).to_have_url(f"{root}/")
        there.goto(f"{root}/chat/{session}")
        expect_ended(there)
        there.goto(f"{root}/chat/nonsense")
        expect(there.get_by_test_id("missing-session")).to_be_visible()


# Giving everything up


def test_deleting_everything_is_asked_twice(server: Live, page: Page) -> None:
    page.goto(server.url)
    ask(page, "tokens=3")
    expect_ended(page)
    settings = open_settings(page)
    settings.get_by_role("button", name="Delete everything").focus()
    page.keyboard.press("Enter")
    expect(settings).to_contain_text("Delete all your chats for good?")
    expect(settings.get_by_role("button", name="Keep my chats")).to_be_focused()
    page.keyboard.press("Enter")
    expect(settings.get_by_role("button", name="Delete everything")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("open-settings")).to_be_focused()
    expect(listed(page)).to_have_count(1)
    page.reload()
    expect_ended(page)


def test_deleting_everything_leaves_nothing_here_there_or_in_another_tab(
    server: Live, page: Page, second: Page, picture: Picture
) -> None:
    page.goto(server.url)
    token = next(cookie["value"] for cookie in page.context.cookies())
    ask(page, "tokens=3 mine alone")
    expect_ended(page)
    session = session_of(page)
    second.goto(page.url)
    expect_ended(second)
    composer(second).fill("a draft of mine alone")
    page.bring_to_front()
    before = user_of(page, server)
    page.evaluate("localStorage.setItem('steadychat.theme', 'dark')")
    wire = Wire.of(second)
    open_settings(page).get_by_role("button", name="Delete everything").click()
    picture(page)
    page.get_by_role("button", name="Yes, delete everything").click()
    for tab in (page, second):
        expect(tab).to_have_url(f"{server.url}/")
        expect(tab.get_by_test_id("empty-state")).to_be_visible()
        expect(listed(tab)).to_have_count(0)
        expect(composer(tab)).to_have_value("")
        expect_badge(tab, "Connected")
    picture(page)
    after = user_of(page, server)
    assert after != before
    assert wire.wait_for(second, "welcome", 1)[-1]["user_id"] == after
    assert page.evaluate(KEPT) == ["steadychat.theme", "steadychat.user"]
    with server.client() as old:
        old.headers["Authorization"] = f"Bearer {token}"
        assert old.get("/api/chat/sessions").json()["sessions"] == []
        assert old.get(f"/api/chat/sessions/{session}").status_code == 404
    second.bring_to_front()
    ask(second, "tokens=2")
    expect_ended(second)
    expect(listed(page)).to_have_count(1)
    page.goto(f"{server.url}/chat/{session}")
    expect(page.get_by_test_id("missing-session")).to_be_visible()


def test_what_another_tab_has_not_sent_is_deleted_too_and_never_goes_in_the_new_name(
    server: Live, page: Page, second: Page
) -> None:
    page.goto(server.url)
    ask(page, "tokens=3")
    expect_ended(page)
    shut = hold_back(second)
    second.goto(server.url)
    ask(second, "tokens=1 never to be sent")
    expect(questions(second)).to_have_attribute("data-send-state", "unconfirmed")
    open_settings(page).get_by_role("button", name="Delete everything").click()
    page.get_by_role("button", name="Yes, delete everything").click()
    expect(questions(second)).to_have_count(0)
    shut.clear()
    second.reload()
    expect_badge(second, "Connected")
    expect(second.get_by_test_id("empty-state")).to_be_visible()
    assert page.evaluate(KEPT) == ["steadychat.user"]
    assert second.request.get(f"{server.url}/api/chat/sessions").json()["sessions"] == []


def test_a_deletion_that_fails_deletes_nothing_here_and_says_what_to_do(server: Live, page: Page) -> None:
    page.goto(server.url)
    ask(page, "tokens=3")
    expect_ended(page)
    composer(page).fill("kept")
    page.route(
        IDENTITY, lambda route: route.abort() if route.request.method == "DELETE" else route.continue_()
    )
    settings = open_settings(page)
    settings.get_by_role("button", name="Delete everything").click()
    settings.get_by_role("button", name="Yes, delete everything").click()
    expect(settings).to_contain_text("The server could not be reached. Check the connection and try again.")
    page.unroute_all()
    page.reload()
    expect(composer(page)).to_have_value("kept")
    expect_ended(page)


# The look


def test_the_look_is_chosen_among_three_and_stays(server: Live, context: BrowserContext, page: Page) -> None:
    page.emulate_media(color_scheme="dark")
    page.goto(server.url)
    dark, light = "rgb(20, 22, 26)", "rgb(251, 250, 248)"
    expect(page.locator("body")).to_have_css("background-color", dark)
    settings = open_settings(page)
    expect(settings.get_by_role("radio", name="As the system")).to_be_checked()
    settings.get_by_role("radio", name="Light").check()
    expect(page.locator("body")).to_have_css("background-color", light)
    page.reload()
    expect(page.locator("body")).to_have_css("background-color", light)
    open_settings(page)
    expect(settings.get_by_role("radio", name="Light")).to_be_checked()
    page.keyboard.press("Tab")
    settings.get_by_role("radio", name="Light").focus()
    page.keyboard.press("ArrowLeft")
    expect(settings.get_by_role("radio", name="As the system")).to_be_checked()
    expect(page.locator("body")).to_have_css("background-color", dark)
