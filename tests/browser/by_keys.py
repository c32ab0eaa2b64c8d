"""A person without a mouse: after every key it is seen where the next one will go."""

from playwright.sync_api import Locator, Page, expect

from tests.browser.talking import expect_badge

# The focus is somewhere, in view, and drawn: by an outline of its own, or by the composer's frame.
SEEN = """() => {
    const at = document.activeElement;
    if (!at || at === document.body) return 'nowhere';
    const box = at.getBoundingClientRect();
    const inside = box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth;
    if (!inside || box.width * box.height === 0) return `out of view: ${at.outerHTML.slice(0, 120)}`;
    const framed = element => getComputedStyle(element).boxShadow !== 'none';
    const { outlineStyle, outlineWidth } = getComputedStyle(at);
    const outlined = outlineStyle !== 'none' && parseFloat(outlineWidth) > 0;
    if (outlined || at.tagName === 'TEXTAREA' && framed(at.parentElement)) return '';
    return `not drawn: ${at.outerHTML.slice(0, 120)}`;
}"""
STEPS = 40


def expect_focus_seen(page: Page) -> None:
    """What had the focus may have gone with the key: then another element has it in the same moment."""
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert page.evaluate(SEEN) == ""


def open_page(page: Page, url: str) -> None:
    page.goto(url)
    expect_badge(page, "Connected")


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)
        expect_focus_seen(page)


def tab_to(page: Page, target: Locator, key: str = "Tab") -> None:
    """Tab, or Shift+Tab, until `target` has the focus."""
    for _ in range(STEPS):
        press(page, key)
        if target.count() and target.evaluate("element => element === document.activeElement"):
            return
    expect(target).to_be_focused(timeout=1)
