"""Whatever a text says, the page shows it and does nothing that it asks for."""

import json
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from typing import Any

import httpx
import pytest
from playwright.sync_api import FilePayload, Page, Route, expect

from api.doors.page import POLICY
from tests.browser.talking import alerts, answer, ask, expect_drawn, expect_ended
from tests.support.hostile import JS, OPEN, pages, texts
from tests.support.live import Live, live
from tests.support.untouched import Watch

TITLE_CHARS = 200
EXCHANGES = 24  # with one more for the sources, and with the answers, these are one page of messages
STREAMED = {"pieces": 4}  # each is kept on the disk before it is seen

SCROLL = """up => {
    const list = document.querySelector('[data-testid="message-list"]');
    const before = list.scrollTop;
    list.scrollTop = up ? before - list.clientHeight * 0.8 : 1e9;
    return new Promise(done =>
        requestAnimationFrame(() => requestAnimationFrame(() => done(list.scrollTop < before))));
}"""
INSERT = "document.querySelector('main').insertAdjacentHTML('beforeend', `{}`)"
PLANTED = {
    "a handler": INSERT.format("<img src=/x onerror=pwned=1>"),
    "an address": INSERT.format("<a href=javascript:1>x</a>"),
    "a link that leaks": INSERT.format("<a href=http://a.b>x</a>"),
    "a style": INSERT.format("<i style=background:url(/x)>x</i>"),
    "a script": "document.body.append(Object.assign(document.createElement('script'), {text: 'pwned = 1'}))",
    "a frame": "document.body.append(document.createElement('iframe'))",
    "a request": "fetch('/pwned')",
    "a request to elsewhere": "fetch('https://evil.example/pwned').catch(() => {})",
    "a word": "window.pwned = 1",
    "a dialog": "setTimeout(() => alert(1))",
    "an eval": "setTimeout(() => { try { eval('window.pwned = 1') } catch {} })",
}


@pytest.fixture(scope="module")
def parrot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    settings = {"limit_messages_per_minute": 0, "limit_message_chars": 0}
    folder = tmp_path_factory.mktemp("parrot")
    with live(folder, chains="parrot=tests.support.parrot:build", **settings) as found:
        yield found


@pytest.fixture
def watch(parrot: Live, page: Page) -> Watch:
    return Watch.over(page, parrot.url)


@pytest.fixture
def outside(parrot: Live, page: Page, watch: Watch) -> Iterator[httpx.Client]:
    """Who the page is, but by itself: Playwright's own requests are slow."""
    page.goto(parrot.url)
    with parrot.client() as client:
        for each in page.context.cookies():
            client.cookies.set(each["name"], each["value"])
        yield client


def exchange(outside: httpx.Client, session: str | None, hostile: Sequence[str], **more: Any) -> str:
    """A question whose answer says these texts; returns its session. `more`: what the parrot is to add."""
    said = {"answer": "\n\n".join(hostile), **STREAMED, **more}
    body = {"content": json.dumps(said)} | ({} if session is None else {"session_id": session})
    sent = outside.post("/api/chat/messages", json=body).raise_for_status()
    return str(sent.json()["message"]["session_id"])


def portions(found: Sequence[Sequence[str]]) -> Iterator[Sequence[Sequence[str]]]:
    for start in range(0, len(found), EXCHANGES):
        yield found[start : start + EXCHANGES]


def sources(hostile: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {"id": f"s{n}", "title": each, "uri": each, "excerpt": f"{each} {each}", "location": {"page": each}}
        for n, each in enumerate(hostile)
    ]


def look_at_all(page: Page, watch: Watch) -> None:
    """Scrolls up through the whole list."""
    page.evaluate(SCROLL, False)
    assert watch.faults() == []
    while page.evaluate(SCROLL, True):
        assert watch.faults() == []


def test_there_are_more_than_500_hostile_texts_and_no_two_alike() -> None:
    assert len(set(texts())) == len(texts()) > 500
    assert sorted(each for page in pages(1) for each in page) == sorted(texts())
    assert set(OPEN) <= {page[-1] for page in pages(1)}


@pytest.mark.promise(17)
def test_nothing_that_an_answer_or_its_sources_say_runs_or_is_fetched(
    outside: httpx.Client, page: Page, watch: Watch
) -> None:
    page.set_viewport_size({"width": 1280, "height": 3000})
    for begun in portions(pages(1)):
        session = exchange(outside, None, begun[0])
        page.goto(f"{watch.origin}/chat/{session}")
        expect_drawn(page)
        for hostile in begun[1:]:
            exchange(outside, session, hostile)  # it is streamed to the page that looks on
        everything = [each for hostile in begun for each in hostile]
        exchange(outside, session, [f"[{n}]" for n in range(1, 100)], sources=sources(everything))
        expect_ended(page)
        assert watch.faults() == []
        page.reload()
        expect_drawn(page)
        look_at_all(page, watch)
        page.evaluate(SCROLL, False)
        answer(page).get_by_test_id("source-chip").first.click()
        expect(page.get_by_test_id("sources").locator("blockquote")).to_have_count(len(everything))
        assert watch.faults() == []


