"""Writes the report of a folder, and says in short what it found."""

import json
from pathlib import Path

from loadtests.report import words
from loadtests.report.figures import Figures, figures
from loadtests.report.html import page, tiles
from loadtests.report.markdown import document
from loadtests.report.story import Story


def write_report(folder: Path) -> int:
    """Write `result.json`, `report.md` and `report.html`; return 0 if all was well, else 1."""
    story = Story.read(folder)
    found = figures(story)
    (folder / "result.json").write_text(json.dumps(story.load | found.json(), indent=1) + "\n")
    (folder / "report.md").write_text(document(story, found))
    (folder / "report.html").write_text(page(story, found))
    _summarise(story, found, folder)
    return 1 if found.reasons else 0


def _summarise(story: Story, found: Figures, folder: Path) -> None:
    print(f"\n{story.load['scenario']}, {words.seconds(story.lasted_s)}")
    for name, figure, below in tiles(found):
        print(f"  {name:18}{figure:>9}  {below}")
    for each in found.words[:5]:
        print(f"  ✗ {each}")
    print(f"{'FAILED: ' + '; '.join(found.reasons) if found.reasons else 'Passed'}\n{folder / 'report.html'}")
