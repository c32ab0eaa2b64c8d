"""What holds for both kinds, with Valkey, which starts faster."""

from pathlib import Path
from socket import socket

import psutil
import pytest

from loadtests.cluster import server
from loadtests.cluster.errors import NoBinary, NotStarted
from loadtests.cluster.polling import until
from loadtests.cluster.ports import HOST, HeldPort
from loadtests.cluster.valkey import Valkey

ENDS_S = 10.0


def test_a_failed_start_tells_what_the_server_said_and_leaves_nothing_running(folder: Path) -> None:
    before = psutil.Process().children()
    with socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        valkey = Valkey(folder, taken.getsockname()[1])
        with pytest.raises(NotStarted, match="Address already in use"):
            valkey.start()
        assert not valkey.alive
        assert psutil.Process().children() == before


def test_another_port_is_taken_if_somebody_was_faster(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket() as faster:
        faster.bind((HOST, 0))
        faster.listen()
        taken = faster.getsockname()[1]

        class Late(HeldPort):
            def __init__(self) -> None:
                super().__init__()
                self.number = taken

        with monkeypatch.context() as patch:
            patch.setattr(server, "HeldPort", Late)
            valkey = Valkey(folder)
        with valkey:
            assert valkey.port != taken
            valkey.flush()


def test_a_server_that_died_by_itself_can_be_started_again(folder: Path) -> None:
    with Valkey(folder) as valkey:
        psutil.Process(valkey.pid).kill()
        assert until(lambda: not valkey.alive, ENDS_S)
        valkey.start()
        valkey.flush()


def test_a_server_that_was_asked_to_leave_is_not_asked_again_and_leaves(folder: Path) -> None:
    with Valkey(folder) as valkey:
        valkey.freeze()
        valkey.dismiss()
        valkey.dismiss()
        assert until(lambda: not valkey.alive, ENDS_S)
        valkey.stop()
        valkey.dismiss()
        valkey.start()
        valkey.flush()


def test_a_server_runs_once(folder: Path) -> None:
    with Valkey(folder) as valkey, pytest.raises(RuntimeError, match="runs already"):
        valkey.start()


def test_a_binary_that_does_not_run_here_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    foreign = folder / "valkey-server"
    foreign.write_bytes(b"\x7fNOT")
    foreign.chmod(0o755)
    monkeypatch.setattr("loadtests.cluster.binaries.valkey", lambda: foreign)
    with pytest.raises(NoBinary, match="does not run"), Valkey(folder):
        pass
