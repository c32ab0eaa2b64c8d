"""The server's pictures of a load in one file, for a page that cannot hold a report.

`python -m loadtests.report.picture var/load/soak-… docs/pictures/soak` writes `soak-light.svg` and
`soak-dark.svg` there: what the server held over the time of that load.
"""

import re
import sys
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from loadtests.report.charts import Chart
from loadtests.report.server_charts import server_charts
from loadtests.report.story import Story
from loadtests.report.svg import HEIGHT, LEFT, WIDTH

LOOKS = ("light", "dark")
HEAD, GAP, KEY, MARGIN = 44, 20, 12, 20
STYLE = Path(__file__).with_name("style.css")
OWN = (
    ".title { fill: var(--text); font-weight: 600; }",
    ".note { fill: var(--muted); }",
    ".key { fill: var(--c); }",
)
_EITHER = re.compile(r"light-dark\((\S+), (\S+)\)")
_VARIABLES = re.compile(r"--\S+: .*;")
_DRAWN = re.compile(r"^\.(?:c1|grid|tick|line|dot|bar|mark)\b.*$", re.MULTILINE)


def main(arguments: Sequence[str]) -> int:
    if len(arguments) != len(("the folder of a load", "the picture's name")):
        print(__doc__)
        return 2
    story, target = Story.read(Path(arguments[0])), Path(arguments[1])
    for look in LOOKS:
        target.with_name(f"{target.name}-{look}.svg").write_text(picture(server_charts(story), look))
    return 0


def picture(charts: Sequence[Chart], look: str) -> str:
    """An SVG with one chart below the other, and with the colours of this look in it."""
    step = HEAD + HEIGHT + GAP
    parts = [part for number, chart in enumerate(charts) for part in _placed(chart, number * step)]
    wide, high = WIDTH + 2 * MARGIN, step * len(charts)
    size = f'width="{wide}" height="{high}" viewBox="{-MARGIN} 0 {wide} {high}"'
    font = 'font-family="system-ui, sans-serif" font-size="13"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} {font}>\n<style>{style(look)}</style>'
    return "\n".join([head, *parts, "</svg>\n"])


def style(look: str) -> str:
    """Of the report's style what its charts need."""
    source = _EITHER.sub(lambda either: either[1 + LOOKS.index(look)], STYLE.read_text())
    variables = " ".join(_VARIABLES.findall(source.partition("}")[0]))
    return "\n".join([f":root {{ {variables} }}", *_DRAWN.findall(source), *OWN])


def _placed(chart: Chart, top: int) -> Iterator[str]:
    yield f'<text class="title" x="{LEFT}" y="{top + 16}">{escape(chart.title)}</text>'
    x = LEFT
    if not chart.legend:
        yield f'<text class="note" x="{x}" y="{top + 35}">{escape(chart.words)}</text>'
    for colour, name in chart.legend:
        yield f'<rect class="key {colour}" x="{x}" y="{top + 25}" width="{KEY}" height="{KEY}" rx="3"/>'
        yield f'<text class="note" x="{x + KEY + 6}" y="{top + 35}">{escape(name)}</text>'
        x += KEY + 6 + 8 * len(name) + 16
    place = f'y="{top + HEAD}" width="{WIDTH}" height="{HEIGHT}" overflow="visible"'
    yield chart.svg.replace("<svg ", f"<svg {place} ", 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
