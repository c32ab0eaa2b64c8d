import errno
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import anyio
import pytest
from structlog.testing import capture_logs

from api.core.errors import ChatError, Code
from api.documents import documents as documents_module
from api.documents.indexing import BROKEN
from api.documents.model import Document, Pending, Upload
from api.documents.uploads import Uploads

pytestmark = pytest.mark.anyio

MakeUpload = Callable[..., Upload]


@pytest.fixture
async def running(bench: Any) -> AsyncIterator[Any]:
    await bench.documents.start()
    yield bench
    bench.corpus.open.set()
    await bench.documents.close()


async def ids(bench: Any) -> list[str]:
    return [each.id for each in await bench.documents.list()]


async def test_an_upload_becomes_a_document(running: Any, make_upload: MakeUpload) -> None:
    (queued,) = await running.documents.add("anna", [make_upload("the text")])
    assert (queued.status, queued.title, queued.bytes) == ("queued", "notes", 8)
    indexed = await running.until(queued.id, "indexed")
    assert (indexed.passages, indexed.progress) == (3, 1.0)
    assert running.corpus.data[queued.id] == b"the text"
    assert await running.documents.get(queued.id) == indexed
    assert running.left() == []


async def test_its_user_hears_of_every_step(running: Any, make_upload: MakeUpload) -> None:
    (queued,) = await running.documents.add("anna", [make_upload()])
    await running.until(queued.id, "indexed")
    heard = [(user, each.status, each.progress) for user, each in running.told]
    assert heard == [
        ("anna", "queued", 0.0),
        ("anna", "indexing", 0.0),
        ("anna", "indexing", 0.25),
        ("anna", "indexing", 0.5),
        ("anna", "indexing", 1.0),
        ("anna", "indexed", 1.0),
    ]


async def test_one_is_indexed_after_the_other(running: Any, make_upload: MakeUpload) -> None:
    running.corpus.open.clear()
    first, second = await running.documents.add("anna", [make_upload(), make_upload()])
    await running.until(first.id, "indexing")
    assert (await running.documents.get(second.id)).status == "queued"
    running.corpus.open.set()
    await running.until(second.id, "indexed")
    assert running.corpus.began == [first.id, second.id]


async def test_the_list_has_uploads_and_what_was_ingested_newest_first(
    running: Any, make_upload: MakeUpload
) -> None:
    running.corpus.open.clear()
    first, second = await running.documents.add("anna", [make_upload(), make_upload()])
    older = replace(first, id="older", created_at=first.created_at.replace(year=2020), status="indexed")
    running.corpus.kept["older"] = older
    assert await ids(running) == [second.id, first.id, "older"]


