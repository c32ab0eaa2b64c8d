from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from chains.scripted import RECORD
from tests.browser.served import Network, Served, network, served
from tests.browser.talking import RECORD_FILE
from tests.faults.launching import Zygote, zygote
from tests.support.chromium import chromium
from tests.support.live import Live, live
from tests.support.looped import Looped, looped

SCREENSHOTS = Path(__file__).parent / "screenshots"
# What a Chromium on a closed network, perhaps as root in a container, needs to stay quiet.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# The browser's own note that it measures the rest in the next frame.
HARMLESS = "ResizeObserver loop"


@pytest.fixture(scope="module")  # while it is open, no other event loop runs in this thread
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        yield found
        found.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    folder = tmp_path_factory.mktemp("browser")
    with ExitStack() as stack:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(RECORD, str(folder / RECORD_FILE))
            found = stack.enter_context(live(folder, limit_messages_per_minute=0))
        yield found


@pytest.fixture(scope="session")
def elsewhere() -> Iterator[Looped]:
    with looped() as found:
        yield found


@pytest.fixture(scope="session")
def launcher() -> Iterator[Zygote]:
    with zygote() as found:
        yield found


@pytest.fixture
def house(elsewhere: Looped, launcher: Zygote, tmp_path: Path) -> Iterator[Served]:
    """A server process of the test's own, to kill and to start again."""
    with served(elsewhere, launcher, tmp_path) as found:
        yield found


@pytest.fixture
def road(elsewhere: Looped, server: Live) -> Iterator[Network]:
    """The network before the server that all tests share."""
    with network(elsewhere, server.url) as found:
        yield found


@pytest.fixture
def visitor(browser: Browser) -> Iterator[BrowserContext]:
    """One person's browser: its own cookies and storage."""
    found = browser.new_context(viewport={"width": 1280, "height": 800})
    found.set_default_timeout(15_000)
    yield found
    found.close()


@pytest.fixture
def context(visitor: BrowserContext) -> Iterator[BrowserContext]:
    """What a page of ours throws fails the test at its end: Playwright would die of a handler that raises."""
    thrown: list[str] = []
    visitor.on("weberror", lambda event: thrown.append(event.error.message))
    yield visitor
    faults = [message for message in thrown if not message.startswith(HARMLESS)]
    assert not faults, f"a page threw: {faults}"


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture
def second(context: BrowserContext, page: Page) -> Iterator[Page]:
    """Another tab, behind the first. Only the one in front draws, so who acts in one brings it there."""
    found = context.new_page()
    page.bring_to_front()
    yield found
    found.close()


@pytest.fixture
def picture(request: pytest.FixtureRequest) -> Callable[[Page], None]:
    """Keeps what the page looks like, for people to look at."""
    taken = 0

    def take(page: Page) -> None:
        nonlocal taken
        taken += 1
        SCREENSHOTS.mkdir(exist_ok=True)
        page.screenshot(path=SCREENSHOTS / f"{request.node.name}-{taken}.png")

    return take
