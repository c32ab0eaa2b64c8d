"""Nothing is confirmed that goes into a file which nobody will find again."""

import shutil
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text

from api.core.errors import ChatError, Code
from tests.support.backends import Backend

pytestmark = pytest.mark.anyio

WORDS = "the database file was moved, replaced or deleted"


@pytest.fixture
def file(backend: Backend) -> Path:
    return Path(str(backend.database.writing.url.database))


def replaced(file: Path) -> bytes:
    """Puts a copy in its place, as a restore by hand does; returns what it holds."""
    copy = file.with_name("copy.db")
    shutil.copyfile(file, copy)
    copy.replace(file)
    return file.read_bytes()


def there(file: Path) -> bool:
    return file.exists()


def delete(file: Path) -> None:
    file.unlink()


def held(file: Path) -> bytes:
    return file.read_bytes()


async def refused(backend: Backend) -> None:
    with pytest.raises(ChatError) as found:
        await backend.send()
    assert found.value.code is Code.STORAGE_UNAVAILABLE
    assert backend.writer.trouble.reason == WORDS


async def test_a_database_that_was_moved_away_is_written_again_when_it_is_back(
    backend: Backend, file: Path, tmp_path: Path
) -> None:
    before = await backend.exchange()
    shutil.move(file, tmp_path / "away.db")
    await refused(backend)
    await refused(backend)
    assert not there(file), "an empty one in its place would be taken for the history"
    shutil.move(tmp_path / "away.db", file)
    after = await backend.exchange()
    for each in (before, after):
        assert (await backend.store.message("ann", each.answer_id)).content == "Fine."
    assert backend.writer.trouble.reason is None


async def test_a_database_that_was_replaced_is_left_alone(
    backend: Backend, file: Path, tmp_path: Path
) -> None:
    await backend.exchange()
    content = replaced(file)
    await refused(backend)
    assert held(file) == content


async def test_a_log_of_changes_that_was_deleted_is_noticed(backend: Backend, file: Path) -> None:
    await backend.exchange()
    delete(Path(f"{file}-wal"))
    await refused(backend)


async def test_readers_make_no_empty_database_either(backend: Backend, file: Path, tmp_path: Path) -> None:
    sent = await backend.exchange()
    await backend.database.readers.close()  # so that the next read connects anew
    shutil.move(file, tmp_path / "away.db")
    with pytest.raises(ChatError) as found:
        await backend.store.message("ann", sent.answer_id)
    assert found.value.code is Code.STORAGE_UNAVAILABLE
    assert not there(file)
    shutil.move(tmp_path / "away.db", file)
    assert (await backend.store.message("ann", sent.answer_id)).content == "Fine."


async def test_a_writer_that_connects_anew_goes_on(backend: Backend) -> None:
    """The log of changes may be another one then."""
    await backend.exchange()
    await backend.database.readers.close()

    def broken_off(_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    with pytest.MonkeyPatch.context() as failing:
        failing.setattr(backend.database.writing.dialect, "do_rollback", broken_off)
        with pytest.raises(ChatError):
            await backend.change(lambda found: found.connection.execute(text("SELECT * FROM nowhere")))
    await backend.exchange()


async def test_the_end_of_a_server_does_not_mark_another_database(
    backend: Backend, file: Path, tmp_path: Path
) -> None:
    await backend.exchange()
    content = replaced(file)
    await backend.writer.close()
    await backend.database.close()
    assert held(file) == content
