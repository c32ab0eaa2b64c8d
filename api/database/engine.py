"""Connections to the database: a pool for reading, one for the writer."""

from typing import Any

from sqlalchemy import URL, Connection, Engine, make_url

from api.database import postgresql, sqlite


def reading_engine(url: str | URL, connections: int) -> Engine:
    """Each transaction is one snapshot, which all selects until its end share."""
    made = make_url(url)
    return (
        postgresql.reading_engine(made, connections)
        if postgresql.is_meant(made)
        else sqlite.reading_engine(made, connections)
    )


def writing_engine(url: str | URL) -> Engine:
    """The writer's own connection."""
    made = make_url(url)
    return postgresql.writing_engine(made) if postgresql.is_meant(made) else sqlite.writing_engine(made)


def driver_of(connection: Connection) -> Any:  # Any: each driver has a connection of its own
    """The way past SQLAlchemy, which would begin a transaction."""
    return connection.connection.driver_connection
