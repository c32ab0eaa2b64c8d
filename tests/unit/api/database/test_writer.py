"""One thread writes for everybody, and nobody who asked is forgotten."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text
from structlog.testing import capture_logs

from api.core.errors import ChatError, Code
from api.core.events import Piece
from api.database.engine import writing_engine
from api.database.writer import RefusedError, Transaction, Writer
from tests.support.backends import Backend
from tests.support.commits import Commits, Fails

pytestmark = pytest.mark.anyio

EVENT = Piece("s", 1, "m", 0, "x")


class NotNowError(RefusedError):
    pass


@pytest.fixture
async def writer(engine: Engine) -> AsyncIterator[Writer]:
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE marks (mark TEXT)"))
    writer = Writer(engine, lambda _events, _gone: None)
    await writer.start()
    yield writer
    await writer.close()


def mark(name: str) -> "MarkUnit":
    return MarkUnit(name)


class MarkUnit:
    """Writes its name; counts how often it was run."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.runs = 0

    def __call__(self, transaction: Transaction) -> str:
        self.runs += 1
        transaction.connection.execute(text("INSERT INTO marks VALUES (:name)"), {"name": self.name})
        return self.name


def marks(transaction: Transaction) -> list[str]:
    return list(transaction.connection.execute(text("SELECT mark FROM marks ORDER BY rowid")).scalars())


def refuse(_: Transaction) -> None:
    raise NotNowError


async def held(writer: Writer) -> threading.Event:
    """A commit is under way until the returned event is set."""
    begun, done = threading.Event(), threading.Event()

    def wait(_: Transaction) -> None:
        begun.set()
        done.wait(10)

    writer.submit(wait, durable=False)
    await asyncio.to_thread(begun.wait, 10)
    return done


async def test_units_run_in_the_order_in_which_they_came(writer: Writer) -> None:
    units = [mark(str(number)) for number in range(100)]
    results = await asyncio.gather(*(writer.submit(unit, durable=False) for unit in units))
    assert results == [unit.name for unit in units]
    assert await writer.submit(marks, durable=False) == results


async def test_what_comes_during_a_commit_shares_the_next_one(writer: Writer) -> None:
    done = await held(writer)
    seen: list[Transaction] = []
    units = [writer.submit(seen.append, durable=False) for _ in range(5)]
    done.set()
    await asyncio.gather(*units)
    assert len({id(transaction) for transaction in seen}) == 1


async def test_one_that_refuses_is_told_so_and_the_others_are_committed_at_once(writer: Writer) -> None:
    done = await held(writer)
    first, second = mark("first"), mark("second")
    futures = [writer.submit(first, durable=False), writer.submit(second, durable=False)]
    refused = writer.submit(refuse, durable=False)
    done.set()
    await asyncio.gather(*futures)
    with pytest.raises(NotNowError):
        await refused
    assert (first.runs, second.runs) == (1, 1)


async def test_one_that_breaks_is_rolled_back_alone(writer: Writer) -> None:
    done = await held(writer)

    good = [writer.submit(mark("a"), durable=False)]
    bad = writer.submit(bad_statement, durable=True)
    good.append(writer.submit(mark("b"), durable=False))
    done.set()
    await asyncio.gather(*good)
    with pytest.raises(ChatError) as refused:
        await bad
    assert refused.value.code is Code.STORAGE_UNAVAILABLE
    assert await writer.submit(marks, durable=False) == ["a", "b"]


async def test_events_are_published_before_whoever_wrote_them_goes_on(file: Path) -> None:
    order: list[object] = []
    engine = writing_engine(f"sqlite:///{file}")
    writer = Writer(engine, lambda events, gone: order.append((list(events), list(gone))))
    await writer.start()

    def unit(transaction: Transaction) -> None:
        transaction.events.append(EVENT)
        transaction.gone.append("t")

    await writer.submit(unit, durable=True)
    order.append("went on")
    await writer.submit(lambda _: None, durable=True)
    await writer.close()
    assert order == [([EVENT], ["t"]), "went on"]


async def test_a_publisher_that_breaks_keeps_nobody_waiting(file: Path) -> None:
    def publish(events: object, gone: object) -> None:
        raise ZeroDivisionError

    complaints: list[object] = []
    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler()
    loop.set_exception_handler(lambda _, context: complaints.append(context["exception"]))
    writer = Writer(writing_engine(f"sqlite:///{file}"), publish)
    await writer.start()
    await writer.submit(lambda transaction: transaction.events.append(EVENT), durable=False)
    await writer.close()
    loop.set_exception_handler(before)
    assert [type(complaint) for complaint in complaints] == [ZeroDivisionError]


async def test_a_log_that_breaks_keeps_nobody_waiting(
    writer: Writer, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Exception) -> None:
        raise OSError("no space left for a log")

    monkeypatch.setattr(writer.trouble, "came", broken)
    Commits(engine, monkeypatch).fail(Fails.UNDONE)
    with pytest.raises(OSError, match="for a log"):
        await writer.submit(mark("a"), durable=True)
    assert await writer.submit(mark("b"), durable=True) == "b"


async def test_one_who_leaves_does_not_disturb_the_commit(writer: Writer) -> None:
    done = await held(writer)
    leaving = writer.submit(mark("left"), durable=False)
    staying = writer.submit(mark("stayed"), durable=False)
    leaving.cancel()
    done.set()
    assert await staying == "stayed"
    assert await writer.submit(marks, durable=False) == ["left", "stayed"]


async def test_closing_finishes_what_was_submitted(file: Path, writer: Writer) -> None:
    done = await held(writer)
    units = [writer.submit(mark(str(number)), durable=False) for number in range(5)]
    closing = asyncio.ensure_future(writer.close())
    await asyncio.sleep(0)
    done.set()
    await closing
    assert await asyncio.gather(*units) == list("01234")


