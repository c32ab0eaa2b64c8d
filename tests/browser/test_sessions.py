"""The chats of one person: named, deleted, brought back, found by their address, each with its own draft."""

import re

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, Request, expect

from tests.browser.talking import (
    answer,
    answers,
    ask,
    expect_badge,
    expect_ended,
    questions,
    session_of,
    shown,
    text_of,
    tokens,
)
from tests.support.live import Live

UNDO_MS = 6_000


def begin_chat(page: Page, server: Live, question: str = "tokens=3") -> str:
    """A chat with one exchange; returns the id of its session."""
    page.goto(server.url)
    ask(page, question)
    expect_ended(page)
    return session_of(page)


def listed(page: Page, session: str) -> Locator:
    return page.locator(f'[data-session-id="{session}"]')


def composer(page: Page) -> Locator:
    return page.get_by_test_id("composer-input")


def delete(page: Page, session: str) -> None:
    listed(page, session).hover()
    listed(page, session).get_by_role("button", name="Delete").click()


def undo(page: Page) -> Locator:
    return page.get_by_test_id("undo")


def deletions(page: Page) -> list[str]:
    """Notes which sessions the page has the server delete."""
    found: list[str] = []

    def note(request: Request) -> None:
        if request.method == "DELETE":
            found.append(request.url.rsplit("/", 1)[-1])

    page.on("request", note)
    return found


def status(page: Page, server: Live, session: str) -> int:
    return page.request.get(f"{server.url}/api/chat/sessions/{session}").status


def expect_gone(page: Page, server: Live, session: str) -> None:
    """From the server. A closed tab's last request is on its way for a moment."""
    for _ in range(100):
        if status(page, server, session) == 404:
            return
        page.wait_for_timeout(50)
    raise AssertionError("the session is still there")


# What is shown in the other tab


@pytest.mark.promise(32)
def test_a_new_name_shows_in_the_other_tab(server: Live, page: Page, second: Page) -> None:
    session = begin_chat(page, server)
    second.goto(page.url)
    expect(second.get_by_role("heading", level=1)).to_have_text("tokens=3")
    listed(page, session).hover()
    listed(page, session).get_by_role("button", name="Rename").click()
    page.get_by_role("textbox", name="Rename").fill("Herons & <b>more</b>")
    page.keyboard.press("Enter")
    for tab in (page, second):
        expect(listed(tab, session)).to_have_text("Herons & <b>more</b>")
        expect(tab.get_by_role("heading", level=1)).to_have_text("Herons & <b>more</b>")
        expect(tab).to_have_title("Herons & <b>more</b> · Steadychat")


@pytest.mark.promise(32)
def test_a_deleted_chat_leaves_the_other_tab_once_it_cannot_be_undone(
    server: Live, page: Page, second: Page
) -> None:
    session = begin_chat(page, server)
    second.goto(page.url)
    expect_ended(second)
    composer(second).fill("words that I was writing there")
    page.clock.install()
    delete(page, session)
    expect(undo(page)).to_be_visible()
    expect(answers(second)).to_have_count(1)  # it may still be brought back
    page.clock.run_for(UNDO_MS)
    expect(second.get_by_test_id("empty-state")).to_be_visible()
    expect(second).to_have_url(f"{server.url}/")
    expect(listed(second, session)).to_have_count(0)
    expect(composer(second)).to_have_value("words that I was writing there")
    expect_badge(second, "Connected")


@pytest.mark.promise(32)
def test_what_another_tab_missed_it_learns_when_it_is_back(
    server: Live, context: BrowserContext, page: Page, second: Page
) -> None:
    gone, renamed = begin_chat(page, server), begin_chat(page, server)
    second.goto(server.url)
    expect(listed(second, gone)).to_be_visible()
    context.set_offline(offline=True)
    expect_badge(second, "Offline")
    sessions = f"{server.url}/api/chat/sessions"
    assert page.request.delete(f"{sessions}/{gone}").ok
    assert page.request.patch(f"{sessions}/{renamed}", data={"title": "Renamed"}).ok
    context.set_offline(offline=False)
    expect(listed(second, gone)).to_have_count(0, timeout=20_000)
    expect(listed(second, renamed)).to_have_text("Renamed")


# Drafts


