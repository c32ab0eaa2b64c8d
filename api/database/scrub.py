"""What was erased leaves the files of the database as well."""

from sqlalchemy import Connection

from api.database.engine import driver_of

WAIT_MS = 100
"""So long are others kept waiting at a time for somebody who still reads what was there before."""


def scrub(connection: Connection) -> bool:
    """Removes the copies that SQLite's write-ahead log still holds; the connection is in no transaction.

    False if it could not be done while others read or write; then it is to be tried again.
    """
    if connection.dialect.name != "sqlite":
        return True
    driver = driver_of(connection)
    (patience,) = driver.execute("PRAGMA busy_timeout").fetchone()
    driver.execute(f"PRAGMA busy_timeout={min(WAIT_MS, patience)}")
    try:
        busy, _, _ = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        driver.execute(f"PRAGMA busy_timeout={patience}")
    return bool(not busy)
