"""The way to the documents of all servers: what `shared_rows` does, in threads of the database's own."""

from collections.abc import Callable
from typing import TypeVar, TypeVarTuple

from sqlalchemy import Connection

from api.database.beside import Beside
from api.database.readers import Readers

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class Register:
    """Each raises ChatError(storage_unavailable) while the database is away. None uses the writer."""

    def __init__(self, readers: Readers, beside: Beside) -> None:
        self._readers = readers
        self._beside = beside

    async def read(self, ask: Callable[[Connection, *Ts], T], *what: *Ts) -> T:
        return await self._readers.read(lambda connection: ask(connection, *what))

    async def do(self, change: Callable[[Connection, *Ts], T], *what: *Ts) -> T:
        """In a transaction beside the writer's; it may be carried out twice."""
        return await self._beside.do(lambda connection: change(connection, *what))

    def answered(self, connection: Connection) -> None:
        """A part of what is done has been done."""
        self._beside.answered(connection)

    async def close(self) -> None:
        await self._beside.close()
