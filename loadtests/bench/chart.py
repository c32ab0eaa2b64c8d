"""Two rows of bars: how many clients each server keeps up with, and what its tokens cost."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from xml.sax.saxutils import escape

from loadtests.bench.figures import short
from loadtests.bench.peers import PEERS
from loadtests.bench.results import Results


@dataclass(frozen=True)
class Look:
    """Colours of the text, of what is said beside it, and of the bars: ours and the others'."""

    text: str
    muted: str
    ours: str
    others: str


LOOKS: Mapping[str, Look] = {
    "light": Look("#1f2328", "#59636e", "#0969da", "#afb8c1"),
    "dark": Look("#f0f6fc", "#9198a1", "#4493f8", "#484f58"),
}
SHOWN = ("steadychat", "langserve-tuned", "langserve", "naive", "chainlit")
PANELS = (
    ("Clients at 50 tokens/s", "more is better", "most", "clients"),
    ("CPU seconds for 100,000 tokens", "less is better", "burst", "cpu_s_per_100k"),
)
WIDTH, HEAD, ROW, BAR, GAP = 760, 34, 26, 16, 22
LABELS, ROOM = 170, 80
"""Pixels for the names at the left and the figures at the right."""


def chart(results: Results, look: str) -> str:
    """An SVG without script or fonts of its own; servers that were not measured are left out."""
    colours, top, parts = LOOKS[look], 0, list[str]()
    for title, better, measure, figure in PANELS:
        known = {name: results.figure(name, measure, figure) for name in SHOWN}
        bars = {name: value for name, value in known.items() if value is not None}
        parts += _panel(title, better, bars, colours, top)
        top += HEAD + ROW * len(bars) + GAP
    size = f'width="{WIDTH}" height="{top}" viewBox="0 0 {WIDTH} {top}"'
    font = 'font-family="system-ui, sans-serif" font-size="13"'
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" {size} {font}>', *parts, "</svg>\n"])


def _panel(title: str, better: str, bars: Mapping[str, float], look: Look, top: int) -> Iterator[str]:
    heading = f'{escape(title)} <tspan font-weight="400" fill="{look.muted}">· {better}</tspan>'
    yield f'<text x="0" y="{top + 18}" font-weight="600" fill="{look.text}">{heading}</text>'
    longest = max(bars.values(), default=1)
    for number, (name, value) in enumerate(bars.items()):
        middle = top + HEAD + ROW * number + ROW // 2
        yield from _bar(PEERS[name].name, value, value / longest, middle, look, ours=name == SHOWN[0])


def _bar(name: str, value: float, share: float, middle: int, look: Look, *, ours: bool) -> Iterator[str]:
    width = max(2, round((WIDTH - LABELS - ROOM) * share))
    colour = look.ours if ours else look.others
    words = f'y="{middle + 5}" fill="{look.text}"' + (' font-weight="600"' if ours else "")
    place = f'x="{LABELS}" y="{middle - BAR // 2}" width="{width}" height="{BAR}"'
    yield f'<text x="{LABELS - 10}" text-anchor="end" {words}>{escape(name)}</text>'
    yield f'<rect {place} rx="3" fill="{colour}"/>'
    said = f"{value:,.0f}" if value.is_integer() else short(value)
    yield f'<text x="{LABELS + width + 8}" {words}>{said}</text>'
