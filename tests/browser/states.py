"""The page in each of its states, for whoever examines it there. The server is one with the parrot."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from playwright.sync_api import FilePayload, Page, WebSocketRoute, expect

from tests.browser.talking import answer, ask, expect_badge, expect_drawn, expect_ended, shown

SOURCES = [
    {
        "id": "s1",
        "title": "When the connection drops",
        "uri": "when-the-connection-drops.md",
        "excerpt": "An answer belongs to the server. It goes on when a browser has gone.",
        "score": 0.83,
        "location": {"page": 3},
    },
    {
        "id": "s2",
        "title": "A passage with averyveryverylongnamewithoutanyplacewhereitcouldbebrokenatall.md",
        "uri": "a/very/long/folder/averyveryverylongnamewithoutanyplacewhereitcouldbebrokenatall.md",
        "excerpt": "Unbroken" * 20,
        "score": 0.4,
    },
]
ANSWER = """# What happens

An answer belongs to the **server**. It goes on when a browser has gone, and [everything](https://example.org)
of it is there on your return [1]. Use `steadychat serve` for that [2].

> Nothing is lost.

- one
- two

| state | what it means | and what to do about it, told at some length | since |
|---|---|---|---|
| `streaming` | it is being written | nothing at all: wait or stop it whenever you like | 0.1 |
| `interrupted` | the server had to go | press Retry and the answer is written anew | 0.1 |

```python
def follow(session: str, *, after: int = 0, epoch: str | None = None) -> Iterator[Frame]:  # goes on and on
    yield from frames(session, after)
```
"""


def say(text: str, **more: Any) -> str:  # Any: as JSON
    """A question that makes the parrot say this."""
    return json.dumps({"answer": text, **more})


def press_in_sidebar(page: Page, button: str) -> None:
    """Where there is no room for it, the sidebar has to be opened first."""
    shut = page.get_by_role("button", name="Show chats")
    if shut.is_visible():
        shut.click()
    page.get_by_test_id(button).click()


def opened(page: Page, url: str) -> None:
    page.goto(url)
    expect_badge(page, "Connected")


def empty(page: Page, url: str) -> None:
    opened(page, url)
    expect(page.get_by_test_id("empty-state")).to_be_visible()


def streaming(page: Page, url: str) -> None:
    opened(page, url)
    ask(page, say(ANSWER * 20, pieces=2000, rate=40))
    expect(shown(page).locator("p").first).to_be_visible()
    expect(page.get_by_test_id("typing")).to_be_visible()


def answered(page: Page, url: str) -> None:
    opened(page, url)
    ask(page, say(ANSWER, sources=SOURCES, confidence=0.8))
    expect_ended(page)
    expect_drawn(page)


def sources(page: Page, url: str) -> None:
    answered(page, url)
    answer(page).get_by_test_id("citation").first.click()
    expect(page.get_by_test_id("sources")).to_be_visible()


def failed(page: Page, url: str) -> None:
    opened(page, url)
    ask(page, "{}")  # the parrot has nothing to say to it
    expect_ended(page, "failed")
    expect(answer(page).get_by_test_id("message-error")).to_be_visible()


def reconnecting(page: Page, url: str) -> None:
    """The socket has closed, and no other is answered."""
    up: list[WebSocketRoute] = []

    def route(socket: WebSocketRoute) -> None:
        if not up:
            socket.connect_to_server()
        up.append(socket)

    page.route_web_socket("**/ws/chat", route)
    answered(page, url)
    up[0].close()
    expect_badge(page, "Reconnecting")


def offline(page: Page, url: str) -> None:
    answered(page, url)
    page.context.set_offline(True)
    expect_badge(page, "Offline")
    ask(page, "Is anybody there?")
    expect(page.locator('[data-send-state="queued"]')).to_be_visible()


def documents(page: Page, url: str) -> None:
    opened(page, url)
    press_in_sidebar(page, "open-documents")
    dialog = page.get_by_test_id("documents")
    expect(page.get_by_test_id("add-documents")).to_be_visible()
    text = b"# Gardening\n\nA rose is red in June."
    files: list[tuple[str, bytes]] = [
        ("roses.md", text),
        ("empty.md", b""),
        (f"{'long' * 30}.pdf", b"%PDF-1.7"),
        ("game.exe", b"MZ"),
    ]
    page.get_by_test_id("upload").set_input_files(
        [FilePayload(name=name, mimeType="", buffer=data) for name, data in files]
    )
    expect(dialog.locator('[data-status="indexed"]').first).to_be_visible()
    expect(dialog.locator('[data-document-id][data-status="failed"]').first).to_be_visible()


def missing(page: Page, url: str) -> None:
    page.goto(f"{url}/chat/00000000-0000-7000-8000-000000000000")
    expect(page.get_by_test_id("missing-session")).to_be_visible()
    expect_badge(page, "Connected")


def sidebar(page: Page, url: str) -> None:
    page.set_viewport_size({"width": 375, "height": 720})
    answered(page, url)
    page.get_by_role("button", name="Show chats").click()
    expect(page.get_by_test_id("new-chat")).to_be_visible()


def search(page: Page, url: str) -> None:
    answered(page, url)
    press_in_sidebar(page, "open-search")
    page.get_by_test_id("search-input").fill("serve")
    expect(page.get_by_test_id("hit").first).to_be_visible()


def settings(page: Page, url: str) -> None:
    opened(page, url)
    press_in_sidebar(page, "open-settings")
    page.get_by_role("button", name="Make a link").click()
    expect(page.get_by_label("Link for the other browser")).to_be_visible()
    page.get_by_test_id("delete-everything").click()
    expect(page.get_by_test_id("delete-everything-yes")).to_be_visible()


def shortcuts(page: Page, url: str) -> None:
    opened(page, url)
    press_in_sidebar(page, "open-shortcuts")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()


def record(page: Page, url: str) -> None:
    answered(page, url)
    page.get_by_test_id("open-record").click()
    expect(page.get_by_test_id("record")).to_contain_text("First words")


def menu(page: Page, url: str) -> None:
    answered(page, url)
    page.get_by_role("button", name="This chat").click()
    expect(page.get_by_role("menuitem", name="Rename")).to_be_visible()


def joining(page: Page, url: str) -> None:
    opened(page, f"{url}/#join=nobodys-code")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("dialog", name="Continue here?").get_by_role("alert")).to_be_visible()


STATES: Mapping[str, Callable[[Page, str], None]] = {
    each.__name__: each
    for each in (
        *(empty, streaming, answered, sources, failed, reconnecting, offline, missing, sidebar),
        *(documents, search, settings, shortcuts, record, menu, joining),
    )
}
