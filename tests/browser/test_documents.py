"""The documents that answers rest on, from the first file to the last deletion."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import FilePayload, Locator, Page, expect

from tests.browser.talking import answer, ask, expect_ended, shown
from tests.support.live import Live, live

# 24 passages, which are read long enough to be seen.
HERBS = "".join(
    f"# Herb {number}\n\nThe herb called Number {number} grows in bed {number * 7} behind the greenhouse. "
    f"It wants water every {number + 2} days and is cut when the moon is new. Nobody has sold any.\n\n"
    for number in range(24)
)
SILVER = "# Silver\n\nThe silver spoons are kept in the blue chest under the window of the east tower.\n"
LARGE = 20 * 1024 * 1024 + 1
# Notes every word that the dialog has said of any file.
WATCH = """() => {
    window.said = [];
    const look = () => {
        for (const row of document.querySelectorAll('[data-testid="documents"] li')) {
            const text = row.innerText.replace(/\\s+/g, ' ').trim();
            if (!window.said.includes(text)) window.said.push(text);
        }
        requestAnimationFrame(look);
    };
    look();
}"""
DROP = """(target, files) => {
    const transfer = new DataTransfer();
    for (const [name, text] of files) transfer.items.add(new File([text], name));
    const fire = type => target.dispatchEvent(
        new DragEvent(type, {bubbles: true, cancelable: true, dataTransfer: transfer}));
    window.letGo = () => fire('drop');
    fire('dragenter');
    fire('dragover');
}"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A server whose answers are drawn from an index that is empty at first."""
    folder = tmp_path_factory.mktemp("library")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STEADYCHAT_DATA_DIR", str(folder))  # where the chain looks for its index
        with live(folder, chains="rag=chains.rag:build") as found:
            yield found


def file(name: str, data: str | bytes = "text", kind: str = "") -> FilePayload:
    return {"name": name, "mimeType": kind, "buffer": data.encode() if isinstance(data, str) else data}


def open_documents(page: Page) -> Locator:
    page.get_by_test_id("open-documents").click()
    dialog = page.get_by_test_id("documents")
    expect(dialog).to_be_visible()
    return dialog


def entry(dialog: Locator, name: str) -> Locator:
    return dialog.locator("li").filter(has_text=name)


def slow_line(page: Page, bytes_a_second: int) -> None:
    line = page.context.new_cdp_session(page)
    line.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": 0,
            "downloadThroughput": -1,
            "uploadThroughput": bytes_a_second,
        },
    )


@pytest.mark.promise(39)
def test_documents_come_in_are_read_are_cited_and_go_again(library: Live, page: Page) -> None:
    page.goto(library.url)
    dialog = open_documents(page)
    expect(dialog).to_contain_text("No documents yet")
    expect(dialog).to_contain_text("up to 20 MB each")
    page.evaluate(WATCH)
    page.get_by_test_id("upload").set_input_files(
        [file("silver.md", SILVER), file("herbs.md", HERBS), file("torn.pdf", b"%PDF-1.7 and no more")]
    )
    expect(entry(dialog, "silver")).to_contain_text("Ready · 1 passage")
    expect(entry(dialog, "torn")).to_have_attribute("data-status", "failed")
    expect(entry(dialog, "torn")).to_contain_text("It was not read:")
    expect(entry(dialog, "herbs")).to_contain_text("Ready · 24 passages")
    assert [name.split()[0] for name in dialog.locator("li").all_inner_texts()] == ["torn", "Herb", "Silver"]
    said: list[str] = page.evaluate("window.said")
    assert any("Reading ·" in each for each in said), said
    page.keyboard.press("Escape")
    ask(page, "Where are the silver spoons kept?")
    expect_ended(page)
    expect(shown(page)).to_contain_text("blue chest")
    expect(answer(page).get_by_test_id("source-chip").first).to_contain_text("silver", ignore_case=True)
    dialog = open_documents(page)
    for name in ("Silver", "torn", "Herb"):
        entry(dialog, name).get_by_role("button", name="Delete").click()
        expect(entry(dialog, name)).to_contain_text("for everybody")
        entry(dialog, name).get_by_role("button", name="Delete").click()
        expect(entry(dialog, name)).to_have_count(0)
    assert library_is_empty(page, library)


def library_is_empty(page: Page, library: Live) -> bool:
    found: dict[str, Any] = page.request.get(f"{library.url}/api/documents").json()
    return found == {"documents": []}


