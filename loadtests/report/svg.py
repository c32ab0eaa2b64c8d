"""Plots as SVG text. Colours are CSS variables, so that one picture serves light and dark."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

WIDTH, HEIGHT = 720, 250
LEFT, RIGHT, TOP, BOTTOM = 58, 14, 12, 30
INSTANT = 2.0  # pixels: narrower than that nothing is seen
Point = tuple[float, float]
Show = Callable[[float], str]


@dataclass(frozen=True)
class Scale:
    """From values to pixels; `ticks` are values."""

    low: float
    high: float
    start: float
    end: float
    ticks: tuple[float, ...]
    logarithmic: bool = False

    def __call__(self, value: float) -> float:
        low, high, value = self.low, self.high, min(max(value, self.low), self.high)
        if self.logarithmic:
            low, high, value = math.log(low), math.log(high), math.log(value)
        return round(self.start + (value - low) / (high - low) * (self.end - self.start), 1)


def linear(low: float, high: float, start: float, end: float, *, most: int = 6) -> Scale:
    """A scale from `low` to a round number not below `high`."""
    step = nice((high - low) / (most - 1) or 1)
    count = max(1, math.ceil(round((high - low) / step, 6)))
    return Scale(low, low + count * step, start, end, tuple(low + step * each for each in range(count + 1)))


def logarithmic(low: float, high: float, start: float, end: float) -> Scale:
    """A scale over whole powers of ten."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    last = max(last, first + 1)
    ticks = tuple(10.0**power for power in range(first, last + 1))
    return Scale(ticks[0], ticks[-1], start, end, ticks, logarithmic=True)


def nice(step: float) -> float:
    """The next of 1, 2, 5, 10, 20, 50 … not below `step`."""
    power: float = 10.0 ** math.floor(math.log10(step))
    return next(power * each for each in (1, 2, 5, 10) if power * each >= step * 0.999)


class Plot:
    """Build with `x` and `y` scales, add layers, then `text()`."""

    def __init__(self, x: Scale, y: Scale, show_x: Show, show_y: Show, label: str) -> None:
        self.x, self.y = x, y
        self._label = label
        self._parts = [*self._grid(show_y), *self._axis(show_x)]

    def line(self, points: Sequence[Point], colour: str, longest: float) -> None:
        """A line through points, broken where `longest` passed without one; single ones are dots."""
        ends = [
            place
            for place, (before, after) in enumerate(pairwise(points), 1)
            if after[0] - before[0] > longest
        ]
        for start, end in pairwise([0, *ends, len(points)]):
            self._unbroken(points[start:end], colour)

    def _unbroken(self, points: Sequence[Point], colour: str) -> None:
        if len(points) == 1:
            self.dots(points, colour)
        path = " ".join(f"{self.x(at)},{self.y(value)}" for at, value in points)
        self._parts.append(f'<polyline class="line {colour}" points="{path}"/>')

    def dots(self, points: Iterable[Point], colour: str) -> None:
        for at, value in points:
            self._parts.append(
                f'<circle class="dot {colour}" cx="{self.x(at)}" cy="{self.y(value)}" r="2.5"/>'
            )

    def bar(self, start: float, end: float, low: float, high: float, colour: str, words: str) -> None:
        """A bar from `low` to `high`, over the values from `start` to `end` of x."""
        left, right = self.x(start), self.x(end)
        top, bottom = self.y(high), self.y(low)
        wide = max(0.5, right - left - min(2.0, (right - left) / 4))
        box = f'x="{left:.1f}" y="{top:.1f}" width="{wide:.1f}" height="{bottom - top:.1f}"'
        self._parts.append(f'<rect class="bar {colour}" {box}><title>{escape(words)}</title></rect>')

    def mark(self, at: float, until: float, words: str) -> None:
        """Something that happened: a line, or a band if it took a while. It goes behind everything."""
        left, wide = self.x(at), self.x(until) - self.x(at)
        kind = "mark" if wide > INSTANT else "mark instant"
        box = f'x="{left}" y="{TOP}" width="{max(INSTANT, wide):.1f}" height="{HEIGHT - TOP - BOTTOM}"'
        self._parts.insert(0, f'<rect class="{kind}" {box}><title>{escape(words)}</title></rect>')

    def text(self) -> str:
        inside = "\n".join(self._parts)
        head = (
            f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(self._label, quote=True)}">'
        )
        return f"{head}\n{inside}\n</svg>"

    def _grid(self, show: Show) -> Iterable[str]:
        for tick in self.y.ticks:
            y = self.y(tick)
            yield f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>'
            place = f'x="{LEFT - 8}" y="{y + 4}"'
            yield f'<text class="tick" {place} text-anchor="end">{escape(show(tick))}</text>'

    def _axis(self, show: Show) -> Iterable[str]:
        for number, tick in enumerate(self.x.ticks):
            place = f'x="{self.x(tick)}" y="{HEIGHT - 8}"'
            kind = "tick x odd" if number % 2 else "tick x"  # odd ones are hidden where it is narrow
            yield f'<text class="{kind}" {place} text-anchor="middle">{escape(show(tick))}</text>'


def across(low: float, high: float, step: float | None = None) -> Scale:
    """A horizontal scale over exactly these values, with ticks so far apart."""
    step = step or nice((high - low) / 8 or 1)
    ticks = tuple(low + step * each for each in range(int((high - low) / step + 1e-6) + 1))
    return Scale(low, high, LEFT, WIDTH - RIGHT, ticks)


def up(high: float) -> Scale:
    return linear(0, high or 1, HEIGHT - BOTTOM, TOP)


def up_by_tens(low: float, high: float) -> Scale:
    return logarithmic(low, high, HEIGHT - BOTTOM, TOP)
