"""Answers in Markdown, with code and formulas."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.saying import CHAIN, line
from tests.browser.talking import answer, ask, expect_ended, questions, shown
from tests.support.live import Live, live

FENCE = "```"
TEXTS = {
    "an open fence": f"Before\n\n{FENCE}python\nx = 1\n\n# not a title\n- no list\n",
    "a fence in a fence": f"{FENCE * 2}md\n{FENCE}js\nlet a\n{FENCE}\n{FENCE * 2}\n\n~~~\n{FENCE}\n~~~",
    "a table that grows": "| a | b |\n|---|:-:|\n| `1|2` | **x** |\n| open | row\n\n| no | table |\n| a |\n",
    "an open link": "See [the page](https://example.org/a_(b) and [more](https://example.org",
    "nested lists": "1. one\n   - two\n\n     three\n   - [ ] four\n\n2. five\n* six\n+ seven\n\n   eight\n",
    "late definitions": "See [one][1st] and [two] and [3].\n\nMore.\n\nMore.\n\nMore.\n\n[1st]: https://example.org/1\n"
    "[two]: https://example.org/2 'Title'\n",
    "HTML": "<div onclick=x>\n\n**bold** <b>b</b>\n\n</div>\n\n<script>alert(1)</script>\n\n<!-- open",
    "titles under a line": "Title\n===\n\ntext\n---\n\n- - -\n\ntext\n- item\n---\n",
    "emphasis": "**open *both __and `code** _a_b_c_ ~~gone~~ ~~open\n\n* *a* **b**\n\nx * y * z",
    "quotes": "> one\ntwo\n> > three\n\n> - four\n>   five\n\n> ```\n> code\n\nsix",
    "formulas": "$$\na\n+ b\n- c\n= d\n$$\n\nso $x$, \\(y\\) or $5 and $10\n\n\\[\n\\frac{a}{b}\n\n$$\nopen",
    "formulas in lists": "1. \\[\n   a\n   + b\n   \\]\n2. $$c$$ d $e$\n\n> $$\n> f\n> $$\n",
    "line ends": "one\r\n\r\n- two\r\n- three\r\n\r\n```\r\nfour\r\n```\r\n\r\nfive  \r\nsix\\\r\nseven",
    "odd spaces": "\n\n   one\n\n\ttwo\n\n\n\n    three\n \n four\u00a0\u2028five",
}


@pytest.fixture(scope="module")
def parrot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    folder = tmp_path_factory.mktemp("parrot")
    with live(folder, chains=CHAIN, limit_messages_per_minute=0) as found:
        yield found


# What an element holds once nothing in it has changed for a moment: code and formulas are drawn a bit later.
SETTLED = """element => new Promise(done => {
    let timer;
    const wait = () => {
        clearTimeout(timer);
        timer = setTimeout(() => done(element.innerHTML), 200);
    };
    new MutationObserver(wait).observe(element, {subtree: true, childList: true, characterData: true});
    wait();
})"""
HAS_RICH_TEXT = "() => performance.getEntriesByType('resource').some(({name}) => name.includes('RichText'))"


def drawn(page: Page) -> str:
    """What the newest answer holds in the end, as Markdown and not as plain text."""
    expect(shown(page).locator("[class*=prose]")).to_be_visible()
    found: str = shown(page).evaluate(SETTLED)
    return found


@pytest.mark.promise(24)
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_a_streamed_answer_is_drawn_in_the_end_like_a_stored_one(parrot: Live, page: Page, text: str) -> None:
    page.goto(parrot.url)
    page.wait_for_function(HAS_RICH_TEXT)  # so that the answer is drawn while it grows
    ask(page, line(text, pieces=40, rate=150))
    expect_ended(page)
    streamed = drawn(page)
    page.reload()
    expect_ended(page)
    assert drawn(page) == streamed


@pytest.mark.promise(25)
def test_what_is_nested_too_deeply_is_plain_text_and_the_rest_goes_on(parrot: Live, page: Page) -> None:
    page.goto(parrot.url)
    ask(page, line(">" * 2000 + " deep", pieces=20, rate=100))
    expect_ended(page)
    expect(shown(page)).to_contain_text(">" * 2000 + " deep")
    expect(shown(page)).to_contain_text("Shown as plain text.")
    expect(shown(page).locator("blockquote")).to_have_count(0)
    ask(page, line("**Well** then."))
    expect(answer(page).locator("strong")).to_have_text("Well")
    page.get_by_test_id("composer-input").fill("still here")
    expect(page.get_by_test_id("send")).to_be_enabled()


def test_formulas_are_drawn_and_sums_of_money_are_not(parrot: Live, page: Page) -> None:
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url))
    page.goto(parrot.url)
    ask(page, line("No formula: $5 and $10, `$x$`."))
    expect(shown(page)).to_have_text("No formula: $5 and $10, $x$.")
    assert not any("typeset" in url for url in fetched)
    ask(page, line("So $x^2$ and\n\n$$\n\\frac{a}{b}\n+ c\n$$\n\ncost \\(y\\) or $5 and $10."))
    expect(shown(page).locator("math")).to_have_count(3)
    expect(shown(page).locator("math[display=block] mfrac")).to_have_count(1)
    expect(shown(page).locator("p").last).to_contain_text("or $5 and $10.")
    assert any("typeset" in url for url in fetched)


def test_a_formula_that_cannot_or_may_not_be_drawn_shows_its_source(parrot: Live, page: Page) -> None:
    page.goto(parrot.url)
    ask(page, line(r"A $\nothing{x}$ B $\href{https://example.org}{y}$ C $\def\a{\a\a}\a$ D $z$"))
    expect(shown(page).locator("math")).to_have_count(1)
    text = shown(page).inner_text()
    for source in (r"$\nothing{x}$", r"$\href{https://example.org}{y}$", r"$\def\a{\a\a}\a$"):
        assert source in text
    expect(shown(page).locator("a")).to_have_count(0)


def test_an_open_formula_is_text_until_it_closes(parrot: Live, page: Page) -> None:
    page.goto(parrot.url)
    ask(page, line("$e$ and\n\n$$\n\\frac{a}{b}\n- c\n+ d + e + f + g + h + i\n$$", pieces=50, rate=30))
    expect(shown(page).locator("math")).to_have_count(1)
    expect(shown(page)).to_contain_text("\\frac{a}{b}\n- c\n+ d", use_inner_text=True)
    expect(shown(page).locator("li, hr")).to_have_count(0)
    expect_ended(page)
    expect(shown(page).locator("math")).to_have_count(2)
    expect(shown(page)).not_to_contain_text("\\frac")


@pytest.mark.promise(40)
def test_copy_gives_the_markdown_and_code_copy_the_code(
    parrot: Live, context: BrowserContext, page: Page
) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    code = "x = 1\n\ny = '$2$'"
    text = f"**Bold**, \\(x^2\\), [1].\n\n{FENCE}python\n{code}\n{FENCE}\n\n| a |\n|---|\n| $b$ |\n"
    page.goto(parrot.url)
    ask(page, line(text))
    expect(shown(page).locator("math")).to_have_count(2)
    answer(page).get_by_role("button", name="Copy", exact=True).click()
    expect(answer(page).get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == text
    expect(answer(page).get_by_role("button", name="Copied")).to_have_count(0)
    answer(page).get_by_role("button", name="Copy code").click()
    expect(answer(page).get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == code


def test_where_the_browser_forbids_copying_nothing_claims_to_have_copied(
    parrot: Live, context: BrowserContext, page: Page
) -> None:
    context.add_init_script("navigator.clipboard.writeText = () => Promise.reject(new Error('no'))")
    page.goto(parrot.url)
    ask(page, line("Words."))
    expect_ended(page)
    answer(page).get_by_role("button", name="Copy", exact=True).click()
    expect(page.get_by_test_id("told")).to_contain_text("does not allow copying here")
    expect(answer(page).get_by_role("button", name="Copied")).to_have_count(0)
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")  # no TLS
    expect(page.get_by_test_id("told")).to_have_count(0)
    answer(page).get_by_role("button", name="Copy", exact=True).click()
    expect(page.get_by_test_id("told")).to_contain_text("does not allow copying here")


def test_a_question_is_copied_by_a_button_that_stays_quiet_until_it_is_wanted(
    parrot: Live, context: BrowserContext, page: Page
) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(parrot.url)
    text = line("Words.")
    ask(page, text)
    expect_ended(page)
    asked = questions(page)
    button = asked.get_by_role("button", name="Copy question")
    quiet = button.locator("..")
    page.mouse.move(5, 5)
    expect(quiet).to_have_css("opacity", "0")
    height = asked.evaluate("row => row.offsetHeight")
    asked.hover()
    expect(quiet).to_have_css("opacity", "1")
    assert asked.evaluate("row => row.offsetHeight") == height
    page.mouse.move(5, 5)
    expect(quiet).to_have_css("opacity", "0")
    button.focus()
    expect(quiet).to_have_css("opacity", "1")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("told")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == text
