"""Every promise of the page has a test in a browser that carries its number."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
LIST = ROOT / "frontend" / "ACCEPTANCE.md"
TESTS = ROOT / "tests" / "browser"

ROW = re.compile(r"^\| (\d+) \| ", re.MULTILINE)
MARK = re.compile(r"pytest\.mark\.promise\(([\d, ]+)\)")


def test_each_promise_of_the_page_is_kept_by_a_test_and_each_mark_names_one() -> None:
    promised = [int(number) for number in ROW.findall(LIST.read_text("utf-8"))]
    marks = [mark for file in TESTS.glob("test_*.py") for mark in MARK.findall(file.read_text("utf-8"))]
    marked = {int(number) for mark in marks for number in mark.split(",")}
    assert promised == list(range(1, 46))
    assert marked == set(promised), f"without a test: {sorted(set(promised) - marked)}"
