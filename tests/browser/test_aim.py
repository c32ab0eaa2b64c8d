"""A message that was searched for is brought into view, however far back it is."""

from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.talking import answers, ask, expect_badge, expect_ended, session_of
from tests.support.live import Live

EXCHANGES = 60


def test_a_found_message_is_read_back_to_and_shown(server: Live, page: Page, context: BrowserContext) -> None:
    page.goto(server.url)
    ask(page, "tokens=2 pelican")
    expect_ended(page)
    session = session_of(page)
    path = f"{server.url}/api/chat/sessions/{session}/messages"
    for _ in range(EXCHANGES):
        context.request.post(path, data={"content": "tokens=20"})
    page.goto(server.url)  # a new chat
    expect_badge(page, "Connected")
    page.keyboard.press("Control+k")
    page.get_by_test_id("search-input").fill("pelican")
    hit = page.get_by_role("option").filter(has_text="pelican")
    expect(hit).to_have_count(1)
    page.keyboard.press("Enter")
    found = page.locator('[data-role="user"]').filter(has_text="pelican")
    expect(found).to_be_in_viewport()
    expect(found).to_be_focused()
    assert session_of(page) == session
    # It stays in view while something is said at the other end.
    context.request.post(path, data={"content": "tokens=5"})
    expect(page.get_by_test_id("jump-to-latest")).to_contain_text("2 new")
    expect(found).to_be_in_viewport()
    page.get_by_test_id("jump-to-latest").click()
    expect(answers(page).last).to_be_in_viewport()