async def test_a_closed_writer_says_so(writer: Writer) -> None:
    await writer.close()
    with pytest.raises(RuntimeError):
        writer.submit(mark("late"), durable=False)
    await writer.close()


async def test_a_database_that_cannot_be_opened_is_told_until_it_can(tmp_path: Path) -> None:
    missing = tmp_path / "missing" / "chat.db"
    writer = Writer(create_engine(f"sqlite:///{missing}"), lambda _events, _gone: None)
    await writer.start()
    for _ in range(3):
        with pytest.raises(ChatError) as refused:
            await writer.submit(mark("a"), durable=True)
        assert refused.value.code is Code.STORAGE_UNAVAILABLE
    missing.parent.mkdir()
    await writer.submit(
        lambda found: found.connection.execute(text("CREATE TABLE marks (mark)")), durable=True
    )
    assert await writer.submit(mark("a"), durable=True) == "a"
    await writer.close()


@pytest.mark.parametrize("how", Fails)
async def test_after_a_commit_that_failed_the_very_next_one_is_made(
    writer: Writer, engine: Engine, monkeypatch: pytest.MonkeyPatch, how: Fails
) -> None:
    Commits(engine, monkeypatch).fail(how)
    with pytest.raises(ChatError) as refused:
        await writer.submit(mark("a"), durable=True)
    assert refused.value.code is Code.STORAGE_UNAVAILABLE
    assert await writer.submit(mark("b"), durable=True) == "b"
    assert await writer.submit(marks, durable=False) == (["a", "b"] if how is Fails.MADE else ["b"])


async def test_after_a_rollback_that_failed_too(
    writer: Writer, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as failing:
        failing.setattr(engine.dialect, "do_rollback", broken)
        with pytest.raises(ChatError):
            await writer.submit(bad_statement, durable=True)
    assert await writer.submit(mark("b"), durable=True) == "b"
    assert await writer.submit(marks, durable=False) == ["b"]


async def test_a_group_whose_commit_fails_is_not_committed_one_by_one(
    writer: Writer, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether it was committed is not known, so that is for whoever asked to find out."""
    done = await held(writer)
    units = [mark("a"), mark("b")]
    commits = Commits(engine, monkeypatch)
    commits.fail(None, Fails.MADE)
    futures = [writer.submit(unit, durable=False) for unit in units]
    done.set()
    for outcome in await asyncio.gather(*futures, return_exceptions=True):
        assert isinstance(outcome, ChatError)
    assert [unit.runs for unit in units] == [1, 1]


async def test_trouble_lasts_until_the_next_commit_and_is_logged_once(
    writer: Writer, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert writer.trouble.reason is None
    Commits(engine, monkeypatch).fail(Fails.UNDONE, Fails.UNDONE)
    with capture_logs() as noted:
        for _ in range(2):
            with pytest.raises(ChatError):
                await writer.submit(mark("a"), durable=True)
            assert writer.trouble.reason == "the disk is full"
        await writer.submit(mark("a"), durable=True)
        assert writer.trouble.reason is None
    assert [each["event"] for each in noted] == [
        "the database cannot be written",
        "the database can be written again",
    ]


async def test_a_commit_that_changes_nothing_does_not_tell_that_trouble_is_over(
    writer: Writer, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    Commits(engine, monkeypatch).fail(Fails.UNDONE)
    with pytest.raises(ChatError):
        await writer.submit(mark("a"), durable=True)
    await writer.submit(marks, durable=False)
    assert writer.trouble.reason == "the disk is full"
    await writer.submit(mark("a"), durable=False)
    assert writer.trouble.reason is None


async def test_a_disk_that_is_full_is_told_and_forgotten(writer: Writer) -> None:
    """SQLite's own word for it, where it comes in the middle of a transaction."""
    pages = await writer.submit(lambda found: pragma(found, "page_count"), durable=False)
    await writer.submit(lambda found: pragma(found, f"max_page_count={pages}"), durable=False)
    large = mark("x" * 100_000)
    with pytest.raises(ChatError):
        await writer.submit(large, durable=True)
    assert writer.trouble.reason == "the disk is full"
    await writer.submit(lambda found: pragma(found, "max_page_count=1000000"), durable=False)
    assert await writer.submit(large, durable=True) == large.name


async def test_a_database_that_may_only_be_read_is_told(writer: Writer) -> None:
    await writer.submit(lambda found: pragma(found, "query_only=ON"), durable=False)
    with pytest.raises(ChatError):
        await writer.submit(mark("a"), durable=True)
    assert writer.trouble.reason == "the database file may not be written"


def pragma(transaction: Transaction, what: str) -> object:
    found = transaction.connection.exec_driver_sql(f"PRAGMA {what}")
    return found.scalar() if found.returns_rows else None


def bad_statement(transaction: Transaction) -> None:
    mark("bad")(transaction)
    transaction.connection.execute(text("INSERT INTO nowhere VALUES (1)"))


async def test_acceptances_and_ends_are_durable_and_pieces_need_not_be(backend: Backend) -> None:
    modes: list[int] = []

    def note(transaction: Transaction) -> None:
        modes.append(transaction.connection.exec_driver_sql("PRAGMA synchronous").scalar_one())

    await backend.writer.submit(note, durable=True)
    await backend.writer.submit(note, durable=False)
    async with backend.commit_under_way():
        mixed = [backend.writer.submit(note, durable=durable) for durable in (False, True, False)]
    await asyncio.gather(*mixed)
    full, normal = 2, 1
    assert modes == [full, normal, full, full, full]
