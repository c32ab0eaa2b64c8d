"""Whose chats a browser shows: one user for all its tabs, and nothing lost when the server forgets who."""

import pytest
from playwright.sync_api import (
    BrowserContext,
    Page,
    Response,
    Route,
    WebSocketRoute,
    expect,
)

from tests.browser.owning import COOKIE, composer, dialog, hold_back, listed, user_of
from tests.browser.served import Network, Served
from tests.browser.talking import (
    Picture,
    Wire,
    alerts,
    answers,
    ask,
    expect_badge,
    expect_ended,
    questions,
    retry_now,
    session_of,
    text_of,
    tokens,
)
from tests.support.live import Live

IDENTITY = "**/api/chat/identity"
TABS = 3


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
        expect(alerts(page)).to_have_count(0)
        ask(page, "tokens=3")
        expect_ended(page)
        expect(listed(second)).to_have_count(1)
        assert [each["id"] for each in late.http.get("/api/chat/sessions").json()["sessions"]] == [
            session_of(page)
        ]


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
    expect(alerts(page).first).to_contain_text("no longer knows this browser", timeout=20_000)
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
