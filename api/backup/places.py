"""Where a server keeps what it cannot make again, and what these things are called in a backup."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

DATABASE, INDEX, UPLOADS, SECRET = "steadychat.db", "index.db", "uploads", "secret"

COMPANIONS = ("-wal", "-shm")
"""What SQLite keeps beside a database file: it belongs to that file and to no other."""


@dataclass(frozen=True, slots=True)
class Places:
    """`folder` is the data folder; all lie in it, but for a database that a setting puts elsewhere."""

    folder: Path
    database: Path
    index: Path
    uploads: Path
    secret: Path

    def named(self) -> Mapping[str, Path]:
        """Every one of them, there or not, by its name in a backup."""
        return {
            DATABASE: self.database,
            INDEX: self.index,
            UPLOADS: self.uploads,
            SECRET: self.secret,
        }