@pytest.mark.promise(34)
def test_each_chat_keeps_its_own_draft_also_through_a_reload(server: Live, page: Page) -> None:
    one = begin_chat(page, server)
    composer(page).fill("of the first")
    page.get_by_test_id("new-chat").click()
    expect(composer(page)).to_have_value("")
    composer(page).fill("of a new one")
    listed(page, one).get_by_role("link").click()
    expect(composer(page)).to_have_value("of the first")
    page.reload()
    expect(composer(page)).to_have_value("of the first")
    page.go_back()
    expect(composer(page)).to_have_value("of a new one")
    page.reload()
    expect(composer(page)).to_have_value("of a new one")
    ask(page, "tokens=2")
    expect_ended(page)
    composer(page).fill("of the second")  # the new chat has a session now, and its draft goes with it
    two = session_of(page)
    listed(page, one).get_by_role("link").click()
    expect(composer(page)).to_have_value("of the first")
    page.get_by_test_id("new-chat").click()
    expect(composer(page)).to_have_value("")
    page.goto(f"{server.url}/chat/{two}")
    expect(composer(page)).to_have_value("of the second")


@pytest.mark.promise(34)
def test_a_draft_goes_into_no_other_chat_when_two_tabs_write_in_one(
    server: Live, page: Page, second: Page
) -> None:
    begin_chat(page, server)
    second.goto(page.url)
    expect_ended(second)
    composer(page).fill("from the first tab")
    composer(second).fill("from the second tab")
    page.get_by_test_id("new-chat").click()
    expect(page.get_by_test_id("empty-state")).to_be_visible()
    expect(composer(page)).to_have_value("")
    page.reload()
    expect(composer(page)).to_have_value("")


@pytest.mark.promise(34)
def test_two_tabs_with_a_new_chat_each_keep_what_is_written_there(
    server: Live, page: Page, second: Page
) -> None:
    for tab in (page, second):
        tab.goto(server.url)
        expect_badge(tab, "Connected")
    composer(page).fill("tokens=3 of the first tab")
    composer(second).fill("what I am writing in the second tab")
    page.bring_to_front()
    page.get_by_test_id("send").click()
    expect_ended(page)
    expect(composer(page)).to_have_value("")
    page.reload()
    expect_ended(page)
    expect(composer(page)).to_have_value("")
    second.reload()
    expect(composer(second)).to_have_value("what I am writing in the second tab")


@pytest.mark.promise(34)
def test_the_draft_of_a_deleted_chat_is_not_kept(server: Live, page: Page) -> None:
    session = begin_chat(page, server)
    composer(page).fill("a secret of this chat")
    page.clock.install()
    delete(page, session)
    expect(composer(page)).to_have_value("")
    page.clock.run_for(UNDO_MS)
    expect_gone(page, server, session)
    kept = page.evaluate("Object.values(localStorage).filter(text => text.includes('a secret of this chat'))")
    assert kept == []


# Deleting


@pytest.mark.promise(36)
def test_undo_brings_a_deleted_chat_back(server: Live, page: Page) -> None:
    session = begin_chat(page, server)
    deleted = deletions(page)
    page.clock.install()
    delete(page, session)
    expect(listed(page, session)).to_have_count(0)
    expect(page.get_by_test_id("empty-state")).to_be_visible()
    page.clock.run_for(UNDO_MS - 1_000)
    undo(page).get_by_role("button", name="Undo").click()
    expect(listed(page, session)).to_be_visible()
    page.clock.run_for(UNDO_MS)
    expect(undo(page)).to_have_count(0)
    assert session_of(page) == session  # it was on the screen
    expect_ended(page)
    assert text_of(page) == tokens(3)
    assert deleted == []


@pytest.mark.promise(36)
def test_once_it_cannot_be_undone_it_is_deleted_by_one_request(server: Live, page: Page) -> None:
    kept, session = begin_chat(page, server), begin_chat(page, server)
    deleted = deletions(page)
    page.clock.install()
    delete(page, session)
    page.clock.run_for(UNDO_MS - 500)
    assert status(page, server, session) == 200
    assert deleted == []
    page.clock.run_for(1_000)
    expect(undo(page)).to_have_count(0)
    expect_gone(page, server, session)
    page.clock.run_for(60_000)
    assert deleted == [session]
    assert status(page, server, kept) == 200
    expect(listed(page, kept)).to_be_visible()


@pytest.mark.promise(36)
def test_the_next_deletion_ends_the_time_to_undo_the_one_before(server: Live, page: Page) -> None:
    one, two = begin_chat(page, server), begin_chat(page, server)
    deleted = deletions(page)
    page.clock.install()
    delete(page, one)
    delete(page, two)
    expect_gone(page, server, one)
    assert status(page, server, two) == 200
    undo(page).get_by_role("button", name="Undo").click()
    expect(listed(page, two)).to_be_visible()
    expect(listed(page, one)).to_have_count(0)
    assert deleted == [one]


