"""The guide says what the code does, in passages that can be found and quoted."""

import re
from pathlib import Path
from typing import Any, get_args

import pytest

from api.core.errors import TABLE, Code
from api.settings import Settings
from api.wire.frames import ClientFrame, ServerFrame

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs" / "guide").glob("*.md"))
TEXTS = [*PAGES, ROOT / "README.md"]
SHORTEST, LONGEST = 25, 190  # words of prose in a section
SECTION = re.compile(r"^## (.+?)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
NO_PROSE = re.compile(
    r"```.*?```|^\|.*$|<!-- settings:begin -->.*<!-- settings:end -->", re.MULTILINE | re.DOTALL
)


def section(page: str, heading: str) -> str:
    return str(dict(SECTION.findall((ROOT / "docs" / "guide" / page).read_text()))[heading])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_has_one_title_and_sections_that_stand_alone(page: Path) -> None:
    text = page.read_text()
    assert re.match(r"# \S", text)
    assert len(re.findall(r"^# ", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)) == 1
    for heading, body in SECTION.findall(text):
        words = len(NO_PROSE.sub("", body).split())
        is_table = "|---" in body or "<!-- settings:begin -->" in body
        assert is_table or SHORTEST <= words <= LONGEST, f"{heading}: {words} words"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_no_page_holds_what_looks_like_a_citation(page: Path) -> None:
    assert not re.search(r"\[\d+\]", page.read_text()), "quoted in an answer, it would name a wrong source"


def test_the_table_of_errors_is_the_codes() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\S+) \|", section("errors.md", "Table of codes"), re.MULTILINE)
    assert dict(rows) == {code.value: str(TABLE[code].http or "-") for code in Code}


def test_every_setting_that_is_named_exists() -> None:
    named = {name for page in TEXTS for name in re.findall(r"STEADYCHAT_([A-Z_]+[A-Z])", page.read_text())}
    assert named - {"EVAL_DIR"} <= {name.upper() for name in Settings.model_fields}


def frame_types(union: Any) -> set[str]:  # Any: an annotated union has no type of its own
    return {model.model_fields["type"].annotation.__args__[0] for model in get_args(get_args(union)[0])}


@pytest.mark.parametrize(
    ("heading", "union"),
    [("Frames from client to server", ClientFrame), ("Frames from server to client", ServerFrame)],
)
def test_the_protocol_page_names_every_frame(heading: str, union: Any) -> None:  # Any: as above
    named = set(re.findall(r"`(\w+)`", section("websocket-protocol.md", heading)))
    assert frame_types(union) <= named
