"""The report in Markdown, for a terminal or a pull request."""

from collections.abc import Iterator

from loadtests.report import words
from loadtests.report.figures import GROWS, Figures
from loadtests.report.html import MOST_WORDS, cells, circumstances, tiles
from loadtests.report.story import Story


def document(story: Story, found: Figures) -> str:
    return "\n".join(
        [*_head(story, found), *_tiles(found), *_waits(found), *_violations(found), *_growth(found)]
    )


def _head(story: Story, found: Figures) -> Iterator[str]:
    load = story.load
    verdict = (
        "**Failed**: " + "; ".join(found.reasons)
        if found.reasons
        else "**Passed**: nothing lost, doubled or reordered"
    )
    yield f"# Load: {load['scenario']}\n\n{load['words']} {circumstances(story)}\n"
    yield f"{verdict}.\n"


def _tiles(found: Figures) -> Iterator[str]:
    yield "| | | |\n|---|--:|---|"
    for name, figure, below in tiles(found):
        yield f"| {name} | {figure} | {below} |"
    ends = ", ".join(f"{count:,} {status}" for status, count in sorted(found.ends.items()))
    yield f"\nAnswers ended: {ends or 'none'}.\n"


def _waits(found: Figures) -> Iterator[str]:
    yield "## What people waited for\n\n| | n | p50 | p95 | p99 | longest |\n|---|--:|--:|--:|--:|--:|"
    for name, times in [*found.waits.items(), ("lateness of a piece", found.lateness)]:
        if times.n:
            yield f"| {' | '.join([name, *cells(times)])} |"


def _violations(found: Figures) -> Iterator[str]:
    met = {kind: count for kind, count in found.violations.items() if count}
    yield f"\n## Violations\n\n{len(met)} of the {len(found.violations)} kinds that were looked for.\n"
    if met:
        yield "| kind | times |\n|---|--:|"
        yield from (f"| {kind} | {count:,} |" for kind, count in met.items())
        yield "\n" + "\n".join(f"- {each}" for each in found.words[:MOST_WORDS])


def _growth(found: Figures) -> Iterator[str]:
    if found.growth:
        yield "\n## Growth\n\nBy a straight line through all but the first fifth.\n"
        yield "| | an hour |\n|---|--:|"
        yield from (f"| {GROWS[name]} | {words.growth(grown)} |" for name, grown in found.growth.items())
    yield ""
