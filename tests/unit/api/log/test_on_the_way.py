"""What has not gone down yet is read like all else, whoever reads and whatever commits do."""

import asyncio
from pathlib import Path

import pytest

from api.core.errors import ChatError
from api.core.events import Event, Piece
from api.core.records import Position
from api.database import journal as journal_module
from api.database.database import open_database
from api.database.lock import DataFolderLock
from api.log import appender as appender_module
from api.log.log import SqlLog
from api.service.follow import Follower, Start
from api.wakeups.local import LocalWakeups
from tests.support.backends import Backend, Sent
from tests.support.clocks import CountedIds
from tests.support.commits import Commits, Fails
from tests.support.fakes import Unattended
from tests.support.logged import LOGGED

pytestmark = pytest.mark.anyio


async def count(backend: Backend, table: str) -> int:
    return await backend.change(
        lambda transaction: int(
            transaction.connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()
        )
    )


@pytest.mark.parametrize("laid_after", [0, 2, 5, 64])
async def test_page_message_export_log_and_its_end_agree(
    backend: Backend, monkeypatch: pytest.MonkeyPatch, laid_after: int
) -> None:
    monkeypatch.setattr(journal_module, "LAID_AFTER", laid_after)
    sent = await backend.send()
    said = ""
    for number in range(12):
        said += (text := f"t{number} ")
        await backend.say(sent, text) if number == 0 else await going_on(backend, sent, said, text)
        await agree(backend, sent, said, 3 + number)
    assert await count(backend, LOGGED) == 14


async def going_on(backend: Backend, sent: Sent, said: str, text: str) -> None:
    """A further piece, by whoever has said the others."""
    writing = backend.log.appender(sent.claim)
    writing._seq = (await backend.log.state(sent.session_id)).end.seq + 1  # type: ignore[attr-defined]
    writing._at = len(said) - len(text)  # type: ignore[attr-defined]
    writing.write(text)
    await writing.flushed()


async def agree(backend: Backend, sent: Sent, said: str, end: int) -> None:
    page = await backend.store.page("ann", sent.session_id, 50, None)
    assert (page.messages[-1].content, page.position.seq) == (said, end)
    assert (await backend.store.message("ann", sent.answer_id)).content == said
    kept = await backend.archive.keeps("ann", sent.session_id, 0)
    assert kept[-1].message.content == said
    assert (await backend.log.state(sent.session_id)).end == Position(backend.log.epoch, end)
    events = await backend.events(sent.session_id)
    assert [event.seq for event in events] == list(range(1, end + 1))
    assert "".join(event.content for event in events if isinstance(event, Piece)) == said


async def test_it_is_read_while_nobody_can_write(backend: Backend) -> None:
    sent = await backend.send()
    await backend.say(sent, "a", "b")
    with backend.locked():
        await agree(backend, sent, "ab", 4)


async def test_what_the_next_process_finds_is_all_in_the_log(backend: Backend, tmp_path: Path) -> None:
    sent = await backend.send()
    await backend.say(sent, "a", "b")
    await backend.writer.close()
    backend.database._lock.release()
    lock = DataFolderLock(tmp_path)
    lock.take()
    found = open_database(f"sqlite:///{tmp_path / 'chat.db'}", lock, CountedIds())
    with found.writing.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM journal").scalar_one() == 0
        assert connection.exec_driver_sql("SELECT count(*) FROM events").scalar_one() == 4
    await found.readers.close()
    found.writing.dispose()


async def test_with_the_last_answer_the_journal_is_empty(backend: Backend) -> None:
    first, second = await backend.send(), await backend.send()
    await backend.say(first, "a")
    await backend.say(second, "b")
    await backend.end(first)
    assert await count(backend, "journal") > 0
    await backend.end(second)
    assert await count(backend, "journal") == 0


async def test_before_something_is_erased_the_journal_is_empty(backend: Backend) -> None:
    """What has ended is still in it, for as long as another answer runs."""
    running = await backend.send()
    await backend.say(running, "a")
    old = await backend.exchange()
    assert await count(backend, "journal") > 0
    backend.clock.forward(3600)
    await backend.log.trim(backend.clock())
    assert await count(backend, "journal") == 0
    assert await backend.events(old.session_id, 4) == []
    deleted = await backend.exchange()
    await going_on(backend, running, "ab", "b")
    await backend.store.delete("ann", deleted.session_id)
    backend.clock.forward(3600)
    await backend.store.purge(backend.clock())
    assert await count(backend, "journal") == 0
    await agree(backend, running, "ab", 4)


@pytest.mark.parametrize("how", Fails)
async def test_whoever_follows_gets_what_a_failed_commit_did_all_the_same(
    backend: Backend, monkeypatch: pytest.MonkeyPatch, how: Fails
) -> None:
    """The next try adds nothing to it, so only it can tell."""
    monkeypatch.setattr(appender_module, "RETRY_S", 0.001)
    sent = await backend.send()
    before = sent.accepted.before
    follower = Follower(backend.log, Unattended())
    follower.follow(Start(sent.session_id, before, before.seq, recovered=False))
    writing = backend.log.appender(sent.claim)
    writing.write("one ")
    await writing.flushed()
    Commits(backend.database.writing, monkeypatch).fail(how)
    writing.write("two")
    await writing.flushed()
    seen: list[Event] = []
    async with asyncio.timeout(10):
        while len(seen) < 3:
            turn = await follower.turn()
            assert turn is not None
            seen += turn.follow.waiting
            turn.follow.took(len(turn.follow.waiting))
    assert [event.content for event in seen if isinstance(event, Piece)] == ["one ", "two"]
    follower.close()


async def test_while_a_commit_is_in_doubt_what_was_told_is_read(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(appender_module, "PATIENCE_S", 0)
    sent = await backend.send()
    await backend.say(sent, "a")
    Commits(backend.database.writing, monkeypatch).fail(Fails.MADE)
    with pytest.raises(ChatError):
        await going_on(backend, sent, "ab", "b")
    await agree(backend, sent, "a", 3)
    outcome = await backend.end(sent)
    assert outcome is not None
    assert (outcome.length, outcome.seq) == (2, 5)


async def test_a_log_without_a_writer_is_not_read(backend: Backend) -> None:
    log = SqlLog("e", backend.database.readers, LocalWakeups())
    with pytest.raises(RuntimeError):
        await log.state("s")
