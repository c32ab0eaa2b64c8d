"""A real PostgreSQL, on data of its own."""

import ctypes
import shutil
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

import psutil
import psycopg
from psycopg.sql import SQL, Composed, Identifier

from loadtests.cluster import binaries, places, tree
from loadtests.cluster.account import Account, Options, owner, unprivileged
from loadtests.cluster.errors import NoBinary, NotStarted
from loadtests.cluster.ports import HOST
from loadtests.cluster.server import Server

SUPERUSER = "postgres"
INITDB = (
    *("--username", SUPERUSER),
    "--auth=trust",
    "--encoding=UTF8",
    "--locale=C",  # texts compare as bytes, as they do in SQLite
    "--no-sync",
    "--no-instructions",
)
SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "200",
}
HASTY = {
    # What was committed is lost if the machine goes down, and then alone: a killed server still keeps it.
    "fsync": "off",
    "full_page_writes": "off",
}
LOCK = "postmaster.pid"
CONNECT_S = 5
IPC_RMID = 0


class Postgres(Server):
    """Whoever can reach the loopback address of this machine is its superuser: for data of tests alone.

    With `durable` what is committed survives a power cut; without, only the death of the server. Started by
    root, it runs as another user; if that one cannot enter `folder`, `data` there is a link to elsewhere.
    """

    name: ClassVar[str] = "PostgreSQL"
    package: ClassVar[str] = binaries.POSTGRES
    leave: ClassVar[int] = signal.SIGINT  # does not wait for those who are connected

    def __init__(self, folder: Path, port: int = 0, *, durable: bool = False) -> None:
        super().__init__(folder, port)
        self.data = self.folder / "data"
        self._durable = durable

    def url(self, database: str = SUPERUSER) -> str:
        """For SQLAlchemy."""
        return f"postgresql+asyncpg://{SUPERUSER}@{HOST}:{self.port}/{database}"

    def dsn(self, database: str = SUPERUSER) -> str:
        """For psycopg, and all that speak to libpq."""
        return f"postgresql://{SUPERUSER}@{HOST}:{self.port}/{database}"

    def create(self, name: str) -> None:
        """Raises psycopg.errors.DuplicateDatabase."""
        self._execute(SQL("CREATE DATABASE {} TEMPLATE template0").format(Identifier(name)))

    def drop(self, name: str) -> None:
        """Whoever is connected to it is cut off; no harm if there is none."""
        self._execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name)))

    def run(self, sql: str, database: str = SUPERUSER) -> list[tuple[Any, ...]]:  # Any: what the columns are
        """One statement in a transaction of its own, and its rows."""
        return self._execute(sql.encode(), database)

    def kill(self) -> None:
        killed = self.pid if self.alive else None
        super().kill()
        if killed is not None:
            self._free(killed)

    def _execute(self, query: bytes | Composed, database: str = SUPERUSER) -> list[tuple[Any, ...]]:
        with psycopg.connect(
            self.dsn(database), autocommit=True, connect_timeout=CONNECT_S, sslmode="disable"
        ) as connection:
            cursor = connection.execute(query)
            return cursor.fetchall() if cursor.description else []

    def _prepare(self) -> tuple[Sequence[str | Path], Options]:
        account = owner(self.data) if self.data.exists() else unprivileged()
        programs = binaries.postgres(account)
        if not self.data.exists():
            self._make(programs / "initdb", account)
        self._unlock()
        settings = SETTINGS | {"port": str(self.port)} | ({} if self._durable else HASTY)
        options = (word for name, value in settings.items() for word in ("-c", f"{name}={value}"))
        return [programs / "postgres", "-D", self.data.resolve(), *options], account.options

    def _make(self, initdb: Path, account: Account) -> None:
        """Under another name until it is whole."""
        home = places.home(self.folder, account)
        fresh = home / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        account.own(fresh)
        try:
            done = subprocess.run(
                [initdb, "--pgdata", fresh, *INITDB],
                **account.options,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
            )
        except OSError as error:
            raise NoBinary(self.name, self.package, f"{initdb} does not run ({error})") from error
        if done.returncode != 0:
            said = (done.stdout + done.stderr).decode(errors="replace")
            raise NotStarted(self.name, f"initdb ended with status {done.returncode}", said)
        places.link(self.folder, fresh.rename(home / self.data.name))

    def _answers(self) -> bool:
        with suppress(OSError, IndexError, psycopg.OperationalError):
            told = self._told()
            return told[0] == str(self.pid) and told[7].strip() == "ready" and self.run("SELECT 1") == [(1,)]
        return False

    def _told(self) -> list[str]:
        """What a running server says of itself: its pid first, its shared memory and its state at the end."""
        return (self.data / LOCK).read_text("utf-8").splitlines()

    def _unlock(self) -> None:
        """PostgreSQL takes a lock for valid if any process has the number of the one that made it.

        That may be a dead one that nobody has reaped, or, where a container began anew, some other program.
        """
        with suppress(OSError, IndexError, psutil.NoSuchProcess):
            maker = int(self._told()[0])
            if all(tree.gone(each) or each.name() != "postgres" for each in tree.members(maker)[:1]):
                (self.data / LOCK).unlink()

    def _free(self, killed: int) -> None:
        """Give back the System V memory of a killed server: it stays, and there are some thousand pieces."""
        with suppress(OSError, IndexError):
            told = self._told()
            if told[0] == str(killed):
                ctypes.CDLL(None).shmctl(int(told[6].split()[1]), IPC_RMID, None)
