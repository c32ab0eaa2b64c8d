"""The Makefile tells what it can do, and CI fails when a test fails."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TARGETS = ["setup", "run", "test", "lint", "check", "pictures"]
TARGETS += [
    "audit",
    "prove",
    "bench",
    "bench-baseline",
    "load",
    "load-ui",
    "cluster",
    "fix",
    "lock",
    "dev",
    "dist",
    "clean",
]


def make(*arguments: str, folder: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(
        ["make", *arguments],
        cwd=folder,
        env={**bare, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("target", TARGETS)
def test_help_says_what_each_target_does(target: str) -> None:
    assert re.search(rf"^  {target} +\w.{{20,}}$", make().stdout, re.MULTILINE)


def test_help_lists_nothing_that_does_not_exist() -> None:
    listed = re.findall(r"^  ([a-z-]+) ", make("help").stdout, re.MULTILINE)
    assert set(listed) == {*TARGETS, "help"}


def test_check_is_test_and_lint() -> None:
    assert re.search(r"^check: test lint ", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.fixture
def bare_clone(tmp_path: Path) -> Path:
    """The Makefile and its scripts alone."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copy(ROOT / "requirements.lock", tmp_path)
    shutil.copytree(ROOT / ".ci", tmp_path / ".ci")
    return tmp_path


def test_a_python_that_does_not_work_is_named(bare_clone: Path) -> None:
    result = make(".venv/bin/uv", "PYTHON=/no/such/python", folder=bare_clone)
    assert result.returncode != 0
    assert "tried: /no/such/python" in result.stdout
    assert not (bare_clone / ".venv").exists()


def test_a_name_on_the_path_that_does_not_run_is_passed_over(bare_clone: Path) -> None:
    shims = bare_clone / "shims"
    shims.mkdir()
    for name in ("python3.13", "python3.12", "python3.11", "python3"):
        shim = shims / name
        shim.write_text(f"#!/bin/sh\necho '{name}: command not found' >&2\nexit 127\n")
        shim.chmod(0o755)
    result = make(".venv/bin/uv", folder=bare_clone, PATH=f"{shims}:{os.environ['PATH']}")
    assert result.returncode != 0
    assert "No working Python 3.11 or newer" in result.stdout


def test_without_a_home_caches_stay_in_the_folder(bare_clone: Path) -> None:
    (bare_clone / "Makefile").write_text(
        (ROOT / "Makefile").read_text() + "\n.PHONY: home\nhome:\n\t@echo $$HOME\n"
    )
    assert make("home", folder=bare_clone, HOME="/no/such/home").stdout.strip() == f"{bare_clone}/.make/home"
    assert make("home", folder=bare_clone, HOME=str(bare_clone)).stdout.strip() == str(bare_clone)


@pytest.mark.parametrize(("test", "lint", "expected"), [(0, 0, 0), (1, 0, 1), (0, 1, 1)])
def test_ci_fails_when_a_half_fails(tmp_path: Path, test: int, lint: int, expected: int) -> None:
    shutil.copytree(ROOT / ".ci", tmp_path / ".ci")
    (tmp_path / "Makefile").write_text(
        f"test:\n\t@echo '=== 1 failed, 2 passed in 0.10s ==='; exit {test}\n"
        f"lint:\n\t@echo linted; exit {lint}\n"
    )
    result = subprocess.run([tmp_path / ".ci" / "run"], capture_output=True, text=True, check=False)
    assert result.returncode == expected
    assert "linted" in result.stdout
    assert "1 failed, 2 passed" in "".join(result.stdout.splitlines(keepends=True)[-3:])


def test_a_step_that_fails_shows_all_that_it_said(bare_clone: Path) -> None:
    def step(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [bare_clone / ".ci" / "quietly", "Trying", *command], capture_output=True, text=True, check=False
        )

    failed = step("sh", "-c", "echo out; echo err >&2; exit 3")
    assert failed.returncode == 3
    assert failed.stdout.splitlines()[:3] == ["» Trying", "out", "err"]
    assert step("echo", "much").stdout == "» Trying\n"
