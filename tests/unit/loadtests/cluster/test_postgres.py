import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from socket import socket

import psycopg
import pytest

from loadtests.cluster import tree
from loadtests.cluster.errors import NotStarted
from loadtests.cluster.polling import until
from loadtests.cluster.ports import HOST
from loadtests.cluster.postgres import Postgres
from tests.support.owners import left_behind

ENDS_S = 10.0
SHORT_S = 0.2


@pytest.fixture(scope="module")
def shared(folders: Path) -> Iterator[Postgres]:
    with Postgres(folders / "shared") as postgres:
        yield postgres


@pytest.fixture
def postgres(shared: Postgres) -> Postgres:
    """One for the tests that need no data folder of their own, running."""
    if not shared.alive:
        shared.start()
    return shared


def test_it_answers_and_compares_texts_as_bytes(postgres: Postgres) -> None:
    postgres.create("chat")
    postgres.run("CREATE TABLE said (words text)", "chat")
    postgres.run("INSERT INTO said VALUES ('a'), ('Z'), ('é'), ('z'), ('A')", "chat")
    found = postgres.run("SELECT words FROM said ORDER BY words", "chat")
    assert [words for (words,) in found] == ["A", "Z", "a", "z", "é"]
    assert postgres.run("SHOW server_encoding") == [("UTF8",)]
    assert postgres.url("chat") == f"postgresql+asyncpg://postgres@127.0.0.1:{postgres.port}/chat"


def test_what_was_committed_is_there_after_a_restart_and_after_a_kill(postgres: Postgres) -> None:
    port = postgres.port
    postgres.run("CREATE TABLE said AS SELECT 1 AS number")
    postgres.restart()
    postgres.run("INSERT INTO said VALUES (2)")
    postgres.kill()
    assert not postgres.alive
    postgres.start()
    assert postgres.run("SELECT number FROM said") == [(1,), (2,)]
    assert postgres.port == port


def test_a_frozen_server_keeps_its_connections_and_answers_when_it_thaws(postgres: Postgres) -> None:
    with (
        psycopg.connect(postgres.dsn(), autocommit=True) as connection,
        ThreadPoolExecutor(1) as thread,
    ):
        connection.execute("SELECT 1")
        postgres.freeze()
        asked = thread.submit(connection.execute, "SELECT 2")
        try:
            with pytest.raises(TimeoutError):
                asked.result(SHORT_S)
        finally:
            postgres.thaw()
        assert asked.result(ENDS_S).fetchall() == [(2,)]


@pytest.mark.parametrize("frozen", [False, True])
def test_a_killed_server_leaves_no_process_and_no_memory_behind(postgres: Postgres, frozen: bool) -> None:
    with psycopg.connect(postgres.dsn()):
        told = (postgres.data / "postmaster.pid").read_text().splitlines()
        processes = tree.members(postgres.pid)
        assert len(processes) > 2  # a process for the connection among them
        if frozen:
            postgres.freeze()
        postgres.kill()
        assert all(tree.gone(each) for each in processes)
        assert int(told[6].split()[1]) not in shared_memory()


def shared_memory() -> set[int]:
    """The numbers of all pieces of System V memory, where the system lists them in a file."""
    with suppress(FileNotFoundError):
        return {int(line.split()[1]) for line in Path("/proc/sysvipc/shm").read_text().splitlines()[1:]}
    return set()


def test_a_server_ends_with_its_owner_even_if_it_is_frozen_and_the_owner_was_killed(folder: Path) -> None:
    processes = left_behind("Postgres", folder, "server.freeze()")
    assert len(processes) > 2
    assert until(lambda: all(tree.gone(each) for each in processes), ENDS_S)
    with Postgres(folder) as postgres:
        assert postgres.run("SELECT 1") == [(1,)]


def test_two_run_side_by_side(folder: Path) -> None:
    with Postgres(folder / "one") as one, Postgres(folder / "other") as other:
        one.create("chat")
        assert other.run("SELECT datname FROM pg_database WHERE datname = 'chat'") == []
        one.kill()
        assert other.run("SELECT 1") == [(1,)]


def test_it_never_runs_as_root_and_leaves_modes_of_folders_alone(folder: Path) -> None:
    above = folder / "above"
    above.mkdir(mode=0o700)
    folders = [above, *above.parents]
    before = [each.stat() for each in folders]
    with Postgres(above / "server") as postgres:
        users = {each.uids().real for each in tree.members(postgres.pid)}
        assert len(users) == 1
        assert users != {0}
        assert os.geteuid() in users | {0}
        assert {postgres.data.stat().st_uid} == users
        assert postgres.data.stat().st_mode & 0o077 == 0
    after = [each.stat() for each in folders]
    assert [(each.st_mode, each.st_uid) for each in after] == [(each.st_mode, each.st_uid) for each in before]


def test_a_dropped_database_is_gone_whoever_is_connected_to_it(postgres: Postgres) -> None:
    postgres.create("dropped")
    with psycopg.connect(postgres.dsn("dropped")):
        postgres.drop("dropped")
        postgres.drop("dropped")
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        postgres.run("SELECT 1", "dropped")


def test_only_a_durable_server_waits_for_the_disk_and_both_for_the_system(
    folder: Path, postgres: Postgres
) -> None:
    with Postgres(folder, durable=True) as durable:
        assert durable.run("SHOW fsync") == [("on",)]
    assert postgres.run("SHOW fsync") == [("off",)]
    assert postgres.run("SHOW synchronous_commit") == [("on",)]


def test_a_failed_start_tells_what_the_server_said_and_leaves_nothing_running(folder: Path) -> None:
    with socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        postgres = Postgres(folder, taken.getsockname()[1])
        with pytest.raises(NotStarted, match="Address already in use"):
            postgres.start()
        assert not postgres.alive
