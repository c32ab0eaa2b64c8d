"""What is large is done beside the writer: nobody waits for it, and it is whole or not there at all."""

import asyncio
import threading
from collections.abc import AsyncIterator
from types import SimpleNamespace

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import ProgrammingError

from api.core.errors import ChatError, Code
from api.database import beside as beside_module
from api.database import waiting as waiting_module
from api.database.beside import Beside
from api.database.waiting import Waiting
from tests.support import postgres
from tests.support.backends import GATE_S, Backend, backend_named

pytestmark = pytest.mark.anyio

KEEP = text("INSERT INTO meta (key, value) VALUES (:key, 'kept')")


@pytest.fixture
async def backend(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Backend]:
    async with backend_named("postgresql", tmp_path_factory.mktemp("beside")) as found:
        yield found


@pytest.fixture
def waiting() -> Waiting:
    return Waiting()


@pytest.fixture
async def beside(backend: Backend, waiting: Waiting) -> AsyncIterator[Beside]:
    made = Beside(backend.database.writing.url.render_as_string(hide_password=False), waiting)
    yield made
    await made.close()


def keep(connection: Connection, key: str = "x") -> None:
    connection.execute(KEEP, {"key": key})


async def kept(backend: Backend) -> list[str]:
    found = await backend.database.readers.read(
        lambda c: c.execute(text("SELECT key FROM meta WHERE value = 'kept'")).scalars().all()
    )
    return list(found)


async def test_answers_go_on_while_something_large_is_under_way(backend: Backend, beside: Beside) -> None:
    begun, done = threading.Event(), threading.Event()

    def unit(connection: Connection) -> None:
        keep(connection)
        begun.set()
        assert done.wait(GATE_S)

    large = asyncio.create_task(beside.do(unit))
    assert await asyncio.to_thread(begun.wait, GATE_S)
    await backend.exchange("An answer, from the first piece to the end.")
    assert await kept(backend) == []
    done.set()
    await large
    assert await kept(backend) == ["x"]


async def test_what_fails_in_the_middle_leaves_nothing(backend: Backend, beside: Beside) -> None:
    def unit(connection: Connection) -> None:
        keep(connection)
        raise OSError("the file cannot be read")

    with pytest.raises(OSError, match="cannot be read"):
        await beside.do(unit)
    assert await kept(backend) == []


async def test_a_connection_that_was_lost_meanwhile_is_made_anew(backend: Backend, beside: Beside) -> None:
    await beside.do(lambda _: None)
    name = backend.database.writing.url.database
    postgres.server().run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    await beside.do(keep)
    assert await kept(backend) == ["x"]


async def test_a_mistake_is_told_as_it_is(beside: Beside) -> None:
    with pytest.raises(ProgrammingError):
        await beside.do(lambda connection: connection.execute(text("SELECT nothing FROM nowhere")))


async def test_a_database_that_is_away_is_said_to_be(waiting: Waiting) -> None:
    nowhere = Beside("postgresql+asyncpg://nobody@127.0.0.1:1/none", waiting)
    with pytest.raises(ChatError) as refused:
        await nowhere.do(keep)
    await nowhere.close()
    assert refused.value.code is Code.STORAGE_UNAVAILABLE


async def test_one_that_does_not_answer_is_left_unless_it_has_just_answered(
    backend: Backend, beside: Beside, waiting: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both have begun long ago; one of them has been answered since."""
    now = [0.0]
    monkeypatch.setattr(waiting_module, "time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr(beside_module, "AGAIN_S", 0)
    begun, done = threading.Barrier(3), threading.Event()

    def unit(connection: Connection, *, answered: bool) -> None:
        begun.wait(GATE_S)
        begun.wait(GATE_S)
        if answered:
            beside.answered(connection)
        begun.wait(GATE_S)
        assert done.wait(GATE_S)
        keep(connection, str(answered))

    units = [
        asyncio.create_task(beside.do(lambda connection, each=each: unit(connection, answered=each)))  # type: ignore[misc]
        for each in (True, False)
    ]
    await asyncio.to_thread(begun.wait, GATE_S)
    now[0] += 100
    await asyncio.to_thread(begun.wait, GATE_S)
    await asyncio.to_thread(begun.wait, GATE_S)
    assert waiting.cut(10) == 1
    done.set()
    results = await asyncio.gather(*units, return_exceptions=True)
    assert [isinstance(each, ChatError) for each in results] == [False, True]
    assert await kept(backend) == ["True"]
