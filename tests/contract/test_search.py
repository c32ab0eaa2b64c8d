"""What somebody has said or been told is found again, by that person alone."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import select

from api.core.lifecycle import Status
from api.core.query import parse
from api.core.records import Hit
from api.database.tables import search_terms, searchable
from api.database.writer import Transaction
from api.store import archive, indexing, search
from tests.support.backends import Backend, Sent, another_server

pytestmark = pytest.mark.anyio


async def found(backend: Backend, text: str, user: str = "ann", limit: int = 50) -> Sequence[Hit]:
    return await backend.archive.search(user, parse(text), limit)


async def ids(backend: Backend, text: str, user: str = "ann", limit: int = 50) -> list[str]:
    return [hit.message_id for hit in await found(backend, text, user, limit)]


def question(sent: Sent) -> str:
    return sent.accepted.user_message_id


async def test_questions_and_answers_are_found_with_their_place(backend: Backend) -> None:
    sent = await backend.exchange("The heron is grey.", content="What is a heron?")
    by_index = sorted(await found(backend, "heron"), key=lambda hit: hit.index)
    assert by_index == [
        Hit(sent.session_id, question(sent), 1, "What is a heron?"),
        Hit(sent.session_id, sent.answer_id, 2, "The heron is grey."),
    ]


async def test_all_words_must_be_there_and_the_last_may_be_a_beginning(backend: Backend) -> None:
    sent = await backend.send("Grey herons at the lake")
    for text in ("grey", "lake grey", "grey he", "HERONS", "hérons gr"):
        assert await ids(backend, text) == [question(sent)], text
    for text in ("black", "grey black", "he grey", "reyg", "eron"):
        assert await ids(backend, text) == [], text


async def test_other_scripts_are_found_as_well(backend: Backend) -> None:
    sent = await backend.send("大语言模型的训练 हिन्दी ไทย Ёлка")
    for text in ("模型", "模型的训练", "模", "练", "हिन्दी", "ไทย", "елка"):
        assert await ids(backend, text) == [question(sent)], text
    assert await ids(backend, "型模") == []


TYPED = (
    *(
        '"heron',
        'heron"',
        "heron*",
        "heron AND",
        "NOT heron",
        "heron OR x",
        "(heron",
        "terms:heron",
        "^heron",
    ),
    *(
        "heron -grey",
        "heron + grey",
        "NEAR(heron)",
        "heron\0grey",
        "'; DROP TABLE messages; --heron",
        ":user",
    ),
    *("heron " * 160, "x" * 1000, "一" * 1000, "{heron}", "heron:", "% heron _", "\\ heron", "heron?"),
)


@pytest.mark.parametrize("text", TYPED)
async def test_nothing_that_is_typed_is_an_operator(backend: Backend, text: str) -> None:
    await backend.send("unrelated")
    assert await ids(backend, text) == []
    sent = await backend.send(text.replace("\0", " "))
    assert await ids(backend, text) == [question(sent)]


async def test_nobody_finds_what_another_has_said(backend: Backend) -> None:
    bobs = await backend.exchange("A heron.", user="bob", content="heron?")
    assert await ids(backend, "heron") == []
    assert await ids(backend, "he") == []
    assert set(await ids(backend, "heron", "bob")) == {question(bobs), bobs.answer_id}


async def test_what_stands_under_anothers_mark_by_chance_is_not_shown(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.core.words._mark", lambda _: "same")
    bobs = await backend.exchange("A heron.", user="bob")
    assert await ids(backend, "heron") == []
    assert await ids(backend, "heron", "bob") == [bobs.answer_id]


async def test_the_best_come_first_and_of_equals_the_newest(backend: Backend) -> None:
    often = await backend.send("heron heron heron")
    equals = [await backend.send("one heron flies") for _ in range(3)]
    long = await backend.send("heron and many other birds that live at the lake, all of them grey")
    assert await ids(backend, "heron") == [
        question(often),
        *(question(sent) for sent in reversed(equals)),
        question(long),
    ]
    assert await ids(backend, "heron", limit=2) == [question(often), question(equals[-1])]


async def test_of_very_many_the_newest_are_looked_at(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "CANDIDATES", 3)
    await backend.send("heron")
    newer = [await backend.send("heron on the lake") for _ in range(3)]
    assert await ids(backend, "heron") == [question(sent) for sent in reversed(newer)]


async def test_more_hits_than_are_read_at_once_keep_their_order(backend: Backend) -> None:
    sent = [await backend.send(f"heron {number}") for number in range(2 * search.READ_TEXTS + 1)]
    assert await ids(backend, "heron") == [question(each) for each in reversed(sent)]


async def test_an_answer_is_found_once_it_has_ended_however_it_ends(backend: Backend) -> None:
    sent = await backend.send("birds?")
    await backend.say(sent, "a grey ", "heron")
    assert await ids(backend, "heron") == []
    await backend.end(sent, Status.INTERRUPTED)
    assert await ids(backend, "grey heron") == [sent.answer_id]


async def test_an_answer_without_text_is_not_found_and_does_no_harm(backend: Backend) -> None:
    sent = await backend.send("birds?")
    await backend.end(sent, Status.FAILED)
    assert await ids(backend, "birds") == [question(sent)]


async def test_a_repeated_send_is_found_once(backend: Backend) -> None:
    await backend.exchange(key="k", content="heron")
    await backend.send("heron", key="k")
    assert len(await ids(backend, "heron")) == 1


async def test_a_deleted_session_is_not_found_from_that_moment(backend: Backend) -> None:
    kept, deleted = await backend.exchange("heron"), await backend.exchange("heron")
    await backend.store.delete("ann", deleted.session_id)
    assert await ids(backend, "heron") == [kept.answer_id]


async def test_an_erased_session_leaves_no_entry(backend: Backend) -> None:
    kept, deleted = await backend.exchange("heron"), await backend.exchange("heron")
    await backend.indexed()
    await backend.store.delete("ann", deleted.session_id)
    while await backend.store.purge(backend.clock() + timedelta(seconds=1)):
        pass
    assert await ids(backend, "heron") == [kept.answer_id]
    assert await backend.change(entries) == {question(kept), kept.answer_id}
    again = await backend.exchange("heron")
    assert await ids(backend, "heron") == [again.answer_id, kept.answer_id]


def entries(transaction: Transaction) -> set[str]:
    table = searchable if transaction.connection.dialect.name == "sqlite" else search_terms
    rows = transaction.connection.execute(select(table.c.message_id))
    return {row.message_id for row in rows}


async def test_what_was_erased_before_its_words_were_indexed_leaves_no_entry(backend: Backend) -> None:
    sent = await backend.exchange("heron")
    waiting = await backend.database.readers.read(indexing.waiting)
    await backend.store.delete("ann", sent.session_id)
    while await backend.store.purge(backend.clock() + timedelta(seconds=1)):
        pass
    await backend.change(partial(indexing.index, entries=waiting))
    assert len(waiting) == 2
    assert await backend.change(entries) == set()


async def test_what_waits_to_be_indexed_outlives_the_process(backend: Backend, tmp_path: Path) -> None:
    sent = await backend.exchange("heron")
    assert await backend.change(entries) == set()
    async with another_server(backend, tmp_path, "successor") as successor:
        assert await ids(successor, "heron") == [sent.answer_id]


async def test_however_much_waits_a_search_finds_all_of_it(backend: Backend) -> None:
    sent = [await backend.send("heron") for _ in range(2 * indexing.MESSAGES + 1)]
    assert await ids(backend, "heron") == [question(each) for each in reversed(sent)]


async def test_searches_at_once_index_what_waits_once(backend: Backend) -> None:
    sent = await backend.exchange("heron")
    async with backend.commit_under_way():
        searches = [asyncio.ensure_future(ids(backend, "heron")) for _ in range(4)]
        await asyncio.sleep(0)
    assert await asyncio.gather(*searches) == [[sent.answer_id]] * 4
    assert await backend.change(entries) == {question(sent), sent.answer_id}


async def test_a_search_has_its_owners_words_indexed_and_no_others(backend: Backend) -> None:
    bobs, mine = await backend.send("heron", user="bob"), await backend.send("heron")
    assert await ids(backend, "heron") == [question(mine)]
    assert await backend.change(entries) == {question(mine)}
    assert await ids(backend, "heron", "bob") == [question(bobs)]


async def test_a_search_waits_for_its_words_but_not_for_ever(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "INDEXING_S", 0.01)
    before = await backend.send("heron")
    await backend.indexed()
    after = await backend.send("heron")
    async with backend.commit_under_way():
        assert await ids(backend, "heron") == [question(before)]
    monkeypatch.undo()
    assert await ids(backend, "heron") == [question(after), question(before)]


async def test_while_nothing_can_be_written_what_was_indexed_before_is_found(backend: Backend) -> None:
    before = await backend.send("heron")
    await backend.indexed()
    after = await backend.send("heron")
    with backend.locked():
        assert await ids(backend, "heron") == [question(before)]
    assert await ids(backend, "heron") == [question(after), question(before)]


async def test_a_replaced_attempt_is_not_found(backend: Backend) -> None:
    first = await backend.exchange("grey heron")
    second = await backend.attempt(first, "grey heron")
    assert await ids(backend, "heron") == [second.answer_id]
    assert await ids(backend, "what") == [question(first)]


async def test_what_is_committed_at_the_second_attempt_is_found_once(backend: Backend) -> None:
    def broken(_: Any) -> None:
        raise RuntimeError

    async with backend.commit_under_way():
        sent = asyncio.ensure_future(backend.send("heron"))
        await asyncio.sleep(0)
        failing = backend.writer.submit(broken, durable=False)
    with pytest.raises(RuntimeError):
        await failing
    assert await ids(backend, "heron") == [question(await sent)]


async def test_a_text_with_more_words_than_an_index_can_hold_is_found_by_its_beginning(
    backend: Backend,
) -> None:
    chance = Random(1)
    many = "".join(chr(chance.randrange(0x4E00, 0x9FFF)) for _ in range(100_000))
    sent = await backend.send()
    appender = backend.log.appender(sent.claim)
    for start in range(0, len(many), 4000):
        appender.write(many[start : start + 4000])
        await appender.flushed()
    await backend.end(sent)
    await backend.indexed()  # which takes longer than a search would wait
    assert await ids(backend, many[10:14]) == [sent.answer_id]
    other = await backend.send("heron")
    assert await ids(backend, "heron") == [question(other)]
