"""The documents of several servers are one collection, whichever of them is asked, and whichever dies."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from api.core.errors import ChatError, Code
from api.database import postgresql
from api.database.engine import writing_engine
from api.documents import catching_up
from api.documents import shared_rows as rows
from api.documents.indexing import BROKEN
from api.documents.model import Document
from tests.support import postgres
from tests.support.air import Air
from tests.support.backends import postgres_locked
from tests.support.clocks import SettableClock
from tests.support.corpora import Side, side, until, upload

pytestmark = pytest.mark.anyio

DAY = 24 * 3600


@dataclass
class Pair:
    one: Side
    two: Side
    air: Air
    clock: SettableClock
    another: Callable[..., Any]  # a server by its name, as a context

    async def uploaded(self) -> Document:
        """Indexed by both."""
        (made,) = await self.one.documents.add("ann", [upload()])
        for each in (self.one, self.two):
            await until(lambda each=each: made.id in each.indexed)  # type: ignore[misc]
        await self.one.shows(made.id, "indexed")
        return made


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "BESIDE_LOCK_MS", 500)


@pytest.fixture
def url() -> Iterator[str]:
    with postgres.database() as found:
        yield found


@pytest.fixture
async def pair(url: str, tmp_path: Path) -> AsyncIterator[Pair]:
    air, clock = Air(), SettableClock()
    another = partial(side, url, tmp_path, air, clock)
    async with another("one") as one, another("two") as two:
        yield Pair(one, two, air, clock, another)


async def counted(asked: Side, table: str) -> int:
    return int(
        await asked.register.read(lambda c: c.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one())
    )


async def test_what_is_uploaded_to_one_is_a_document_of_all(pair: Pair) -> None:
    made = await pair.uploaded()
    for each in (pair.one, pair.two):
        found = await each.documents.get(made.id)
        assert (found.status, found.title, found.passages, found.bytes) == (
            "indexed",
            "Clouds",
            1,
            made.bytes,
        )
        assert await each.documents.list() == [found]
        assert each.index.document(made.id) is not None


async def test_it_is_shown_by_all_before_anybody_has_read_it(pair: Pair) -> None:
    for each in (pair.one, pair.two):
        each.corpus.open.clear()
    (made,) = await pair.one.documents.add("ann", [upload()])
    assert (await pair.two.documents.get(made.id)).title == "clouds"
    await pair.two.shows(made.id, "indexing")


async def test_its_user_hears_of_each_step_once_whoever_makes_it(pair: Pair) -> None:
    await pair.uploaded()
    told = pair.one.told + pair.two.told
    assert [each for each in told if each[1] != "indexing"] == [("ann", "queued", 0), ("ann", "indexed", 1)]
    shares = [share for _, status, share in told if status == "indexing"]
    assert sorted(set(shares)) == sorted(shares)


async def test_who_is_told_is_forgotten_with_the_last_step(pair: Pair) -> None:
    await pair.uploaded()
    assert await counted(pair.one, "documents WHERE user_id IS NOT NULL") == 0


async def test_what_nobody_was_told_of_is_found(pair: Pair) -> None:
    pair.air.silent = True
    (made,) = await pair.one.documents.add("ann", [upload()])
    await pair.one.has(made.id)
    assert pair.two.indexed == {}
    await pair.two.documents.follower.look()
    await pair.two.has(made.id)


async def test_whoever_may_have_missed_something_looks(pair: Pair) -> None:
    pair.air.silent = True
    (made,) = await pair.one.documents.add("ann", [upload()])
    pair.air.back()
    await pair.two.has(made.id)


async def test_what_is_deleted_on_one_is_gone_from_all_and_its_file_too(pair: Pair) -> None:
    made = await pair.uploaded()
    await pair.two.documents.delete(made.id)
    assert pair.two.indexed == {}
    await pair.one.has()
    for each in (pair.one, pair.two):
        assert await each.documents.list() == []
        for call in (each.documents.get, each.documents.delete):
            with pytest.raises(ChatError) as refused:
                await call(made.id)
            assert refused.value.code is Code.NOT_FOUND
    assert await counted(pair.one, "originals") == 0


@pytest.mark.parametrize("document_id", ["../../etc/passwd", "\0", "\N{SNOWMAN}"])
async def test_an_unknown_document_is_not_found(pair: Pair, document_id: str) -> None:
    for call in (pair.one.documents.get, pair.one.documents.delete):
        with pytest.raises(ChatError) as refused:
            await call(document_id)
        assert refused.value.code is Code.NOT_FOUND


async def test_what_is_deleted_while_others_read_it_comes_into_no_index(pair: Pair) -> None:
    pair.two.corpus.open.clear()
    (made,) = await pair.one.documents.add("ann", [upload()])
    await pair.one.has(made.id)
    await until(lambda: pair.two.corpus.began == [made.id])
    await pair.one.documents.delete(made.id)
    await until(lambda: not pair.two.documents._catching_up.lacking)
    pair.two.corpus.open.set()
    (other,) = await pair.one.documents.add("ann", [upload("# Rain\n\nRain falls.")])
    await pair.two.has(other.id)


def not_there(document_id: str) -> bool:
    return False


@pytest.mark.parametrize("heard", [True, False])
async def test_what_is_deleted_just_as_an_index_takes_it_is_taken_out_again(
    pair: Pair, *, heard: bool
) -> None:
    """Nobody has seen it there, since the look that would comes just before. Or nobody was told."""
    pair.two.corpus.taken.clear()
    (made,) = await pair.one.documents.add("ann", [upload()])
    await pair.two.has(made.id)
    pair.air.silent = not heard
    pair.two.corpus.remove = not_there  # type: ignore[method-assign]  # as it was a moment before
    await pair.one.documents.delete(made.id)
    if heard:
        await until(lambda: not pair.two.documents._catching_up.lacking)
    del pair.two.corpus.remove
    pair.two.corpus.taken.set()
    if not heard:
        await until(lambda: not pair.two.documents._catching_up.lacking)
        await pair.two.documents.follower.look()
    await pair.two.has()


async def test_what_cannot_be_read_says_why_on_all_servers(pair: Pair) -> None:
    (made,) = await pair.one.documents.add("ann", [upload(" ")])
    for each in (pair.one, pair.two):
        found = await each.shows(made.id, "failed")
        assert found.error == "It was not read: it is empty."
    told = [each for each in pair.one.told + pair.two.told if each[1] == "failed"]
    assert len(told) == 1


async def test_a_server_that_dies_while_it_reads_leaves_nothing_undone(pair: Pair) -> None:
    """As long as it lives, it is as if it were dead: its gate stays shut."""
    pair.one.corpus.open.clear()
    (made,) = await pair.one.documents.add("ann", [upload()])
    await until(lambda: pair.one.corpus.began == [made.id])
    assert (await pair.one.shows(made.id, "indexed")).passages == 1
    assert pair.one.indexed == {}


async def test_one_that_was_alone_and_died_begins_again(url: str, tmp_path: Path) -> None:
    air, clock = Air(), SettableClock()
    async with side(url, tmp_path, air, clock, "one") as one:
        one.corpus.open.clear()
        (made,) = await one.documents.add("ann", [upload()])
        await one.shows(made.id, "indexing")
        one.corpus.open.set()
        one.documents._catching_up._closing = True
    async with side(url, tmp_path, air, clock, "two") as two:
        await two.shows(made.id, "indexed")
        assert two.told == [("ann", "indexed", 1.0)]


async def test_one_that_died_before_it_said_so_says_so_and_reads_nothing_again(pair: Pair) -> None:
    made = await pair.uploaded()
    await pair.one.register.do(
        lambda c: c.exec_driver_sql(
            "UPDATE documents SET status = 'indexing', revision = nextval('documents_revision')"
        )
    )
    began = (list(pair.one.corpus.began), list(pair.two.corpus.began))
    await pair.one.documents.follower.look()
    await pair.one.shows(made.id, "indexed")
    assert (list(pair.one.corpus.began), list(pair.two.corpus.began)) == began


async def test_what_one_fails_at_and_another_does_not_is_indexed(pair: Pair) -> None:
    pair.one.corpus.broken = True
    pair.two.corpus.open.clear()
    (made,) = await pair.one.documents.add("ann", [upload()])
    await until(lambda: pair.two.corpus.began == [made.id])
    assert (await pair.one.shows(made.id, "failed")).error == BROKEN
    pair.two.corpus.open.set()
    assert (await pair.one.shows(made.id, "indexed")).error is None


async def test_a_server_catches_up_while_it_serves(pair: Pair) -> None:
    first = await pair.uploaded()
    async with pair.another("three", start=False) as three:
        three.corpus.open.clear()
        await three.documents.start()
        assert await three.shown() == [(first.id, "indexed")]
        await until(lambda: three.corpus.began == [first.id])
        three.corpus.open.set()
        await three.has(first.id)


async def test_what_was_deleted_while_it_was_away_is_out_before_a_server_is_ready(pair: Pair) -> None:
    made = await pair.uploaded()
    async with pair.another("three") as three:
        await three.has(made.id)
    await pair.one.documents.delete(made.id)
    pair.clock.forward(31 * DAY)
    await pair.two.register.do(rows.forget, pair.clock())
    assert await counted(pair.two, "documents") == 0
    async with pair.another("three") as three:
        assert three.indexed == {}


async def test_it_is_told_of_a_deletion_for_thirty_days(pair: Pair) -> None:
    made = await pair.uploaded()
    await pair.one.documents.delete(made.id)
    for days, left in ((29, 1), (2, 0)):
        pair.clock.forward(days * DAY)
        await pair.one.documents.follower._compare()
        assert await counted(pair.one, "documents") == left


async def test_what_only_one_had_before_is_taken_out(pair: Pair) -> None:
    async with pair.another("three", start=False) as three:
        three.corpus.add(
            Document("old", "Old", "old.md", "text/markdown", 5, pair.clock()),
            b"# Old\n\nOld.",
            lambda _: None,
        )
        await three.documents.start()
        assert three.indexed == {}


async def test_vectors_of_another_model_are_made_anew(pair: Pair) -> None:
    made = await pair.uploaded()
    pair.two.embedder.name = "other"
    await pair.two.documents.follower._compare()
    await until(lambda: pair.two.indexed[made.id] != "")


async def test_a_database_that_has_gone_back_is_followed_back(pair: Pair) -> None:
    made = await pair.uploaded()
    await pair.one.register.do(lambda c: c.exec_driver_sql("DELETE FROM documents"))
    for each in (pair.one, pair.two):
        await each.documents.follower.look()
        assert each.indexed == {}, made


async def test_all_uploads_of_a_form_are_kept_or_none(pair: Pair) -> None:
    broken = upload()
    broken.file.close()
    with pytest.raises(ValueError, match="closed"):
        await pair.one.documents.add("ann", [upload(), broken])
    assert await pair.one.documents.list() == []
    assert await counted(pair.one, "originals") == 0


@pytest.mark.parametrize("size", [rows.PIECE - 1, rows.PIECE, rows.PIECE + 1])
async def test_a_large_file_comes_back_as_it_was(pair: Pair, size: int) -> None:
    text = ("# Large\n\n" + "word " * rows.PIECE)[:size]
    for each in (pair.one, pair.two):
        each.corpus.open.clear()
    (made,) = await pair.one.documents.add("ann", [upload(text)])
    assert await counted(pair.one, "originals") == 1 + (size > rows.PIECE)
    digest = (await pair.one.register.read(rows.digests))[made.id]
    found = await pair.two.register.do(rows.original, made.id, digest)
    assert found is not None
    assert found.data == text.encode()
    await pair.one.documents.delete(made.id)


async def test_whoever_sees_a_revision_has_seen_all_before_it(pair: Pair, url: str) -> None:
    """The first has its number already, and is committed after the second is asked for."""
    engine = writing_engine(url)
    first, second = (rows.New(_made(name, pair.clock), "digest", upload().file) for name in ("a", "b"))
    with engine.connect() as connection, connection.begin() as transaction:
        rows.put(connection, [first])
        later = asyncio.create_task(pair.one.register.do(rows.put, [second]))
        while not await counted(pair.one, "pg_locks WHERE NOT granted"):
            assert not later.done()
        assert await pair.one.register.read(rows.changes, 0) == rows.Changes(0, whole=False, found=[])
        transaction.commit()
        await later
    engine.dispose()
    changes = await pair.one.register.read(rows.changes, 0)
    assert [each.id for each in changes.found] == ["a", "b"]


def _made(document_id: str, clock: SettableClock) -> Document:
    return Document(document_id, "t", "t.md", "text/markdown", 1, clock())


async def test_what_cannot_be_kept_just_now_is_refused_and_may_be_sent_again(pair: Pair, url: str) -> None:
    engine = writing_engine(url)
    with postgres_locked(engine), pytest.raises(ChatError) as refused:
        await pair.one.documents.add("ann", [upload()])
    engine.dispose()
    assert refused.value.code is Code.STORAGE_UNAVAILABLE
    assert refused.value.retry_after_ms == 1000
    assert pair.one.told == []
    await pair.uploaded()


async def test_what_is_read_while_the_database_is_away_is_said_when_it_is_back(
    pair: Pair, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catching_up, "RETRY_S", 0.01)
    for each in (pair.one, pair.two):
        each.corpus.open.clear()
    (made,) = await pair.one.documents.add("ann", [upload()])
    await until(lambda: pair.two.corpus.began == pair.one.corpus.began == [made.id])
    engine = writing_engine(url)
    with postgres_locked(engine):
        for each in (pair.one, pair.two):
            each.corpus.open.set()
            await each.has(made.id)
    engine.dispose()
    await pair.one.shows(made.id, "indexed")


async def test_what_fails_at_the_start_is_tried_again_while_others_are_served(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await pair.uploaded()
    async with pair.another("three", start=False) as three:
        with monkeypatch.context() as broken, capture_logs() as logs:
            broken.setattr(three.corpus, "digests", lambda: 1 / 0)
            await three.documents.start()
        assert [each["error"] for each in logs] == ["ZeroDivisionError"]
        three.documents.follower.wake()
        await three.has(made.id)


async def test_servers_may_share_an_index_too(pair: Pair) -> None:
    async with pair.another("one") as same:
        made = await pair.uploaded()
        await until(lambda: not same.documents._catching_up.lacking)
        await pair.one.documents.delete(made.id)
        assert same.indexed == {}
        assert await same.documents.list() == []
