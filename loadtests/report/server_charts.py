"""The pictures of the server: what it holds, and what it keeps holding."""

from collections.abc import Sequence
from itertools import pairwise

from loadtests.report import words
from loadtests.report.charts import Chart, Legend, mark_weather, span
from loadtests.report.story import Story
from loadtests.report.svg import Plot, Point, Show, up

GAP = 2.5  # samples: after so many without a figure the server was away


def server_charts(story: Story) -> list[Chart]:
    found = [
        _people(story),
        _figures(story, "Memory", "Resident memory of the server.", ["memory_bytes"], words.size),
        _figures(
            story,
            "Descriptors and tasks",
            "Open files and sockets, and tasks of the event loop: they come and go with people.",
            ["descriptors", "tasks"],
            words.number,
        ),
        _figures(story, "Database", "The file and its write-ahead log.", ["database_bytes"], words.size),
        _processor(story),
    ]
    return [chart for chart in found if chart is not None]


def _figures(story: Story, title: str, text: str, names: Sequence[str], show: Show) -> Chart | None:
    lines = [(name, story.sampled(name)) for name in names]
    return _chart(story, title, text, [(name, points) for name, points in lines if points], show)


def _chart(
    story: Story, title: str, text: str, lines: list[tuple[str, list[Point]]], show: Show
) -> Chart | None:
    if not lines:
        return None
    highest = max(value for _, points in lines for _, value in points)
    plot = Plot(span(story), up(highest), words.clock, show, title)
    mark_weather(plot, story)
    for number, (_, points) in enumerate(lines, 1):
        plot.line(points, f"c{number}", story.sample_s * GAP)
    legend: Legend = tuple((f"c{number}", name) for number, (name, _) in enumerate(lines, 1))
    return Chart(title, text, plot.text(), legend if len(lines) > 1 else ())


def _people(story: Story) -> Chart | None:
    lines = [
        ("people", [(line["at"], float(line["users"])) for line in story.seconds]),
        ("WebSockets open", story.sampled("sockets")),
        ("answers being written", story.sampled("generations")),
    ]
    text = "Who is there, by Locust and by the server; in the end people see open answers through."
    return _chart(story, "People", text, [line for line in lines if line[1]], words.number)


def _processor(story: Story) -> Chart | None:
    """Seconds of the processor in a second; a process that was restarted begins at 0 again."""
    samples = story.sampled("cpu_s")
    pairs = pairwise(samples)
    points = [
        (after, 100 * (used - before) / (after - at))
        for (at, before), (after, used) in pairs
        if used >= before
    ]
    lines = [("processor", points)] if points else []
    return _chart(story, "Processor", "Of one core.", lines, words.percent)