@pytest.mark.promise(39)
def test_a_file_tells_how_much_of_it_has_been_sent_and_can_be_left_off(library: Live, page: Page) -> None:
    page.goto(library.url)
    dialog = open_documents(page)
    expect(page.get_by_test_id("add-documents")).to_be_visible()
    page.evaluate(WATCH)
    slow_line(page, 1_000_000)
    padding = "<!--" + "x" * 1_500_000 + "-->"
    page.get_by_test_id("upload").set_input_files(
        [file("moon.html", f"<h1>Moon</h1><p>It is far away.</p>{padding}"), file("later.html", padding)]
    )
    expect(entry(dialog, "later")).to_contain_text("Waiting to be uploaded")
    entry(dialog, "later").get_by_role("button", name="Do not add").click()
    expect(entry(dialog, "later")).to_have_count(0)
    expect(entry(dialog, "moon")).to_contain_text("Ready")
    said: list[str] = page.evaluate("window.said")
    shares = {each for each in said if "Uploading ·" in each}
    assert len(shares) >= 3, said


def test_what_cannot_be_read_is_refused_by_name_before_anything_is_sent(
    library: Live, page: Page, tmp_path: Path
) -> None:
    contents = {"virus.exe": b"MZ", "empty.md": b"", "huge.txt": bytes(LARGE), "fine.md": SILVER.encode()}
    for name, data in contents.items():
        (tmp_path / name).write_bytes(data)
    page.goto(library.url)
    dialog = open_documents(page)
    expect(page.get_by_test_id("add-documents")).to_be_visible()
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page.get_by_test_id("upload").set_input_files([tmp_path / name for name in contents])
    expect(entry(dialog, "virus.exe")).to_contain_text("this type cannot be read")
    expect(entry(dialog, "empty.md")).to_contain_text("the file is empty")
    expect(entry(dialog, "huge.txt")).to_contain_text("larger than 20 MB")
    expect(dialog.locator("[data-document-id]").first).to_contain_text("Ready")
    assert len([url for url in sent if url.endswith("/api/documents")]) == 1
    entry(dialog, "virus.exe").get_by_role("button").click()
    expect(entry(dialog, "virus.exe")).to_have_count(0)


def test_files_may_be_dropped_anywhere_on_the_dialog(library: Live, page: Page) -> None:
    page.goto(library.url)
    dialog = open_documents(page)
    target = page.get_by_test_id("add-documents")
    expect(target).to_have_attribute("data-over", "false")
    dialog.evaluate(DROP, [["dropped.md", "# Dropped\n\nIt fell from above."]])
    expect(target).to_have_attribute("data-over", "true")
    expect(target).to_contain_text("Let go")
    page.evaluate("window.letGo()")
    expect(target).to_have_attribute("data-over", "false")
    expect(entry(dialog, "Dropped").first).to_contain_text("Ready")


def test_a_line_that_fails_says_so_and_the_file_can_go_again(library: Live, page: Page) -> None:
    page.goto(library.url)
    dialog = open_documents(page)
    expect(page.get_by_test_id("add-documents")).to_be_visible()
    page.route("**/api/documents", lambda route: route.abort(), times=1)
    page.get_by_test_id("upload").set_input_files(file("again.md", "# Once more\n\nIt came the second time."))
    expect(entry(dialog, "again.md")).to_contain_text("could not be reached")
    entry(dialog, "again.md").get_by_role("button", name="Try again").click()
    expect(entry(dialog, "Once more").first).to_contain_text("Ready")


def test_keeping_a_document_and_escape_close_the_question_and_not_the_dialog(
    library: Live, page: Page
) -> None:
    page.goto(library.url)
    dialog = open_documents(page)
    page.get_by_test_id("upload").set_input_files(file("kept.md", "# Kept\n\nThis one stays."))
    kept = entry(dialog, "Kept").first
    expect(kept).to_contain_text("Ready")
    button = kept.get_by_role("button", name="Delete")
    button.press("Enter")
    expect(kept.get_by_role("button", name="Keep")).to_be_focused()
    page.keyboard.press("Escape")
    expect(button).to_be_focused()
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).not_to_be_visible()
    expect(page.get_by_test_id("open-documents")).to_be_focused()


def test_whoever_may_not_write_sees_no_way_to_do_it(tmp_path: Path, page: Page) -> None:
    with live(tmp_path, documents_write="nobody") as server:
        page.goto(server.url)
        dialog = open_documents(page)
        expect(dialog).to_contain_text("No documents yet")
        expect(page.get_by_test_id("add-documents")).to_have_count(0)
        expect(dialog.get_by_role("button")).to_have_count(1)  # the one that closes it
