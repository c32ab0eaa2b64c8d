"""One trial each of what `make prove` makes many of."""

import random
from pathlib import Path

import pytest

from tests.faults.launching import Zygote
from tests.faults.storage import full_once, locked_once

pytestmark = pytest.mark.anyio


async def test_a_database_that_somebody_else_has_locked(launcher: Zygote, tmp_path: Path) -> None:
    seen = await locked_once(launcher, tmp_path, random.Random(1), seconds=2)
    print(seen)
    assert seen.violations == []


async def test_a_full_disk(launcher: Zygote, tmp_path: Path) -> None:
    seen = await full_once(launcher, tmp_path, random.Random(1), seconds=2)
    print(seen)
    assert seen.violations == []
