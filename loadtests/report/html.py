"""The report as one page that needs nothing else."""

import time
from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path

from loadtests.report import words
from loadtests.report.charts import Chart
from loadtests.report.figures import GROWS, Figures, Times
from loadtests.report.gallery import charts
from loadtests.report.story import Story

STYLE = Path(__file__).with_name("style.css")
MOST_WORDS = 20
MOST_WEATHER = 12


def page(story: Story, found: Figures) -> str:
    scenario = escape(story.load["scenario"])
    return "\n".join(
        [
            f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Load: {scenario}</title>',
            '<meta name="viewport" content="width=device-width">',
            f"<style>\n{STYLE.read_text()}</style></head><body><main>",
            *_head(story, found),
            *_tiles(found),
            '<div class="charts">',
            *map(_chart, charts(story)),
            "</div>",
            *_waits(found),
            *_growth(found),
            *_violations(found),
            *_weather(story),
            "</main></body></html>\n",
        ]
    )


def _head(story: Story, found: Figures) -> Iterator[str]:
    load = story.load
    verdict = (
        "Failed: " + "; ".join(found.reasons)
        if found.reasons
        else "Passed: nothing lost, doubled or reordered"
    )
    yield f"<h1>{escape(load['scenario'].capitalize())}</h1>"
    yield f"<p class='lead'>{escape(load['words'])}</p><p class='when'>{escape(circumstances(story))}</p>"
    yield f"<p class='verdict {'bad' if found.reasons else 'good'}'>{escape(verdict)}</p>"


def circumstances(story: Story) -> str:
    """Say who came, for how long and when."""
    load = story.load
    people = "People as the web UI said" if load["ui"] else f"{load['users']} people"
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(story.began))
    return f"{people}, {words.seconds(story.lasted_s)} until the last of them had left, {when}."


def tiles(found: Figures) -> list[tuple[str, str, str]]:
    """The figures that matter most: a name, the figure, what stands below it."""
    first, resume = found.waits["first token"], found.waits["resume from the connect"]
    return [
        ("answers verified", f"{found.confirmed:,}", f"{found.characters:,} characters"),
        ("violations", f"{sum(found.violations.values()):,}", f"of {len(found.violations)} kinds"),
        ("runs of the chain", *_runs(found)),
        ("first token", words.seconds(first.p50), _within(95, first.p95)),
        ("lateness", words.seconds(found.lateness.p50), _within(99, found.lateness.p99)),
        ("connections cut", f"{found.cuts:,}", _interruptions(found)),
        ("resume", words.seconds(resume.p50), _within(95, resume.p95)),
        ("recovered", f"{found.recovered_pieces:,}", f"pieces, {found.recovered_characters:,} characters"),
    ]


def _runs(found: Figures) -> tuple[str, str]:
    if found.runs is None:
        return "-", f"not counted, without a record of the chain; {found.accepted:,} accepted sends"
    return f"{found.runs:,}", f"for {found.accepted:,} accepted sends"


def _within(percent: int, seconds: float | None) -> str:
    return "there was none" if seconds is None else f"{percent} % within {words.seconds(seconds)}"


def _interruptions(found: Figures) -> str:
    restarts = f"{found.restarts} restarts of the server, " if found.restarts else ""
    return f"{restarts}WebSockets dialled {found.connections:,} times"


def _tiles(found: Figures) -> Iterator[str]:
    yield '<div class="tiles">'
    for name, figure, below in tiles(found):
        parts = f"<dt>{escape(name)}</dt><dd>{escape(figure)}</dd><p>{escape(below)}</p>"
        yield f'<dl class="tile">{parts}</dl>'
    yield "</div>"


def _chart(chart: Chart) -> str:
    legend = "".join(f'<span class="key {colour}">{escape(label)}</span>' for colour, label in chart.legend)
    head = f"<h2>{escape(chart.title)}</h2><p>{escape(chart.words)}</p>"
    return f'<figure class="card">{head}<div class="legend">{legend}</div>{chart.svg}</figure>'


def _waits(found: Figures) -> Iterator[str]:
    yield '<section class="card"><h2>What people waited for</h2><div class="scroll"><table class="waits">'
    yield _row(["", "n", "p50", "p95", "p99", "longest"], "th")
    for name, times in [*found.waits.items(), ("lateness of a piece", found.lateness)]:
        if times.n:
            yield _row([name, *cells(times)])
    yield "</table></div></section>"


def cells(times: Times) -> list[str]:
    return [f"{times.n:,}", *map(words.seconds, (times.p50, times.p95, times.p99, times.most))]


def _growth(found: Figures) -> Iterator[str]:
    if found.growth:
        yield '<section class="card"><h2>Growth in an hour</h2>'
        yield "<p>By a straight line through all but the first fifth of the time.</p><table>"
        yield from (_row([GROWS[name], words.growth(grown)]) for name, grown in found.growth.items())
        yield "</table></section>"


def _violations(found: Figures) -> Iterator[str]:
    yield '<section class="card"><h2>What a correct server never does</h2>'
    yield "<p>Each kind must be 0.</p><div class='scroll'><table>"
    for kind, count in found.violations.items():
        if count:
            yield _row([kind, f"{count:,}"], mark="bad")
    yield "</table></div>"
    never = [kind for kind, count in found.violations.items() if not count]
    yield f"<details><summary>{len(never)} kinds that were looked for and not met</summary><table>"
    yield from (_row([kind, "0"]) for kind in never)
    yield "</table></details>"
    if found.words:
        lines = "".join(f"<li>{escape(each)}</li>" for each in found.words[:MOST_WORDS])
        yield f"<details open><summary>The first of them</summary><ol>{lines}</ol></details>"
    yield "</section>"


def _weather(story: Story) -> Iterator[str]:
    if not story.weather:
        return
    yield '<section class="card"><h2>The weather</h2>'
    yield f"<details{'' if len(story.weather) > MOST_WEATHER else ' open'}>"
    yield "<summary>What was done, and when</summary>"
    yield '<div class="scroll"><table class="weather">'
    for deed in story.weather:
        took = deed["until"] - deed["at"]
        yield _row([words.clock(deed["at"]), deed["words"], words.seconds(took) if took >= 0.1 else ""])  # noqa: PLR2004
    yield "</table></div></details></section>"


def _row(cells: Iterable[str], tag: str = "td", mark: str = "") -> str:
    inside = "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells)
    return f'<tr class="{mark}">{inside}</tr>'
