"""Which life of the log this is. A new one begins when the log may have gone back."""

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection, Engine, delete, insert, select
from sqlalchemy.dialects.postgresql import insert as insert_if_new

from api.database.tables import meta

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def boot_id() -> str:
    """Names the current boot of the machine; empty where the system does not tell."""
    return _BOOT_ID.read_text().strip() if _BOOT_ID.exists() else ""


def open_epoch(engine: Engine, new_id: Callable[[], str], boot: str) -> str:
    """The log's epoch for this start, and marks the database as in use.

    Commits that were not made durable survive the process but not the machine: after an unclean end on
    another boot they may be missing, so positions that clients hold mean nothing any more. Where the boot
    is not known, any unclean end may have been the machine's.
    """
    with engine.begin() as connection:
        known = {row.key: row.value for row in connection.execute(select(meta))}
        lost = known.get("clean") == "no" and (not boot or known.get("boot") != boot)
        epoch = known.get("epoch")
        if epoch is None or lost:
            epoch = new_id()
        _put(connection, epoch=epoch, boot=boot, clean="no")
    return epoch


def shared_epoch(engine: Engine, new_id: Callable[[], str]) -> str:
    """The epoch of a log that others may be using too, all of whose commits are durable."""
    return _kept(engine, "epoch", new_id())


def database_id(engine: Engine, new_id: Callable[[], str]) -> str:
    """Tells a database that servers share from every other one, for ever."""
    return _kept(engine, "database", new_id())


def _kept(engine: Engine, key: str, value: str) -> str:
    """What stands there, or else this from now on."""
    with engine.begin() as connection:
        connection.execute(insert_if_new(meta).values(key=key, value=value).on_conflict_do_nothing())
        found: str = connection.execute(select(meta.c.value).where(meta.c.key == key)).scalar_one()
        return found


def renew_epoch(engine: Engine, epoch: str) -> None:
    """The log has gone back: this is the name of its new life. Servers that are running find it soon."""
    with engine.begin() as connection:
        _put(connection, epoch=epoch)


def close_epoch(engine: Engine) -> None:
    """Marks the database as left in good order: everything committed is on the disk."""
    with engine.begin() as connection:
        _put(connection, clean="yes")


def forget_epoch(engine: Engine) -> None:
    """The log has gone back, or may have: whoever opens it next begins a new epoch."""
    with engine.begin() as connection:
        connection.execute(delete(meta).where(meta.c.key == "epoch"))


def _put(connection: Connection, **values: str) -> None:
    for key, value in values.items():
        connection.execute(delete(meta).where(meta.c.key == key))
        connection.execute(insert(meta).values(key=key, value=value))
