"""The page for those who hear it, enlarge it, or want nothing to move."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from tests.browser import states
from tests.browser.meddling import Frame, Meddler, stop_the_clock
from tests.browser.states import STATES, say
from tests.browser.talking import Wire, answer, ask, expect_badge, expect_ended
from tests.support.live import Live, live

AXE = Path(__file__).parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
FINDINGS = """async () => {
    const still = document.getAnimations().filter(each => each.effect.getTiming().iterations !== Infinity);
    await Promise.all(still.map(each => each.finished.catch(() => {})));
    const {violations} = await axe.run(document, {resultTypes: ['violations']});
    return violations
        .filter(({impact}) => impact === 'serious' || impact === 'critical')
        .flatMap(({id, nodes}) => nodes.map(({html, failureSummary}) => `${id}: ${html} ${failureSummary}`));
}"""
THEME = "localStorage.setItem('steadychat.theme', '{}')"
# Notes what each live region says, whenever it changes or comes with something said in it.
HEAR = """() => {
    window.said = [];
    const regions = '[role="status"], [role="alert"], [aria-live="polite"], [aria-live="assertive"]';
    const regionsIn = node => node.nodeType !== 1 ? []
        : [...node.matches(regions) ? [node] : [], ...node.querySelectorAll(regions)];
    const regionOf = node => (node.nodeType === 1 ? node : node.parentElement)?.closest(regions);
    new MutationObserver(changes => {
        const touched = new Set(changes.flatMap(({addedNodes, target}) =>
            [regionOf(target), ...[...addedNodes].flatMap(regionsIn)]));
        for (const region of touched)
            if (region?.textContent) window.said.push([region.getAttribute('role'), region.textContent]);
    }).observe(document.body, {subtree: true, childList: true, characterData: true});
}"""
# What is wider than the place that it has.
SIDEWAYS = """() => {
    const wide = element => element.scrollWidth > element.clientWidth + 1;
    const found = [document.scrollingElement, document.body,
        ...document.querySelectorAll('[data-testid="message-list"], main, nav, dialog[open], aside')]
        .filter(wide);
    const right = document.documentElement.clientWidth;
    const boxes = 'pre, [class*="wide"], dialog, [class*="hidden"]';
    for (const element of document.querySelectorAll('main *, aside *, dialog[open] *')) {
        if (element.parentElement.closest(boxes) && !element.closest('dialog[open]')) continue;
        if (element.closest('[class*="hidden"]')) continue; // it is heard, not seen
        const {left, right: edge, width} = element.getBoundingClientRect();
        if (width > 0 && (edge > right + 1 || left < -1)) found.push(element);
    }
    return found.map(element => element.outerHTML.slice(0, 120));
}"""
WIDE = "\n\n".join(
    (
        "Donaudampfschifffahrtselektrizitaetenhauptbetriebswerkbauunterbeamtengesellschaft" * 3,
        "`" + "code" * 60 + "`",
        "https://example.org/" + "path" * 60,
        "```\n" + "wide " * 80 + "\n```",
        "\n".join(cell * 12 + "|" for cell in ("| a ", "|---", "| averylongcell ")),
        "1. > - deep",
        "# " + "Heading" * 30,
        "[1]",
    )
)


@pytest.fixture(scope="module")
def parrot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    folder = tmp_path_factory.mktemp("parrot")
    with live(folder, chains="parrot=tests.support.parrot:build", limit_messages_per_minute=0) as found:
        yield found


def findings(page: Page) -> list[str]:
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text("utf-8"))
    found: list[str] = page.evaluate(FINDINGS)
    return found


@pytest.mark.promise(41)
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("state", STATES)
def test_axe_finds_nothing_serious(parrot: Live, page: Page, state: str, theme: str) -> None:
    page.add_init_script(THEME.format(theme))
    STATES[state](page, parrot.url)
    expect(page.locator("html")).to_have_attribute("data-theme", theme)
    assert findings(page) == []


def test_axe_is_heard_when_it_finds_something(parrot: Live, page: Page) -> None:
    states.empty(page, parrot.url)
    page.evaluate("() => document.querySelector('main').insertAdjacentHTML('beforeend', '<button></button>')")
    assert any(each.startswith("button-name") for each in findings(page))
    page.evaluate("() => document.querySelector('main h2').style.color = '#999'")
    assert any(each.startswith("color-contrast") for each in findings(page))


@pytest.mark.promise(42)
def test_a_long_answer_is_announced_and_its_tokens_are_not(parrot: Live, page: Page) -> None:
    wire = Wire.of(page)
    page.clock.install()
    states.opened(page, parrot.url)
    page.evaluate(HEAR)
    stop_the_clock(page, 1_000)
    words = " ".join(f"word{n}" for n in range(200))
    ask(page, say(words, pieces=200, rate=40))
    wire.wait_for(page, "token", 1)
    page.clock.run_for(100)  # the answer is drawn
    for _ in range(10):
        page.clock.run_for(2_000)
    wire.wait_for(page, "done", 1)
    page.clock.run_for(100)
    expect(page.get_by_test_id("announcer")).to_contain_text("Answer complete.")
    said: list[tuple[str, str]] = page.evaluate("window.said")
    still = ["Still answering"] * (20 // 7)
    complete = f"Answer complete. {words}"
    assert [text for _, text in said] == ["Sent", "Answering", *still, complete]
    assert {role for role, _ in said} == {"status"}


@pytest.mark.promise(42)
def test_a_failure_is_said_once_and_aloud(parrot: Live, page: Page) -> None:
    states.opened(page, parrot.url)
    page.evaluate(HEAR)
    ask(page, "{}")
    expect_ended(page, "failed")
    page.wait_for_function("window.said.some(([role]) => role === 'alert')")
    said: list[tuple[str, str]] = page.evaluate("window.said")
    assert [role for role, _ in said].count("alert") == 1, said
    assert not any("failed" in text for role, text in said if role == "status"), said


def expect_said(page: Page, *alerts: str) -> None:
    """So much and no more was said aloud as urgent, since `HEAR`."""
    page.wait_for_function(
        "count => window.said.filter(([role]) => role === 'alert').length >= count", arg=len(alerts)
    )
    said: list[tuple[str, str]] = page.evaluate("window.said")
    assert [text for role, text in said if role == "alert"] == list(alerts)


def test_a_message_that_is_refused_is_said_once_however_often_it_comes_into_view(
    parrot: Live, page: Page
) -> None:
    meddler = Meddler.between(page)
    states.opened(page, parrot.url)
    for _ in range(3):
        ask(page, say("Long.\n\n" * 120))
        expect(answer(page)).to_contain_text("Long.")
        expect_ended(page)

    def refuse(frame: Frame) -> list[Frame]:
        if frame["type"] != "send":
            return [frame]
        ids: Frame = {key: frame[key] for key in ("id", "client_message_id", "session_id") if key in frame}
        error = {"code": "too_large", "message": "Shorten it.", "retryable": False}
        meddler.line.say({"type": "error", "request": "send", **error, **ids})
        return []

    meddler.to_server = refuse
    page.evaluate(HEAR)
    ask(page, "Too much")
    refused = page.locator('[data-send-state="refused"]')
    expect_said(page, "Not sent. Shorten it.")
    listing = page.get_by_test_id("message-list")
    page.get_by_test_id("composer-input").focus()
    for _ in range(2):
        listing.evaluate("list => { list.scrollTop = 0 }")
        expect(refused).to_have_count(0)
        listing.evaluate("list => { list.scrollTop = list.scrollHeight }")
        expect(refused).to_be_in_viewport()
    expect_said(page, "Not sent. Shorten it.")
    refused.get_by_role("button", name="Try again").click()
    expect_said(page, "Not sent. Shorten it.", "Not sent. Shorten it.")


def test_a_file_that_is_not_added_is_said_once_and_not_at_each_look_at_the_documents(
    parrot: Live, page: Page
) -> None:
    states.opened(page, parrot.url)
    page.evaluate(HEAR)
    game = FilePayload(name="game.exe", mimeType="", buffer=b"MZ")
    opener, dialog = page.get_by_test_id("open-documents"), page.get_by_test_id("documents")
    opener.click()
    page.get_by_test_id("upload").set_input_files([game])
    words = "game.exe. Not added: this type cannot be read. Use Markdown, text, HTML or PDF."
    expect_said(page, words)
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    opener.click()
    expect(dialog.get_by_test_id("upload-entry")).to_contain_text("this type cannot be read")
    expect_said(page, words)


@pytest.mark.promise(44)
@pytest.mark.parametrize("size", ["320 px", "200 %", "large letters"])
def test_nothing_has_to_be_scrolled_sideways(parrot: Live, browser: Browser, size: str) -> None:
    screens: dict[str, dict[str, Any]] = {
        "320 px": {"viewport": {"width": 320, "height": 640}},
        "200 %": {"viewport": {"width": 640, "height": 400}, "device_scale_factor": 2},
        "large letters": {"viewport": {"width": 480, "height": 720}},
    }
    context = browser.new_context(**screens[size])
    page = context.new_page()
    if size == "large letters":
        page.add_init_script(
            "addEventListener('DOMContentLoaded', () => document.documentElement.style.fontSize = '200%')"
        )
    for state in (states.empty, states.failed, states.documents, states.missing, states.offline):
        state(page, parrot.url)
        assert page.evaluate(SIDEWAYS) == [], state.__name__
        context.set_offline(False)
    states.opened(page, parrot.url)
    ask(page, say(WIDE, sources=states.SOURCES, confidence=0.5))
    expect_ended(page)
    expect(answer(page).locator("table")).to_be_visible()
    assert page.evaluate(SIDEWAYS) == []
    for box in ("pre", "[class*=wide]"):
        assert answer(page).locator(box).first.evaluate("box => box.scrollWidth > box.clientWidth")
    answer(page).get_by_test_id("citation").first.click()
    expect(page.get_by_test_id("sources")).to_be_visible()
    assert page.evaluate(SIDEWAYS) == []
    context.close()


@pytest.mark.promise(45)
def test_the_states_of_the_badge_differ_by_word_and_by_sign(parrot: Live, page: Page) -> None:
    badge = page.get_by_test_id("connection-badge")
    seen: list[tuple[str, str]] = []

    def note(word: str) -> None:
        expect_badge(page, word)
        sign = badge.locator("> :first-child")
        drawn = sign.evaluate("sign => sign.localName === 'svg' ? sign.innerHTML : sign.localName")
        assert sign.is_visible()
        seen.append((word, drawn))

    states.reconnecting(page, parrot.url)
    note("Reconnecting")
    page.context.set_offline(True)
    note("Offline")
    page.context.set_offline(False)
    page.unroute_all()
    page = page.context.new_page()
    badge = page.get_by_test_id("connection-badge")
    states.opened(page, parrot.url)
    note("Connected")
    assert len({word for word, _ in seen}) == len({sign for _, sign in seen}) == 3, seen


def test_nothing_moves_for_those_who_asked_for_that(parrot: Live, browser: Browser) -> None:
    running = """() => document.getAnimations()
        .filter(each => each.playState === 'running' && each.effect.getComputedTiming().duration > 1)
        .map(each => each.animationName ?? each.transitionProperty)"""
    for motion in ("reduce", "no-preference"):
        context = browser.new_context(reduced_motion=motion)
        page = context.new_page()
        states.streaming(page, parrot.url)
        assert bool(page.evaluate(running)) is (motion == "no-preference"), motion
        context.close()


def test_what_has_the_focus_is_not_under_the_composer(parrot: Live, page: Page) -> None:
    states.answered(page, parrot.url)
    page.set_viewport_size({"width": 700, "height": 420})
    page.get_by_test_id("message-list").focus()
    under = """() => {
        const {top, bottom, height} = document.activeElement.getBoundingClientRect();
        const field = document.querySelector('[data-testid="composer-input"]').closest('form');
        const inList = document.activeElement.closest('[data-testid="message-list"] *');
        return Boolean(inList) && (bottom > field.getBoundingClientRect().top || top < 52) && height < 300;
    }"""
    seen = 0
    for _ in range(20):
        page.keyboard.press("Tab")
        page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        if page.evaluate("() => document.activeElement.dataset.testid === 'composer-input'"):
            break
        assert not page.evaluate(under), page.evaluate("document.activeElement.outerHTML")
        seen += 1
    assert seen > 4
