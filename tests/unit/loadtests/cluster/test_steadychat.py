import os
from pathlib import Path

import pytest

from loadtests.cluster.steadychat import AFTER_DRAIN_S, Steadychat, environment


def test_settings_of_whoever_starts_it_count_only_if_they_are_meant_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STEADYCHAT_MODEL", "theirs")
    monkeypatch.setenv("STEADYCHAT_PORT", "1")
    ours = {"STEADYCHAT_PORT": "2"}
    assert environment(ours, theirs=False).get("STEADYCHAT_MODEL") is None
    assert environment(ours, theirs=True)["STEADYCHAT_MODEL"] == "theirs"
    assert environment(ours, theirs=True)["STEADYCHAT_PORT"] == "2"
    assert environment(ours, theirs=False)["PATH"] == os.environ["PATH"]


def test_it_has_time_to_let_its_answers_end(tmp_path: Path) -> None:
    server = Steadychat(tmp_path, 1, settings={"STEADYCHAT_DRAIN_SECONDS": "120"})
    assert server.leaves_s == 120 + AFTER_DRAIN_S


def test_it_serves_by_itself_in_a_folder_of_its_own_and_leaves_when_it_is_asked(tmp_path: Path) -> None:
    settings = {"STEADYCHAT_CHAINS": "scripted=chains.scripted:build"}
    with Steadychat(tmp_path, settings=settings) as server:
        assert server.figure("steadychat_sockets_open") == 0
        assert (server.data / "steadychat.db").exists()
    assert server.log.read_text().endswith("Stopped.\n")
