"""Pictures of the page in its states, to be looked at: `python -m tests.browser.pictures <folder>`."""

import os
import re
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

import httpx
from playwright.sync_api import Browser, FilePayload, Page, WebSocketRoute, expect, sync_playwright

from chains.ingest import ingest
from chains.library import open_index
from chains.settings import ChainSettings
from tests.browser.conftest import ARGUMENTS
from tests.browser.states import press_in_sidebar
from tests.browser.talking import answer, ask, expect_badge, expect_drawn, expect_ended, shown
from tests.support.chromium import chromium
from tests.support.live import Live, live
from tests.support.staged import BREAKS

Pose: TypeAlias = Callable[[Page, Live], None]
Past: TypeAlias = Callable[[httpx.Client], None]

GUIDE = Path(__file__).parents[2] / "docs" / "guide"
QUESTION = "What happens to an answer when my connection drops?"
OTHERS = ("How do I add my own documents?", "Can I stop an answer that is being written?")
TOPICS = 24
STAGED = "rag=tests.support.staged:build"  # under the same name, so that the page looks the same
SMALL = 900  # px
IN_README = ("sources", "dark-streaming", "reconnecting")
PHONE = 500  # px; what is narrower is touched
REST_MS = 600  # until what moves has come to rest


def empty(page: Page, server: Live) -> None:
    page.goto(server.url)
    expect_badge(page, "Connected")
    expect(page.get_by_test_id("starter").first).to_be_visible()


def streaming(page: Page, server: Live) -> None:
    empty(page, server)
    ask(page, QUESTION)
    expect(shown(page).locator("table tbody tr")).to_have_count(2)


def answered(page: Page, server: Live) -> None:
    empty(page, server)
    ask(page, QUESTION)
    expect_ended(page)
    expect_drawn(page)


def sources(page: Page, server: Live) -> None:
    answered(page, server)
    answer(page).get_by_test_id("citation").first.click()
    expect(page.get_by_test_id("sources")).to_be_visible()


def failed(page: Page, server: Live) -> None:
    empty(page, server)
    ask(page, BREAKS)
    expect_ended(page, "failed")


def reconnecting(page: Page, server: Live) -> None:
    """The socket has closed, others close at once, and whether HTTP works is not known yet."""
    up: list[WebSocketRoute] = []

    def route(socket: WebSocketRoute) -> None:
        if up:
            socket.close()
        else:
            socket.connect_to_server()
        up.append(socket)

    page.route_web_socket("**/ws/chat", route)
    answered(page, server)
    page.route("**/api/chat/chains", lambda _route: None)  # never answered
    up[0].close()
    expect(page.get_by_test_id("connection-badge")).to_contain_text(re.compile("[34] s"))


def offline(page: Page, server: Live) -> None:
    answered(page, server)
    page.context.set_offline(True)
    ask(page, OTHERS[0])
    expect_badge(page, "Offline")


def history(page: Page, server: Live) -> None:
    """The longest chat, somewhere in its middle."""
    empty(page, server)
    page.locator("[data-session-id] a").last.click()
    expect_drawn(page)
    page.get_by_test_id("message-list").hover()
    page.mouse.wheel(0, -1_500)
    expect(page.get_by_test_id("jump-to-latest")).to_be_visible()


def chats(page: Page, server: Live) -> None:
    answered(page, server)
    page.get_by_role("button", name="Show chats").click()


def documents(page: Page, server: Live) -> None:
    for each in page.request.get(f"{server.url}/api/documents").json()["documents"]:
        if each["filename"] in ("gardening.md", "minutes-of-the-meeting.pdf"):  # of the picture before
            page.request.delete(f"{server.url}/api/documents/{each['id']}")
    empty(page, server)
    press_in_sidebar(page, "open-documents")
    dialog = page.get_by_test_id("documents")
    files = {
        "minutes-of-the-meeting.pdf": b"%PDF-1.7",
        "gardening.md": b"# Gardening\n\nRed in June.",
        "party.heic": b"1",
    }
    page.get_by_test_id("upload").set_input_files(
        [FilePayload(name=name, mimeType="", buffer=data) for name, data in files.items()]
    )
    expect(dialog.locator("[data-document-id]", has_text="minutes").first).to_contain_text("not read")
    expect(dialog.locator("[data-document-id]", has_text="Gardening").first).to_contain_text("Ready")


