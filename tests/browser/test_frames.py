"""Frames that come twice, overlap, are missing or late: what is shown is what was said."""

from typing import Any

import pytest
from playwright.sync_api import APIResponse, Page, Route, expect

from tests.browser.meddling import Change, Frame, Meddler, twice, unchanged, until
from tests.browser.talking import (
    Wire,
    answer,
    answers,
    ask,
    expect_badge,
    expect_ended,
    questions,
    session_of,
    shown,
    text_of,
    tokens,
)
from tests.browser.watching import (
    WATCH_ROWS,
    WATCH_TEXTS,
    expect_no_token_ever_wrong,
    expect_rows_in_order,
)
from tests.support.live import Live

NEWEST_PAGE = "**/messages?limit=*"
COUNT = 60


def overlapping(frame: Frame) -> list[Frame]:
    """Each piece comes once more, cut in the middle, as another server might cut it."""
    text = frame.get("content", "")
    if frame["type"] != "token" or len(text) < 2:
        return [frame]
    middle = len(text) // 2
    head = frame | {"content": text[:middle]}
    return [head, frame, frame | {"content": text[middle:], "at": frame["at"] + middle}]


class Missing:
    """Every tenth piece is lost."""

    def __init__(self) -> None:
        self.lost = 0
        self._seen = 0

    def __call__(self, frame: Frame) -> list[Frame]:
        if frame["type"] != "token":
            return [frame]
        self._seen += 1
        if self._seen % 10:
            return [frame]
        self.lost += 1
        return []


class Swapped:
    """Now and then two neighbours change places."""

    def __init__(self) -> None:
        self._seen = 0
        self._held: list[Frame] = []

    def __call__(self, frame: Frame) -> list[Frame]:
        if frame["type"] == "token":
            self._seen += 1
            if self._seen % 15 == 0:
                self._held.append(frame)
                return []
        held, self._held = self._held, []
        return [frame, *held]


@pytest.mark.promise(18)
@pytest.mark.parametrize("change", [twice, overlapping, Missing(), Swapped()])
def test_the_text_is_exact_although_frames_are_not(server: Live, page: Page, change: Change) -> None:
    meddler = Meddler.between(page)
    wire = Wire.of(page)
    page.goto(server.url)
    expect_badge(page, "Connected")
    page.evaluate(WATCH_TEXTS)
    page.evaluate(WATCH_ROWS)
    meddler.to_page = change
    ask(page, f"tokens={COUNT} rate=40")
    expect_ended(page)
    assert text_of(page) == tokens(COUNT)
    expect_no_token_ever_wrong(page, COUNT)
    expect_rows_in_order(page)
    expect(page.locator("[data-message-id]")).to_have_count(2)
    if isinstance(change, Missing):
        assert change.lost > 0
        assert len(wire.of_type("subscribe")) >= change.lost  # each hole was asked for


@pytest.mark.promise(18)
def test_an_answer_whose_end_was_lost_is_read_again(server: Live, page: Page) -> None:
    meddler = Meddler.between(page)
    page.goto(server.url)
    expect_badge(page, "Connected")
    pieces: list[Frame] = []

    def lose_the_last(frame: Frame) -> list[Frame]:
        """Nothing in the numbers shows it: only length and checksum do."""
        if frame["type"] == "token" and frame["at"] >= 40:
            pieces.append(frame)
            return []
        return [frame | {"from": pieces[0]["from"]}] if frame["type"] == "done" and pieces else [frame]

    meddler.to_page = lose_the_last
    ask(page, f"tokens={COUNT} rate=100")
    expect_ended(page)
    expect(shown(page)).to_contain_text(f"t{COUNT - 1}")
    assert text_of(page) == tokens(COUNT)


@pytest.mark.promise(13)
@pytest.mark.parametrize("first", ["events", "page"])
def test_a_page_and_live_events_of_one_moment_make_no_row_twice(server: Live, page: Page, first: str) -> None:
    """The page was read early and comes late; or it is ahead of the events."""
    meddler = Meddler.between(page)
    page.goto(server.url)
    ask(page, "tokens=4")
    expect_ended(page)
    read: list[tuple[Route, APIResponse]] = []
    held: list[Frame] = []

    def read_early(route: Route) -> None:
        if read:
            route.continue_()
        else:
            read.append((route, route.fetch()))

    def hold_pieces(frame: Frame) -> list[Frame]:
        if frame["type"] == "token":
            held.append(frame)
            return []
        return [frame]

    page.evaluate(WATCH_ROWS)
    page.route(NEWEST_PAGE, read_early)
    if first == "page":
        meddler.to_page = hold_pieces
    # Another tab asks; this one is told to read the newest page while the answer comes.
    path = f"{server.url}/api/chat/sessions/{session_of(page)}/messages"
    before = lost_place(meddler, page)
    page.request.post(path, data={"content": "tokens=80 rate=50"}, headers={"Prefer": "respond-async"})
    expect(answers(page)).to_have_count(2)
    page.evaluate(WATCH_TEXTS)
    meddler.line.say(before)
    until(page, lambda: len(read) == 1, "the page to be read")
    if first == "page":
        until(page, lambda: len(held) > 20, "pieces")
    else:
        expect(shown(page)).to_contain_text("t20 ")
    route, response = read[0]
    route.fulfill(response=response)
    if first == "page":
        meddler.to_page = unchanged
        for frame in held:
            meddler.line.say(frame)
    expect_ended(page)
    assert text_of(page) == tokens(80)
    expect_no_token_ever_wrong(page, 80)
    expect_rows_in_order(page)
    expect(questions(page)).to_have_count(2)
    expect(answers(page)).to_have_count(2)


