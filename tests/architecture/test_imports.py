"""Imports run one way, and a violation would be noticed."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINT = Path(sys.executable).with_name("lint-imports")

# Where an import is planted, what it imports, and the contract that must break by it.
VIOLATIONS = [
    ("api/core/planted.py", "api.service", "Imports of api run one way"),
    ("api/wakeups/planted.py", "api.store", "Imports of api run one way"),
    ("api/planted.py", "api.core", "Imports of api run one way"),  # a room that has no place
    ("chains/planted.py", "api.core", "chains knows nothing of api"),
    ("api/doors/planted.py", "api.store", "Only rooms below the doors know"),
    ("api/doors/planted.py", "api.database", "Only rooms below the doors know"),
    ("api/log/planted.py", "api.wire", "What keeps things knows no frames and no doors"),
    ("api/service/planted.py", "chains.registry", "Of chains, the service knows the contract alone"),
    ("api/doors/planted.py", "api.settings", "Settings are read where parts are wired"),
    ("loadtests/planted.py", "api.core", "Load tests know the server by the wire alone"),
    ("loadtests/planted.py", "chains.registry", "Load tests know the server by the wire alone"),
    ("loadtests/protocol/planted.py", "asyncio", "The client's protocol knows no I/O"),
    ("loadtests/protocol/planted.py", "loadtests.client", "The client's protocol knows no I/O"),
    ("loadtests/people/planted.py", "loadtests.run.load", "A load knows its people"),
    ("loadtests/run/planted.py", "locust", "Locust, which may patch sockets, stands apart"),
    ("chains/planted.py", "langserve", "LangServe stands behind one module"),
]


def contracts(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([LINT, "--no-cache"], cwd=folder, capture_output=True, text=True, check=False)


def test_every_contract_is_kept() -> None:
    result = contracts(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python files and the contracts, to plant things in."""
    folder = tmp_path_factory.mktemp("copy")
    shutil.copy(ROOT / "pyproject.toml", folder)
    for package in ("api", "chains", "loadtests"):
        shutil.copytree(
            ROOT / package, folder / package, ignore=shutil.ignore_patterns("page", "__pycache__")
        )
    return folder


@pytest.mark.parametrize(("place", "imported", "contract"), VIOLATIONS)
def test_a_planted_violation_breaks_its_contract(
    copy: Path, place: str, imported: str, contract: str
) -> None:
    planted = copy / place
    planted.write_text(f"import {imported}\n")
    try:
        result = contracts(copy)
    finally:
        planted.unlink()
    broken = [line for line in result.stdout.splitlines() if " BROKEN" in line]
    assert result.returncode == 1, result.stdout + result.stderr
    assert any(line.startswith(contract) for line in broken), result.stdout


def test_core_imports_the_standard_library_and_its_kind_of_record_alone() -> None:
    foreign = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in (ROOT / "api" / "core").rglob("*.py")
        for name in imports(ast.parse(path.read_text()))
        if name.split(".")[0] not in sys.stdlib_module_names | {"msgspec"} and not name.startswith("api.core")
    }
    assert not foreign


def imports(tree: ast.Module) -> set[str]:
    """The dotted names of all modules that are imported anywhere in it."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add("." * node.level + (node.module or ""))
    return names


def test_imports_of_a_module_are_found_wherever_they_stand() -> None:
    source = "import a.b\nfrom c import d\ndef f():\n    from . import e\n"
    assert imports(ast.parse(source)) == {"a.b", "c", "."}
