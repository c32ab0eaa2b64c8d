"""The checks of `make lint` find what they are for."""

import subprocess
import sys
from pathlib import Path

from tools.lock_in_step import digest, marked, page_in_step

ROOT = Path(__file__).parents[2]


def tool(name: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ROOT / "tools" / f"{name}.py"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_locks_belong_to_pyproject_and_package_json() -> None:
    assert tool("lock_in_step", ROOT).returncode == 0


def test_a_dependency_that_is_not_locked_is_noticed(tmp_path: Path) -> None:
    project = (ROOT / "pyproject.toml").read_text()
    (tmp_path / "pyproject.toml").write_text(project.replace('"anyio>=4.10"', '"anyio>=4.11"'))
    for kept in ("requirements.lock", "frontend/package.json", "frontend/package-lock.json"):
        (tmp_path / kept).parent.mkdir(exist_ok=True)
        (tmp_path / kept).write_text((ROOT / kept).read_text())
    result = tool("lock_in_step", tmp_path)
    assert result.returncode == 1
    assert "make lock" in result.stdout


def test_a_dependency_of_the_page_that_is_not_locked_is_noticed() -> None:
    lock = '{"packages": {"": {"dependencies": {"react": "^19"}}}}'
    assert page_in_step('{"dependencies": {"react": "^19"}, "scripts": {}}', lock)
    assert not page_in_step('{"dependencies": {"react": "^20"}}', lock)


def test_a_changed_lint_rule_needs_no_new_lock() -> None:
    project = (ROOT / "pyproject.toml").read_text()
    assert digest(project.replace("line-length = 110", "line-length = 100")) == digest(project)


def test_marking_a_lock_twice_changes_nothing() -> None:
    project = (ROOT / "pyproject.toml").read_text()
    once = marked("anyio==4.10\n", project)
    assert marked(once, project) == once


def test_no_file_names_a_registry() -> None:
    result = tool("no_registries", ROOT)
    assert result.returncode == 0, result.stdout


def test_a_named_registry_is_found(tmp_path: Path) -> None:
    (tmp_path / "lock.json").write_text('{"resolved": "https://registry.npm' + 'js.org/react"}')
    result = tool("no_registries", tmp_path)
    assert result.returncode == 1
    assert "lock.json:1:" in result.stdout