def lost_place(meddler: Meddler, page: Page) -> Frame:
    """A `subscribed` that sends the page to REST: an unasked one, as after an overtaking by trimming."""
    path = f"/api/chat/sessions/{session_of(page)}/messages?limit=1"
    found: dict[str, Any] = page.request.get(page.url.split("/chat/")[0] + path).json()
    where = {"session_id": session_of(page), "epoch": found["epoch"]}
    return {"type": "subscribed", **where, "seq": found["seq"], "end": found["seq"], "recovered": False}


@pytest.mark.promise(22)
def test_a_stopped_answer_stands_still_whatever_comes_late(server: Live, page: Page) -> None:
    meddler = Meddler.between(page)
    seen: list[Frame] = []
    held: list[Frame] = []

    def hold_the_end(frame: Frame) -> list[Frame]:
        if frame["type"] == "token":
            seen.append(frame)
        if frame["type"] in {"done", "stopped"}:
            held.append(frame)
            return []
        return [frame]

    meddler.to_page = hold_the_end
    page.goto(server.url)
    ask(page, "tokens=2000 rate=50")
    expect(shown(page)).to_contain_text("t20 ")
    page.evaluate(WATCH_TEXTS)
    page.get_by_test_id("stop").click()
    pressed = text_of(page)
    until(page, lambda: {frame["type"] for frame in held} == {"done", "stopped"}, "the server's word")
    expect(answer(page)).to_have_attribute("data-status", "streaming")
    assert text_of(page) == pressed
    for frame in held:
        meddler.line.say(frame)
    expect_ended(page, "cancelled")
    said = text_of(page)
    late = seen[-1]
    place = late["at"] + len(late["content"])
    seq = max(frame["seq"] for frame in held if frame["type"] == "done")
    for number in range(1, 4):
        meddler.line.say(late | {"content": "late ", "at": place, "from": seq + number, "seq": seq + number})
        meddler.line.say(late)
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert text_of(page) == said == tokens(len(said))
    texts: list[str] = page.evaluate("[...window.texts]")
    assert [text for text in texts if len(text.split()) > len(pressed)] in ([], [" ".join(said)])
    stored = page.request.get(
        f"{server.url}/api/chat/sessions/{session_of(page)}/messages/{held[0]['message_id']}"
    ).json()
    assert stored["status"] == "cancelled"
    assert stored["content"].split() == said
    expect(answer(page)).to_contain_text("You stopped this answer.")


@pytest.mark.promise(8)
def test_an_answer_that_breaks_keeps_its_part_and_a_retry_leaves_one_of_each(
    server: Live, page: Page
) -> None:
    page.goto(server.url)
    page.evaluate(WATCH_ROWS)
    ask(page, "tokens=60 rate=200 fail_at=40")
    expect_ended(page, "failed")
    assert text_of(page) == tokens(40)
    expect(page.get_by_test_id("message-error")).to_contain_text("Try again")
    first = str(answer(page).get_attribute("data-message-id"))
    answer(page).get_by_test_id("retry").click()
    expect(answer(page)).not_to_have_attribute("data-message-id", first)
    expect_ended(page, "failed")
    assert text_of(page) == tokens(40)
    expect(questions(page)).to_have_count(1)
    expect(answers(page)).to_have_count(1)
    expect_rows_in_order(page)
    page.reload()
    expect_ended(page, "failed")
    expect(page.locator("[data-message-id]")).to_have_count(2)
    assert text_of(page) == tokens(40)


# Notes in every frame whether a sign of typing is on the screen.
WATCH_TYPING = """() => {
    window.typing = [];
    const look = () => {
        const row = document.querySelector('[data-role="assistant"]');
        const sign = document.querySelector('[data-testid="typing"]') !== null;
        if (document.querySelector('[data-message-id]')) window.typing.push([sign, row?.dataset.status]);
        requestAnimationFrame(look);
    };
    look();
}"""


@pytest.mark.promise(2)
def test_the_sign_of_typing_stays_from_the_send_to_the_end_through_a_pause(server: Live, page: Page) -> None:
    page.goto(server.url)
    expect_badge(page, "Connected")
    page.evaluate(WATCH_TYPING)
    ask(page, "tokens=20 rate=40 first_delay=0.5 gap_at=10 gap=3")
    expect_ended(page)
    expect(page.get_by_test_id("typing")).to_have_count(0)
    frames: list[tuple[bool, str | None]] = page.evaluate("window.typing")
    running = [typing for typing, status in frames if status != "complete"]
    assert len(running) > 30
    assert all(running), f"no sign in {running.count(False)} of {len(running)} frames"
    assert not any(typing for typing, status in frames if status == "complete")
