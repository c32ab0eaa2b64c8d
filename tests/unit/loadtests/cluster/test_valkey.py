from pathlib import Path

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from loadtests.cluster import tree
from loadtests.cluster.polling import until
from loadtests.cluster.valkey import Valkey
from tests.support.owners import FORK, left_behind

ENDS_S = 10.0
SHORT_S = 0.2


def client(valkey: Valkey) -> redis.Redis:
    return redis.Redis.from_url(valkey.url, socket_timeout=SHORT_S, retry=Retry(NoBackoff(), 0))


def test_it_answers_until_it_is_flushed_and_keeps_nothing_on_disk(folder: Path) -> None:
    with Valkey(folder) as valkey, client(valkey) as asking:
        assert valkey.url == f"redis://127.0.0.1:{valkey.port}/0"
        asking.set("key", "value")
        assert asking.get("key") == b"value"
        valkey.flush()
        assert asking.get("key") is None
        asking.set("key", "value")
    assert [path.name for path in folder.iterdir()] == ["valkey.log"]


def test_it_has_forgotten_everything_after_a_restart_on_the_same_port(folder: Path) -> None:
    with Valkey(folder) as valkey, client(valkey) as asking:
        port = valkey.port
        asking.set("key", "value")
        valkey.restart()
        assert valkey.port == port
        with client(valkey) as again:
            assert again.get("key") is None


def test_a_frozen_server_keeps_its_connections_and_answers_when_it_thaws(folder: Path) -> None:
    with Valkey(folder) as valkey, client(valkey) as asking, asking.pubsub() as listening:
        listening.subscribe("channel")
        assert listening.get_message(timeout=ENDS_S)
        valkey.freeze()
        with pytest.raises(redis.TimeoutError):
            asking.get("key")
        valkey.thaw()
        asking.publish("channel", "words")
        heard = listening.get_message(timeout=ENDS_S)
        assert heard is not None
        assert heard["data"] == b"words"


@pytest.mark.parametrize("frozen", [False, True])
def test_a_killed_server_leaves_no_process_behind(folder: Path, frozen: bool) -> None:
    with Valkey(folder) as valkey:
        processes = tree.members(valkey.pid)
        if frozen:
            valkey.freeze()
        valkey.kill()
        assert all(tree.gone(each) for each in processes)
        assert not valkey.alive
        valkey.start()


def test_a_server_ends_with_its_owner_even_if_a_fork_of_that_lives_on(folder: Path) -> None:
    found = left_behind("Valkey", folder, FORK)
    forked = [each for each in found if "-c" in each.cmdline()]
    try:
        processes = [each for each in found if each not in forked]
        assert len(forked) == 1
        assert len(processes) == 2  # the server, and who watches
        assert until(lambda: all(tree.gone(each) for each in processes), ENDS_S)
    finally:
        for each in forked:
            each.kill()


def test_two_run_side_by_side(folder: Path) -> None:
    with Valkey(folder / "one") as one, Valkey(folder / "other") as other:
        with client(one) as asking:
            asking.set("key", "value")
        with client(other) as asking:
            assert asking.get("key") is None
