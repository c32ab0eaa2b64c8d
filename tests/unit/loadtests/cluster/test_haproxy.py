from pathlib import Path

import pytest

from loadtests.cluster.account import MYSELF
from loadtests.cluster.errors import NoProxy
from loadtests.cluster.haproxy import haproxy, main


def test_it_is_found_also_where_few_look_for_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    assert MYSELF.can(haproxy(), "-v")


def test_where_there_is_none_the_command_that_gets_one_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STEADYCHAT_HAPROXY", "no-such-haproxy")
    with pytest.raises(NoProxy, match=r"no-such-haproxy was not found.*`make proxy` as root"):
        haproxy()
    assert main() == 1
    assert "`make proxy`" in capsys.readouterr().out


def test_one_that_does_not_run_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    foreign = tmp_path / "haproxy"
    foreign.write_bytes(b"\x7fNOT")
    foreign.chmod(0o755)
    monkeypatch.setenv("STEADYCHAT_HAPROXY", str(foreign))
    with pytest.raises(NoProxy, match="does not run"):
        haproxy()
