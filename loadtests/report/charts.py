"""The pictures of a load: what people felt, and when it was interrupted."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise

from loadtests.histogram import Histogram
from loadtests.report import words
from loadtests.report.figures import Times
from loadtests.report.story import Line, Story
from loadtests.report.svg import Plot, Point, Scale, across, nice, up, up_by_tens

BUCKETS = 60
FLOOR_S = 0.001
MOST_DOTS = 3000
MOST_TICKS = 8
CLOCK_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800)
TEN = 10  # 1,024 ms are a second here
Legend = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Chart:
    """`legend` names colours; `words` say what is seen."""

    title: str
    words: str
    svg: str
    legend: Legend = ()


def first_token(story: Story) -> Chart | None:
    waits = list(story.times("first token"))
    if not waits:
        return None
    plot = over_time(story, [took for _, took in waits], "Time to the first token")
    plot.dots(waits[:: 1 + len(waits) // MOST_DOTS], "c1 faint")
    for percent, colour in ((50, "c1"), (95, "c2")):
        plot.line(_percentile(story, waits, percent), colour, bucket_s(story) * 5)
    text = "From sending a question until something of its answer is there; each dot is an answer."
    legend = (("c1", "half of the answers are faster"), ("c2", "95 % are faster"))
    return Chart("Time to the first token", text, plot.text(), legend)


def lateness(story: Story) -> Chart | None:
    buckets: dict[int, Histogram] = defaultdict(Histogram)
    width = bucket_s(story)
    for at, each in story.lateness():
        if each:
            buckets[int(at / width)].merge(each)
    if not buckets:
        return None
    lines = {
        percent: [
            (_middle(number, width, story), each.percentile(percent) or 0)
            for number, each in sorted(buckets.items())
        ]
        for percent in (50, 99)
    }
    plot = over_time(story, [value for points in lines.values() for _, value in points], "Lateness of tokens")
    for percent, colour in ((50, "c1"), (99, "c2")):
        plot.line(lines[percent], colour, width * 5)
    text = (
        "How much later each piece was shown than the chain said it. What was missed comes as one piece, and "
        "is as late as the oldest word in it."
    )
    return Chart("Lateness of tokens", text, plot.text(), (("c1", "p50"), ("c2", "p99")))


def resumes(story: Story) -> Chart | None:
    recoveries = list(story.recoveries())
    if not recoveries:
        return None
    kinds = (("c1", "from_connect_s", "from the connect"), ("c2", "from_cut_s", "from the cut"))
    bins = {name: _octaves(each[name] for each in recoveries) for _, name, _ in kinds}
    numbers = sorted(set().union(*bins.values()))
    first, last = numbers[0], numbers[-1] + 1
    x, y = across(0, last - first), up(max(max(each.values()) for each in bins.values()))
    every = 1 if last - first <= MOST_TICKS else 2
    x = replace(x, ticks=tuple(range(0, last - first + 1, every)))
    plot = Plot(x, y, lambda tick: _octave(first + round(tick)), words.number, "Resume times")
    for place, (colour, name, label) in enumerate(kinds):
        for number, count in bins[name].items():
            left = number - first + 0.06 + place * 0.44
            shown = f"{count} {label}: {_octave(number)} to {_octave(number + 1)}"
            plot.bar(left, left + 0.46, 0, count, colour, shown)
    text = (
        "How long it took until nothing was missing any more: from the connect, which is the server's part, "
        "and from the cut as the client noticed it, with the back-off in between. A change of network counts."
    )
    return Chart("Coming back", text, plot.text(), tuple((colour, label) for colour, _, label in kinds))


def answers(story: Story) -> Chart | None:
    width = bucket_s(story)
    ends: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for line in story.seconds:
        for status, count in line["ends"].items():
            ends[int(line["at"] / width)][status] += count
    if not ends:
        return None
    highest = max(sum(each.values()) for each in ends.values()) / width
    plot = Plot(span(story), up(highest), words.clock, words.number, "Answers a second")
    mark_weather(plot, story)
    colours = {"complete": "c1", "cancelled": "c3", "interrupted": "c2", "failed": "c4"}
    for number, statuses in ends.items():
        low = 0.0
        for status, colour in colours.items():
            high = low + statuses[status] / width
            start, end = number * width, min((number + 1) * width, story.lasted_s)
            if high > low:
                plot.bar(start, end, low, high, colour, f"{statuses[status]} {status}")
            low = high
    there = {status for each in ends.values() for status, count in each.items() if count}
    legend = tuple((colour, status) for status, colour in colours.items() if status in there)
    return Chart(
        "Answers a second",
        "By how they ended; each was compared with what the chain said.",
        plot.text(),
        legend,
    )


def cuts(story: Story) -> Chart | None:
    samples = story.sampled("cuts")
    if not samples or not samples[-1][1]:
        return None
    width = bucket_s(story)
    found: dict[int, float] = defaultdict(float)
    for (_, before), (at, after) in pairwise(samples):
        found[int(at / width)] += after - before
    highest = max(found.values(), default=0) / width
    plot = Plot(span(story), up(highest), words.clock, words.number, "Connections cut a second")
    for number, count in found.items():
        if count:
            start, end = number * width, min((number + 1) * width, story.lasted_s)
            plot.bar(start, end, 0, count / width, "c2", f"{count:.0f} cuts")
    return Chart("Connections cut a second", "What the fault proxy did to the network.", plot.text())


def over_time(story: Story, times_s: Iterable[float], label: str) -> Plot:
    """A plot of times over time, from a millisecond on by powers of ten, with the weather in it."""
    found = [max(FLOOR_S, each) for each in times_s]
    plot = Plot(span(story), up_by_tens(min(found), max(found)), words.clock, words.tick, label)
    mark_weather(plot, story)
    return plot


def span(story: Story) -> Scale:
    """All of the time, with ticks where a clock has them."""
    least = story.lasted_s / MOST_TICKS
    return across(0, story.lasted_s, next((step for step in CLOCK_S if step >= least), CLOCK_S[-1]))


def mark_weather(plot: Plot, story: Story) -> None:
    inside: Line | None = None
    for deed in story.weather:
        if deed["kind"] == "Enter":
            inside = deed
        elif deed["kind"] == "Leave" and inside is not None:
            plot.mark(inside["at"], deed["at"], "a tunnel: nothing passed")
        elif deed["kind"] in {"CutAll", "Restart"}:
            plot.mark(deed["at"], deed["until"], deed["words"])


def bucket_s(story: Story) -> float:
    return max(1.0, nice(max(1.0, story.lasted_s) / BUCKETS))


def _middle(number: int, width: float, story: Story) -> float:
    return min((number + 0.5) * width, story.lasted_s)


def _percentile(story: Story, waits: Iterable[Point], percent: int) -> list[Point]:
    width = bucket_s(story) * 2
    buckets: dict[int, list[float]] = defaultdict(list)
    for at, took in waits:
        buckets[int(at / width)].append(took)
    names = {50: "p50", 95: "p95"}
    return [
        (_middle(number, width, story), getattr(Times.of(each), names[percent]))
        for number, each in sorted(buckets.items())
    ]


def _octaves(times_s: Iterable[float]) -> dict[int, int]:
    """Count times by the power of two, in milliseconds, that they reach."""
    found: dict[int, int] = defaultdict(int)
    for each in times_s:
        found[max(0, int(each * 1000).bit_length() - 1)] += 1
    return found


def _octave(number: int) -> str:
    """Where one begins: 512 ms, 1 s, 2 s."""
    return f"{2**number} ms" if number < TEN else f"{2 ** (number - TEN)} s"