@pytest.mark.promise(17)
def test_nothing_that_a_title_says_runs_or_is_fetched(
    outside: httpx.Client, page: Page, watch: Watch
) -> None:
    titles = [each[:TITLE_CHARS].replace("\0", "").strip() for each in texts()]
    with ThreadPoolExecutor(16) as together:  # the server commits them together
        made = together.map(lambda title: outside.post("/api/chat/sessions", json={"title": title}), titles)
        assert {each.status_code for each in made} == {201}
    ask(page, json.dumps({"answer": f"<img src=/pwned onerror={JS}>"}))
    expect_ended(page)
    page.reload()
    entries = page.locator("[data-session-id]")
    more = page.get_by_test_id("load-more-sessions")
    expect(entries.first).to_be_visible()
    while more.count():
        count = entries.count()
        more.click()
        expect(entries).not_to_have_count(count)
    assert entries.count() > 500
    assert watch.faults() == []
    for each in (f"<img src=/pwned onerror={JS}>", f"</title><script>{JS}</script>"):
        entries.first.hover()
        entries.first.get_by_role("button", name="Rename").click()
        page.keyboard.type(each)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text(each)
        assert each in page.title()
    entries.first.hover()
    entries.first.get_by_role("button", name="Delete").click()
    expect(page.get_by_test_id("undo")).to_contain_text("<script>")
    assert watch.faults() == []


@pytest.mark.promise(17)
def test_nothing_that_a_documents_name_says_runs_or_is_fetched(
    outside: httpx.Client, page: Page, watch: Watch
) -> None:
    some = [each for each in texts() if len(each) < TITLE_CHARS][::8]
    named = f"<img src=x onerror={JS}>.md"
    outside.post("/api/documents", files={"file": (named, b"# Text")}).raise_for_status()
    page.route("**/api/documents", with_hostile_documents)
    page.get_by_test_id("open-documents").click()
    dialog = page.get_by_test_id("documents")
    expect(dialog.locator("li")).to_have_count(len(texts()) + 1)
    page.get_by_test_id("upload").set_input_files([payload(f"{each}.exe") for each in some])
    expect(dialog.get_by_test_id("upload-entry")).to_have_count(len(some))
    page.get_by_test_id("upload").set_input_files(payload(f"<svg onload={JS}>.md"))
    expect(dialog.get_by_test_id("upload-entry").last).to_contain_text("<script>")
    dialog.get_by_role("button", name=re.compile("^Delete ")).first.click()
    assert watch.faults() == []


def payload(name: str) -> FilePayload:
    return {"name": name, "mimeType": "", "buffer": b"# Text\n\nAnd more."}


def with_hostile_documents(route: Route) -> None:
    if route.request.method == "POST":
        return refuse(route, f"<script>{JS}</script>")
    response = route.fetch()
    (found,) = response.json()["documents"]
    added = [
        found | {"id": f"d{n}", "title": each, "filename": each, "status": "failed", "error": each}
        for n, each in enumerate(texts())
    ]
    route.fulfill(response=response, json={"documents": [found, *added]})
    return None


def refuse(route: Route, message: str) -> None:
    problem = {"code": "invalid", "message": message, "retryable": False}
    route.fulfill(status=422, json=problem, headers={"Content-Type": "application/problem+json"})


@pytest.mark.promise(17)
def test_nothing_that_an_error_says_runs_or_is_fetched(
    outside: httpx.Client, page: Page, watch: Watch
) -> None:
    page.set_viewport_size({"width": 1280, "height": 3000})
    session = exchange(outside, None, ["one"])
    for _ in range(EXCHANGES):
        exchange(outside, session, ["more"])
    said = cycle(texts())

    def fail(route: Route) -> None:
        response = route.fetch()
        found: dict[str, Any] = response.json()
        for message in found["messages"]:
            if message["role"] == "assistant":
                words = " ".join(next(said) for _ in range(30))
                error = {"code": "chain_error", "message": words, "retryable": True}
                message |= {"status": "failed", "error": error}
        route.fulfill(response=response, json=found)

    page.route("**/messages?*", fail)
    page.goto(f"{watch.origin}/chat/{session}")
    expect(answer(page).get_by_test_id("message-error")).to_be_visible()
    look_at_all(page, watch)
    page.unroute("**/messages?*")
    page.route("**/messages?*", lambda route: refuse(route, " ".join(texts()[::5])))
    page.reload()
    expect(alerts(page).first).to_contain_text("onerror")
    assert watch.faults() == []


@pytest.mark.parametrize("what", PLANTED)
def test_a_fault_that_is_planted_is_found(parrot: Live, visitor: Any, what: str) -> None:
    page = visitor.new_page()
    watch = Watch.over(page, parrot.url)
    page.goto(parrot.url)
    expect(page.get_by_test_id("connection-badge")).to_have_attribute("data-state", "open")
    assert watch.faults() == []
    page.evaluate(f"() => {{ {PLANTED[what]} }}")
    assert watch.faults() != []


@pytest.mark.promise(17)
def test_the_policy_of_the_page_lets_no_foreign_script_run(parrot: Live, page: Page, watch: Watch) -> None:
    response = page.goto(parrot.url)
    assert response
    assert response.headers["content-security-policy"] == POLICY
    rules = {words[0]: words[1:] for rule in POLICY.split(";") if (words := rule.split())}
    assert rules["default-src"] == rules["frame-ancestors"] == ["'none'"]
    assert (
        rules["script-src"] == rules["connect-src"] == rules["base-uri"] == rules["form-action"] == ["'self'"]
    )
    assert not {"object-src", "frame-src", "worker-src", "script-src-elem", "script-src-attr"} & set(rules)
    page.evaluate(PLANTED["a script"])
    page.evaluate(PLANTED["a handler"])
    page.evaluate(PLANTED["an eval"])
    faults = watch.faults()
    assert page.evaluate("window.pwned") is None
    assert {"script-src-elem inline", "script-src-attr inline", "script-src eval"} <= {
        " ".join(each.split()[1:3]) for each in faults
    }
