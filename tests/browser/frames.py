"""What a page does from one animation frame to the next, noted by the page itself."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Self

from playwright.sync_api import Page

FRAME_MS = 1000 / 60

# Frames, key strokes until they are painted, and pieces of answers until they are on the screen.
RECORDER = """() => {
    const kept = window.recorded = {frames: [], keys: [], late: []};
    const arrived = [];
    const look = now => {
        kept.frames.push(now);
        const said = lastWord();
        while (arrived.length && arrived[0].word <= said) {
            kept.late.push(performance.now() - arrived.shift().at);
        }
        requestAnimationFrame(look);
    };
    const lastWord = () => {
        const texts = document.querySelectorAll('[data-role="assistant"] [data-testid="message-text"]');
        let node = texts[texts.length - 1];
        while (node?.lastChild) node = node.lastChild;
        return Number(/w(\\d+)\\s*$/.exec(node?.textContent ?? '')?.[1] ?? -1);
    };
    window.arrive = text => {
        const word = /w(\\d+) $/.exec(text);
        if (word) arrived.push({word: Number(word[1]), at: performance.now()});
    };
    new PerformanceObserver(list => {
        for (const entry of list.getEntries()) if (entry.name === 'keydown') kept.keys.push(entry.duration);
    }).observe({type: 'event', durationThreshold: 16});
    requestAnimationFrame(look);
}"""
# Before the page's own code: tells the recorder when a piece came in.
LISTEN = """() => {
    const real = window.WebSocket;
    window.WebSocket = class extends real {
        constructor(...given) {
            super(...given);
            this.addEventListener('message', event => {
                const frame = JSON.parse(event.data);
                if (frame.type === 'token') window.arrive?.(frame.content);
            });
        }
    };
}"""
# Twenty milliseconds of work for each row that is drawn or changed: what the measures have to notice.
PLANTED = """() => {
    const work = () => { const end = performance.now() + 20; while (performance.now() < end); };
    new MutationObserver(changes => {
        const rows = new Set();
        for (const {target, addedNodes} of changes) {
            for (const node of [target, ...addedNodes]) {
                const element = node.nodeType === 1 ? node : node.parentElement;
                const around = element?.closest('article');
                if (around) rows.add(around);
                for (const row of element?.querySelectorAll('article') ?? []) rows.add(row);
            }
        }
        for (const _ of rows) work();
    }).observe(document, {childList: true, subtree: true, characterData: true});
}"""
# Where a row stands on the screen in each frame from now on; NaN while it is not there.
FOLLOW = """id => {
    const tops = window.tops = [];
    const look = () => {
        const row = document.querySelector(`[data-message-id="${id}"]`);
        if (tops !== window.tops) return;
        tops.push(row ? row.getBoundingClientRect().top : NaN);
        requestAnimationFrame(look);
    };
    look();
}"""


@dataclass(frozen=True)
class Frames:
    """Milliseconds: between frames, from a key to the next paint, from a piece's arrival to the screen."""

    apart: list[float]
    keys: list[float]
    late: list[float]

    @classmethod
    def taken(cls, page: Page, for_ms: int, keys: int = 0) -> Self:
        """Records for so long, meanwhile so many keys are pressed in the composer."""
        page.evaluate(RECORDER)
        if keys:
            page.get_by_test_id("composer-input").focus()
        for _ in range(keys):
            page.keyboard.press("x")
            page.wait_for_timeout(for_ms / keys)
        if not keys:
            page.wait_for_timeout(for_ms)
        found = page.evaluate("window.recorded")
        frames: list[float] = found["frames"]
        quick = [FRAME_MS] * (keys - len(found["keys"]))  # the browser tells only of those over 16 ms
        return cls(
            [after - before for before, after in pairwise(frames)],
            quick + found["keys"],
            found["late"],
        )

    @property
    def dropped(self) -> float:
        """The share of frames that should have been and were not."""
        missed = sum(max(0, round(gap / FRAME_MS) - 1) for gap in self.apart)
        return missed / (missed + len(self.apart))

    @property
    def longest(self) -> float:
        return max(self.apart)


def p95(values: list[float]) -> float:
    return sorted(values)[int(0.95 * (len(values) - 1))]
