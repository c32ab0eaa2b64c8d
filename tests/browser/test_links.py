"""A link carries one's chats to another browser: once, for ten minutes, and not before one agrees."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.owning import dialog, listed, make_link, open_settings, user_of
from tests.browser.talking import (
    Picture,
    answers,
    ask,
    expect_badge,
    expect_ended,
    session_of,
    shown,
    text_of,
    tokens,
)
from tests.support.live import Live, live

HOLDS_MS = 600_000


@pytest.fixture
def elsewhere_browser(browser: Browser) -> Iterator[Page]:
    """Another browser, perhaps another person's."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()


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
