"""Modules are short, and importing them does nothing."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
LONGEST, LONGEST_TEST = 250, 450  # a test file may hold many cases of one thing

# Modules that are longer, and why.
LONG = {
    "api/parts.py": "the one place that knows every part and every setting",
    "api/wire/frames.py": "one table: every frame and object of the protocol, each a few lines",
    "api/database/tables.py": "one table: every table of the database, each a few lines",
    "frontend/src/strings.ts": "one table: every text of the page",
}

PROVIDERS = {"langchain_openai", "langchain_anthropic", "langchain_ollama", "redis", "psycopg"}

# Imports every module; tells what that has started and loaded.
IMPORT_ALL = """
import json, pkgutil, sys, threading, asyncio
import api, chains
names = [
    module.name
    for package in (api, chains)
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + ".")
    if ".migrations" not in module.name  # Alembic runs these
]
for name in names:
    __import__(name)
print(json.dumps({
    "modules": names,
    "threads": [thread.name for thread in threading.enumerate()],
    "loaded": sorted(name for name in sys.modules if "." not in name),
}))
"""


def sources() -> list[Path]:
    python = [
        path
        for folder in ("api", "chains", "loadtests", "tests", "tools")
        for path in (ROOT / folder).rglob("*.py")
    ]
    page = [path for kind in ("*.ts", "*.tsx") for path in (ROOT / "frontend" / "src").rglob(kind)]
    return [path for path in python + page if not path.name.endswith(".gen.ts")]


def _is_test(path: Path) -> bool:
    return path.is_relative_to(ROOT / "tests") or path.stem.endswith((".test", ".fixture"))


def test_a_long_module_has_a_reason() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in sources()
        if (lines := len(path.read_text().splitlines())) > (LONGEST_TEST if _is_test(path) else LONGEST)
    }
    without = {name: lines for name, lines in long.items() if name not in LONG}
    assert not without, "split these, or give the reason in LONG"
    assert set(LONG) <= set(long), "these are short now: remove them from LONG"


def test_importing_everything_builds_nothing(tmp_path: Path) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": str(tmp_path),
        "STEADYCHAT_PORT": "no number",  # whoever reads the settings now will stumble
    }
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", IMPORT_ALL],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    told = json.loads(result.stdout)  # the only thing that was printed
    assert "api.core.errors" in told["modules"]
    assert told["threads"] == ["MainThread"]
    assert not PROVIDERS & set(told["loaded"]), "providers are imported only when they are used"
    assert list(tmp_path.iterdir()) == []
