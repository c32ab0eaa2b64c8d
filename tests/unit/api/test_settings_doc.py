from pathlib import Path

import pytest

from api.settings import Settings
from api.settings_doc import BEGIN, END, main, table


@pytest.fixture
def page(tmp_path: Path) -> Path:
    file = tmp_path / "settings.md"
    file.write_text(f"# Settings\n\n{BEGIN}\nan outdated row\n{END}\n\nBelow.\n")
    return file


def test_every_setting_is_in_the_table_with_its_meaning(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    rows = capsys.readouterr().out.splitlines()[2:]
    assert len(rows) == len(Settings.model_fields)
    for row, (name, field) in zip(rows, Settings.model_fields.items(), strict=True):
        assert row.startswith(f"| `STEADYCHAT_{name.upper()}` | ")
        assert field.description
        assert not row.endswith("|  |")


def test_defaults_are_as_one_writes_them() -> None:
    rows = table().splitlines()
    assert "| `STEADYCHAT_PORT` | `8000` | The port to listen on; 0 takes any free one. |" in rows
    assert any(row.startswith("| `STEADYCHAT_DATA_DIR` | `var` | ") for row in rows)
    assert any(row.startswith("| `STEADYCHAT_SECRET` |  | ") for row in rows)


def test_the_environment_does_not_change_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    before = table()
    monkeypatch.setenv("STEADYCHAT_PORT", "9000")
    assert table() == before


def test_writing_keeps_what_stands_around_the_table(page: Path) -> None:
    assert main(["--write", str(page)]) == 0
    text = page.read_text()
    assert text.startswith(f"# Settings\n\n{BEGIN}\n| Variable ")
    assert text.endswith(f" |\n{END}\n\nBelow.\n")
    assert "outdated" not in text


def test_what_was_written_passes_the_check_and_stays_as_it_is(page: Path) -> None:
    main(["--write", str(page)])
    text = page.read_text()
    assert main(["--check", str(page)]) == 0
    main(["--write", str(page)])
    assert page.read_text() == text


def test_a_page_that_has_drifted_fails_the_check_untouched(
    page: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = page.read_text()
    assert main(["--check", str(page)]) == 1
    assert "make fix" in capsys.readouterr().err
    assert page.read_text() == before


@pytest.mark.parametrize("text", ["", BEGIN, END, f"{END}\n{BEGIN}"])
@pytest.mark.parametrize("option", ["--check", "--write"])
def test_a_page_without_a_place_is_named(
    page: Path, capsys: pytest.CaptureFixture[str], option: str, text: str
) -> None:
    page.write_text(text)
    assert main([option, str(page)]) == 1
    assert str(page) in capsys.readouterr().err
    assert page.read_text() == text


def test_a_page_that_is_missing_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check", str(tmp_path / "nothing.md")]) == 1
    assert "nothing.md" in capsys.readouterr().err
