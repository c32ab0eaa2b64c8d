"""Looks at the page in every frame, and judges what was ever to be seen."""

from playwright.sync_api import Page, expect

from tests.browser.talking import answers, questions, tokens

# Notes every text of the newest answer that was ever on the screen.
WATCH_TEXTS = """() => {
    window.texts = new Set();
    const look = () => {
        const texts = document.querySelectorAll('[data-role="assistant"] [data-testid="message-text"]');
        window.texts.add(texts[texts.length - 1]?.innerText.trim() ?? '');
        requestAnimationFrame(look);
    };
    look();
}"""
# Notes at each change whether a row stands there twice or in a wrong place.
WATCH_ROWS = """() => {
    window.rowFaults = [];
    new MutationObserver(() => {
        const rows = [...document.querySelectorAll('[data-message-id]')];
        const ids = rows.map(row => row.dataset.messageId);
        const places = rows.map(row => +row.ariaPosInSet);
        if (new Set(ids).size < ids.length) window.rowFaults.push('twice: ' + ids);
        const wrong = places.some((place, n) => place <= (places[n - 1] ?? 0));
        if (wrong) window.rowFaults.push('order: ' + places);
    }).observe(document.body, {childList: true, subtree: true, attributes: true});
}"""
# Notes every word that the badge ever said, and when.
WATCH_BADGE = """
window.badges = [];
addEventListener('DOMContentLoaded', () => {
    const note = () => {
        const word = document.querySelector('[data-testid="connection-badge"]')?.dataset.word;
        const last = window.badges.at(-1)?.word;
        if (word && word !== last) window.badges.push({word, at: performance.now()});
    };
    new MutationObserver(note).observe(document, {childList: true, subtree: true, attributes: true});
});
"""
# Whether the person sees the tab is up to the test: a browser without a screen calls every tab visible.
SEEN = """
let seen = true;
Object.defineProperty(document, 'visibilityState', {get: () => seen ? 'visible' : 'hidden'});
Object.defineProperty(document, 'hidden', {get: () => !seen});
window.beSeen = now => {
    seen = now;
    document.dispatchEvent(new Event('visibilitychange'));
};
"""


def expect_no_token_ever_wrong(page: Page, count: int) -> None:
    """Whatever was on the screen at any moment was a beginning of the answer, and never got shorter."""
    texts: list[str] = page.evaluate("[...window.texts]")
    whole = " ".join(tokens(count))
    assert all(whole.startswith(" ".join(text.split())) for text in texts)
    lengths = [len(text) for text in texts]
    assert lengths == sorted(lengths)


def expect_rows_in_order(page: Page) -> None:
    """No row ever stood there twice or in a wrong place."""
    assert page.evaluate("window.rowFaults") == []


def badges(page: Page) -> list[str]:
    return [badge["word"] for badge in page.evaluate("window.badges")]


def expect_texts(page: Page, texts: list[str]) -> None:
    """The questions, in this order."""
    expect(questions(page).get_by_test_id("message-text")).to_have_text(texts, timeout=20_000)


def expect_all_answered(page: Page, count: int) -> None:
    for number in range(count):
        expect(answers(page).nth(number)).to_have_attribute("data-status", "complete", timeout=20_000)
    expect(answers(page)).to_have_count(count)