def search(page: Page, server: Live) -> None:
    empty(page, server)
    press_in_sidebar(page, "open-search")
    page.keyboard.type("answer")
    expect(page.get_by_test_id("hit").first).to_be_visible()


def settings(page: Page, server: Live) -> None:
    empty(page, server)
    press_in_sidebar(page, "open-settings")


def some_chats(client: httpx.Client) -> None:
    for question in OTHERS:
        client.post(
            "/api/chat/messages", json={"content": question}, headers={"Prefer": "respond-async"}
        ).raise_for_status()


def one_long_chat(client: httpx.Client) -> None:
    session: dict[str, str] = {}
    for question in _topics():
        sent = client.post("/api/chat/messages", json={"content": question, **session}).raise_for_status()
        session = {"session_id": sent.json()["message"]["session_id"]}
    some_chats(client)


def _topics() -> list[str]:
    texts = [page.read_text("utf-8") for page in sorted(GUIDE.glob("*.md"))]
    return [heading for text in texts for heading in re.findall(r"^## (.+)$", text, re.MULTILINE)][:TOPICS]


class Studio:
    """A browser that takes pictures into a folder, each of a person of its own."""

    def __init__(self, browser: Browser, folder: Path) -> None:
        self._browser = browser
        self._folder = folder

    def take(
        self,
        name: str,
        pose: Pose,
        server: Live,
        *,
        width: int = 1280,
        theme: str = "light",
        past: Past = some_chats,
    ) -> None:
        with self._person(server, width, theme, past) as page:
            pose(page, server)
            page.wait_for_timeout(REST_MS)
            page.screenshot(path=self._folder / f"{name}.png")
            page.unroute_all(behavior="ignoreErrors")
        print(self._folder / f"{name}.png", flush=True)

    @contextmanager
    def _person(self, server: Live, width: int, theme: str, past: Past) -> Iterator[Page]:
        context = self._browser.new_context(
            viewport={"width": width, "height": 800},
            device_scale_factor=2,
            is_mobile=width < PHONE,
            has_touch=width < PHONE,
        )
        context.set_default_timeout(20_000)
        context.add_init_script(f"localStorage.setItem('steadychat.theme', '{theme}')")
        with server.client() as client:
            client.get("/").raise_for_status()
            past(client)
            for each in client.cookies.jar:
                context.add_cookies([{"name": each.name, "value": each.value or "", "url": server.url}])
        yield context.new_page()
        context.close()


def shrink(browser: Browser, folder: Path) -> None:
    """The pictures of the readme, in a width that fits there."""
    small = folder / "small"
    small.mkdir(exist_ok=True)
    page = browser.new_page(viewport={"width": SMALL, "height": SMALL * 800 // 1280})
    for name in IN_README:
        picture = b64encode((folder / f"{name}.png").read_bytes()).decode()
        page.set_content(
            f'<body style="margin:0"><img width="{SMALL}" src="data:image/png;base64,{picture}">'
        )
        page.screenshot(path=small / f"{name}.png")
    page.close()


def take_all(studio: Studio, library: Live, stage: Live) -> None:
    studio.take("empty", empty, library)
    studio.take("streaming", streaming, stage)
    studio.take("sources", sources, library)
    studio.take("failed", failed, stage)
    studio.take("reconnecting", reconnecting, library)
    studio.take("offline", offline, library)
    studio.take("long-history", history, library, past=one_long_chat)
    studio.take("mobile", answered, library, width=375)
    studio.take("mobile-chats", chats, library, width=375)
    studio.take("mobile-sources", sources, library, width=375, theme="dark")
    studio.take("mobile-documents", documents, library, width=375)
    studio.take("dark-streaming", streaming, stage, theme="dark")
    studio.take("dark-sources", sources, library, theme="dark")
    studio.take("documents", documents, library)
    studio.take("dark-documents", documents, library, theme="dark")
    studio.take("search", search, library)
    studio.take("settings", settings, library)


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as given, ExitStack() as stack:
        data = Path(given)
        os.environ["STEADYCHAT_DATA_DIR"] = str(data)  # where the chain looks for its index
        ingest(open_index(ChainSettings()), [GUIDE])
        unlimited = {"limit_messages_per_minute": 0}
        library = stack.enter_context(live(data, chains="rag=chains.rag:build", **unlimited))
        stage = stack.enter_context(
            live(data / "stage", chains="rag=tests.support.staged:build", **unlimited)
        )
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        take_all(Studio(browser, folder), library, stage)
        shrink(browser, folder)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "var/pictures"))
