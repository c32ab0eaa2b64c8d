"""How the page looks, and deleting everything of one's own."""

from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.owning import composer, hold_back, listed, open_settings, user_of
from tests.browser.talking import Picture, Wire, ask, expect_badge, expect_ended, questions, session_of
from tests.support.live import Live

IDENTITY = "**/api/chat/identity"
KEPT = "Object.keys(localStorage).filter(key => key.startsWith('steadychat.')).sort()"


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
    with second.expect_event("load"):  # it begins anew by itself, as somebody else
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
