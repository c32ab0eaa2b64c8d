"""Whose a browser is, and its settings, in the words of the tests."""

from playwright.sync_api import Locator, Page, WebSocketRoute

from tests.support.live import Live

COOKIE = "steadychat_identity"


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