async def test_a_document_is_in_the_list_at_every_moment_of_its_indexing(
    running: Any, make_upload: MakeUpload, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The corpus is read just before the upload is committed to it, and answered just after."""
    running.corpus.open.clear()
    (document,) = await running.documents.add("anna", [make_upload()])
    await running.until(document.id, "indexing")
    stale = running.corpus.documents

    def slow_once() -> list[Document]:
        found = stale()
        monkeypatch.setattr(running.corpus, "documents", stale)
        running.corpus.open.set()
        anyio.from_thread.run(running.until, document.id, "indexed")
        return list(found)

    monkeypatch.setattr(running.corpus, "documents", slow_once)
    assert await ids(running) == [document.id]


async def test_an_unreadable_upload_stays_with_its_reason_until_deleted(
    running: Any, make_upload: MakeUpload
) -> None:
    running.corpus.reason = "the PDF is encrypted"
    (document,) = await running.documents.add("anna", [make_upload()])
    failed = await running.until(document.id, "failed")
    assert failed.error == "the PDF is encrypted"
    assert await ids(running) == [document.id]
    await running.documents.delete(document.id)
    assert await ids(running) == []
    await running.settled(lambda: running.left() == [])


async def test_a_failure_of_the_server_shows_no_details(running: Any, make_upload: MakeUpload) -> None:
    running.corpus.broken = True
    with capture_logs() as logs:
        (document,) = await running.documents.add("anna", [make_upload()])
        assert (await running.until(document.id, "failed")).error == BROKEN
    assert [(each["document_id"], each["error"]) for each in logs] == [(document.id, "RuntimeError")]
    assert "a secret detail" not in str(logs)


async def test_the_worker_goes_on_after_a_failure(running: Any, make_upload: MakeUpload) -> None:
    running.corpus.broken = True
    (first,) = await running.documents.add("anna", [make_upload()])
    await running.until(first.id, "failed")
    running.corpus.broken = False
    (second,) = await running.documents.add("anna", [make_upload()])
    await running.until(second.id, "indexed")


async def test_an_unknown_document_is_not_found(running: Any) -> None:
    for call in (running.documents.get, running.documents.delete):
        with pytest.raises(ChatError) as refused:
            await call("../../etc/passwd")
        assert refused.value.code is Code.NOT_FOUND


async def test_a_document_that_was_ingested_can_be_deleted(running: Any, make_upload: MakeUpload) -> None:
    (document,) = await running.documents.add("anna", [make_upload()])
    await running.until(document.id, "indexed")
    await running.documents.delete(document.id)
    assert running.corpus.kept == {}
    with pytest.raises(ChatError):
        await running.documents.delete(document.id)


async def test_deleting_what_is_being_indexed_leaves_it_off(running: Any, make_upload: MakeUpload) -> None:
    running.corpus.open.clear()
    (document,) = await running.documents.add("anna", [make_upload()])
    await running.until(document.id, "indexing")
    await running.documents.delete(document.id)
    assert await ids(running) == []
    for call in (running.documents.get, running.documents.delete):
        with pytest.raises(ChatError):
            await call(document.id)
    running.corpus.open.set()
    await running.settled(lambda: running.left() == [])
    assert running.corpus.data == {}
    assert all(each.status != "indexed" for _, each in running.told)


async def test_deleting_just_as_the_corpus_takes_it_takes_it_out_again(
    running: Any, make_upload: MakeUpload
) -> None:
    running.corpus.steps = [1.0]
    running.corpus.open.clear()
    (document,) = await running.documents.add("anna", [make_upload()])
    await running.settled(lambda: running.corpus.began == [document.id])
    await running.documents.delete(document.id)
    running.corpus.open.set()
    await running.settled(lambda: running.left() == [])
    assert running.corpus.kept == {}


async def test_uploads_survive_a_restart(bench: Any, make_upload: MakeUpload) -> None:
    await bench.documents.start()
    bench.corpus.open.clear()
    first, second = await bench.documents.add("anna", [make_upload("one"), make_upload("two")])
    await bench.until(first.id, "indexing")
    bench.documents._closing = True  # as if the process had gone here
    bench.corpus.open.set()
    await bench.documents.close()
    assert bench.corpus.kept == {}
    assert bench.left() == [first.id, second.id]

    bench.told.clear()
    bench.documents = bench.made()
    await bench.documents.start()
    await bench.until(second.id, "indexed")
    await bench.documents.close()
    assert bench.corpus.data == {first.id: b"one", second.id: b"two"}


async def test_a_failure_survives_a_restart_and_is_not_tried_again(
    bench: Any, make_upload: MakeUpload
) -> None:
    await bench.documents.start()
    bench.corpus.reason = "empty"
    (document,) = await bench.documents.add("anna", [make_upload()])
    failed = await bench.until(document.id, "failed")
    await bench.documents.close()
    bench.documents = bench.made()
    await bench.documents.start()
    assert await bench.documents.list() == [failed]
    await bench.documents.close()
    assert bench.corpus.began == [document.id]


async def test_what_was_deleted_stays_deleted_after_a_restart(bench: Any, make_upload: MakeUpload) -> None:
    await bench.documents.add("anna", [make_upload()])  # nothing is indexed: the worker never started
    await bench.documents.delete("d1")
    assert json.loads((bench.folder / "d1" / "upload.json").read_text())["gone"] is True
    bench.documents = bench.made()
    await bench.documents.start()
    assert await bench.documents.list() == []
    await bench.settled(lambda: bench.left() == [])
    await bench.documents.close()
    assert bench.corpus.began == []


async def test_what_cannot_be_kept_is_not_accepted(
    bench: Any, make_upload: MakeUpload, tmp_path: Path
) -> None:
    (tmp_path / "uploads").write_text("a file is in the way")
    with pytest.raises(ChatError) as refused:
        await bench.documents.add("anna", [make_upload()])
    assert refused.value.code is Code.STORAGE_UNAVAILABLE
    assert bench.told == []


async def test_of_several_files_that_cannot_all_be_kept_none_is(
    bench: Any, make_upload: MakeUpload, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = Uploads.keep

    def full_after_the_first(self: Uploads, pending: Pending, file: BinaryIO) -> None:
        if pending.document.id != "d1":
            raise OSError(errno.ENOSPC, "No space left on device")
        keep(self, pending, file)

    monkeypatch.setattr(Uploads, "keep", full_after_the_first)
    with pytest.raises(ChatError) as refused:
        await bench.documents.add("anna", [make_upload(), make_upload(), make_upload()])
    assert refused.value.code is Code.STORAGE_UNAVAILABLE
    assert (bench.left(), bench.told) == ([], [])
    assert await bench.documents.list() == []


async def test_an_index_that_is_away_is_waited_for(
    bench: Any, make_upload: MakeUpload, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents_module, "RETRY_SECONDS", 0.01)
    await bench.documents.start()
    bench.corpus.away = True
    (document,) = await bench.documents.add("anna", [make_upload()])
    await bench.settled(lambda: len(bench.corpus.began) > 1)
    bench.corpus.away = False
    await bench.until(document.id, "indexed")
    await bench.documents.close()
    assert {told.status for _, told in bench.told} == {"queued", "indexing", "indexed"}


async def test_an_index_that_is_away_is_told_to_whoever_asks_for_it(bench: Any) -> None:
    bench.corpus.away = True
    for ask in (bench.documents.list(), bench.documents.get("d1"), bench.documents.delete("d1")):
        with pytest.raises(ChatError) as refused:
            await ask
        assert refused.value.code is Code.STORAGE_UNAVAILABLE


async def test_closing_before_a_start_is_harmless(bench: Any) -> None:
    await bench.documents.close()