@pytest.mark.promise(36)
@pytest.mark.parametrize("end", ["closed", "reloaded", "left"])
def test_a_tab_that_goes_while_it_could_be_undone_deletes_all_the_same(
    server: Live, page: Page, second: Page, end: str
) -> None:
    session = begin_chat(page, server)
    delete(page, session)
    expect(undo(page)).to_be_visible()
    assert status(second, server, session) == 200
    if end == "closed":
        page.close(run_before_unload=True)
    elif end == "reloaded":
        page.reload()
    else:
        page.goto("about:blank")
    expect_gone(second, server, session)


@pytest.mark.promise(36)
def test_a_chat_that_is_answering_is_deleted_with_its_answer(server: Live, page: Page) -> None:
    page.goto(server.url)
    ask(page, "tokens=4000 rate=50")
    expect(shown(page)).to_contain_text("t5")
    session = session_of(page)
    page.clock.install()
    delete(page, session)
    page.clock.run_for(UNDO_MS)
    expect_gone(page, server, session)
    expect(page.get_by_test_id("stop")).to_have_count(0)
    ask(page, "tokens=2")
    expect_ended(page)
    assert text_of(page) == tokens(2)


# Addresses


@pytest.mark.promise(37)
def test_a_link_to_a_chat_opens_it_and_back_and_forward_go_through_what_was_seen(
    server: Live, page: Page, second: Page
) -> None:
    one, two = begin_chat(page, server, "tokens=3"), begin_chat(page, server, "tokens=5")
    second.goto(f"{server.url}/chat/{one}")
    expect_ended(second)
    assert text_of(second) == tokens(3)
    expect(listed(second, one)).to_have_attribute("data-current", "true")
    listed(second, two).get_by_role("link").click()
    expect(second).to_have_url(f"{server.url}/chat/{two}")
    expect(shown(second)).to_contain_text("t4")
    second.get_by_test_id("new-chat").click()
    expect(second).to_have_url(f"{server.url}/")
    expect(second.get_by_test_id("empty-state")).to_be_visible()
    second.go_back()
    expect(shown(second)).to_contain_text("t4")
    second.go_back()
    expect(second).to_have_url(f"{server.url}/chat/{one}")
    expect(shown(second)).to_have_text("t0 t1 t2")
    expect(answers(second)).to_have_count(1)
    second.go_forward()
    expect(second).to_have_url(f"{server.url}/chat/{two}")
    expect(shown(second)).to_contain_text("t4")
    expect(answers(second)).to_have_count(1)


@pytest.mark.promise(37)
def test_a_new_chat_has_its_own_address_once_it_is_one(server: Live, page: Page) -> None:
    session = begin_chat(page, server)
    assert page.url == f"{server.url}/chat/{session}"
    page.reload()
    expect_ended(page)
    expect(questions(page)).to_have_count(1)


@pytest.mark.promise(37)
@pytest.mark.parametrize(
    "address",
    ["00000000-0000-7000-8000-000000000000", "nonsense", "%F0%9F%90%B8%20%3Cb%3E", "%zz", "a" * 900],
)
def test_a_chat_that_is_not_there_is_told_of_and_a_new_one_is_at_hand(
    server: Live, page: Page, address: str
) -> None:
    page.goto(f"{server.url}/chat/{address}")
    missing = page.get_by_test_id("missing-session")
    expect(missing).to_contain_text("This chat is not here")
    expect_badge(page, "Connected")
    missing.get_by_role("button", name="New chat").click()
    expect(page).to_have_url(f"{server.url}/")
    ask(page, "tokens=2")
    expect_ended(page)
    assert text_of(page) == tokens(2)
    page.go_back()
    expect(missing).to_be_visible()


@pytest.mark.promise(37)
def test_somebody_elses_chat_is_not_there_either(server: Live, page: Page) -> None:
    with server.user() as other:
        session = other.http.post("/api/chat/sessions", json={"title": "Mine"}).json()["id"]
    page.goto(f"{server.url}/chat/{session}")
    expect(page.get_by_test_id("missing-session")).to_be_visible()
    expect(page.get_by_text("Mine", exact=True)).to_have_count(0)


@pytest.mark.promise(37)
def test_back_to_a_deleted_chat_says_so(server: Live, page: Page) -> None:
    session = begin_chat(page, server)
    page.clock.install()
    delete(page, session)
    page.clock.run_for(UNDO_MS)
    expect_gone(page, server, session)
    page.go_back()
    expect(page).to_have_url(re.compile(session))
    expect(page.get_by_test_id("missing-session")).to_be_visible()
    expect(answer(page)).to_have_count(0)
