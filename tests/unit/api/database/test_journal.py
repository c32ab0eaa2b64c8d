"""Whatever happens on its way into the log, a piece is there once, and in its place."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, event

import api
from api.core.events import Piece
from api.database import journal as journal_module
from api.database import prepared
from api.database.engine import reading_engine, writing_engine
from api.database.journal import Entry, Journal, lay_down_all
from api.database.tables import metadata
from api.log.rows import after, load

Log = dict[str, list[Piece]]
SESSIONS = "abc"


def _hasty(connection: Any, _: Any) -> None:
    """These files need not outlive the machine."""
    connection.execute("PRAGMA synchronous=OFF")


def piece(session: str, seq: int) -> Piece:
    return Piece(session, seq, f"answer {session}", seq - 1, f"{seq % 10}")


def fences(pieces: Sequence[Piece]) -> list[str]:
    return [f"fence {each.session_id}" for each in pieces]


def ends(entry: Entry, sessions: str) -> list[int]:
    """The number of each one's last piece for whoever writes its answer, if it is in the journal."""
    return [entry.end_for(each, f"answer {each}", f"fence {each}") for each in sessions]


class World:
    """A writer's side and a reader's of one database, and what it must hold: `log` is what was committed."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.log: Log = {session: [] for session in SESSIONS}
        self.start()

    def start(self) -> None:
        url = f"sqlite:///{self.file}"
        self.engine, self.reading, self.journal = writing_engine(url), reading_engine(url, 1), Journal()
        event.listen(self.engine, "connect", _hasty)
        with self.engine.begin() as connection:
            metadata.create_all(connection)
            lay_down_all(connection)

    def stop(self) -> None:
        self.engine.dispose()
        self.reading.dispose()

    @contextmanager
    def entry(self) -> Iterator[Entry]:
        """A transaction that is committed if nothing is raised within."""
        with self.engine.connect() as connection:
            with connection.begin():
                entry = self.journal.entry(connection)
                yield entry
            entry.made()

    def following(self, sessions: str) -> list[Piece]:
        """The next piece of each."""
        return [piece(session, len(self.log[session]) + 1) for session in sessions]

    def committed(self, pieces: Sequence[Piece]) -> None:
        for each in pieces:
            self.log[each.session_id].append(each)

    def say(self, sessions: str) -> None:
        pieces = self.following(sessions)
        with self.entry() as entry:
            entry.add(pieces, fences(pieces))
        self.committed(pieces)

    def read(self, session: str, seq: int = 0) -> list[object]:
        """As everybody does: first what waits, and then the database."""
        waiting = self.journal.of_session(session)
        with self.reading.begin() as connection:
            return [load(row) for row in after(connection, session, seq, 10_000, waiting)]

    def rows(self) -> int:
        with self.reading.begin() as connection:
            return int(connection.exec_driver_sql("SELECT count(*) FROM journal").scalar_one())

    def is_right(self) -> None:
        for session, pieces in self.log.items():
            for seq in (0, len(pieces) // 2, len(pieces)):
                assert self.read(session, seq) == pieces[seq:]
            assert self.journal.end(session) in {0, len(pieces)}
        assert self.rows() or not any(map(self.journal.of_session, SESSIONS))

    def takes_nothing_back(self, told: dict[str, int]) -> None:
        """Of what a failed commit has made after all nobody knows yet; the next one tells."""
        for session, pieces in self.log.items():
            found = self.read(session)
            assert found == pieces[: len(found)]
            assert max(len(found), self.journal.end(session)) >= told[session]


@pytest.fixture
def world(file: Path) -> Iterator[World]:
    found = World(file)
    yield found
    found.is_right()
    found.stop()


def test_what_a_commit_has_is_one_row_and_goes_down_at_the_end(world: World) -> None:
    for _ in range(3):
        world.say("abc")
    assert world.rows() == 3
    assert in_events(world) == 0
    with world.entry() as entry:
        entry.lay_down("b")
    assert (world.rows(), in_events(world)) == (3, 3)
    world.is_right()
    for session in "ac":
        with world.entry() as entry:
            entry.lay_down(session)
    assert (world.rows(), in_events(world)) == (0, 9)


def test_what_a_commit_adds_goes_down_in_the_same_one(world: World) -> None:
    world.say("a")
    pieces = world.following("ab")
    with world.entry() as entry:
        entry.add(pieces, fences(pieces))
        assert ends(entry, "abc") == [2, 1, 0]
        entry.lay_down("a")
        assert ends(entry, "ab") == [0, 1]
    world.committed(pieces)
    assert (world.rows(), in_events(world)) == (1, 2)


def test_only_whoever_writes_an_answer_finds_its_end(world: World) -> None:
    world.say("a")
    with world.entry() as entry:
        assert entry.end_for("a", "answer a", "another fence") == 0
        assert entry.end_for("a", "another answer", "fence a") == 0
        assert ends(entry, "a") == [1]


def test_of_what_is_rolled_back_nothing_is_left(world: World) -> None:
    world.say("ab")
    _spoiled(world, "ab")
    world.is_right()
    assert in_events(world) == 0


@pytest.mark.parametrize("made", [True, False])
def test_after_a_commit_of_which_nobody_knows_the_table_tells(world: World, *, made: bool) -> None:
    world.say("ab")
    world.say("b")
    unsure(world, "ab", made=made)
    assert world.journal.end("a") == 1, "what was known before is still true"
    with world.entry() as entry:
        assert ends(entry, "ab") == [0, 0]
    world.is_right()
    assert world.rows() == 0
    world.say("ab")


def unsure(world: World, sessions: str, *, made: bool) -> None:
    pieces = world.following(sessions)
    with world.engine.connect() as connection:
        transaction = connection.begin()
        entry = world.journal.entry(connection)
        entry.add(pieces, fences(pieces))
        entry.lay_down(sessions[0])
        if made:
            transaction.commit()
            world.committed(pieces)
        else:
            transaction.rollback()
    world.journal.doubt()


def test_what_another_process_has_written_is_seen(world: World) -> None:
    world.say("ab")
    other = Journal()
    engine = writing_engine(f"sqlite:///{world.file}")
    pieces = world.following("c")
    with engine.connect() as connection:
        with connection.begin():
            entry = other.entry(connection)
            entry.add(pieces, fences(pieces))
        entry.made()
    engine.dispose()
    world.committed(pieces)
    with world.entry() as entry:
        entry.lay_down("c")
    world.is_right()
    assert in_events(world) == 3


def test_before_something_is_erased_the_journal_is_empty(world: World) -> None:
    world.say("ab")
    with world.entry() as entry:
        entry.lay_down("a")
    with world.entry() as entry:
        entry.lay_down_all()
        erased = "DELETE FROM events WHERE session_id = 'a'"
        entry._connection.exec_driver_sql(erased)
    world.log["a"] = []
    world.stop()
    world.start()
    assert world.rows() == 0


def test_whoever_speaks_for_long_goes_down_in_portions(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "LAID_AFTER", 10)
    most = 0
    for turn in range(200):
        before = in_events(world)
        world.say("abc" if turn % 3 else "a")
        world.is_right()
        most = max(most, in_events(world) - before)
    assert world.rows() <= 13
    assert most <= 20, "sessions go down one after the other"


def test_one_who_says_little_does_not_hold_the_journal(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "LAID_AFTER", 10)
    world.say("c")
    for _ in range(30):
        world.say("a")
    assert world.rows() <= 11
    assert not world.journal.of_session("c")


def test_of_an_answer_is_found_what_waits_in_its_session(world: World) -> None:
    world.say("abc")
    assert world.journal.of_answer("answer b") == world.log["b"]
    assert world.journal.of_answer("another") == ()


def in_events(world: World) -> int:
    with world.reading.begin() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM events").scalar_one())


# Kills


def test_wherever_it_is_killed_the_next_start_finds_all_that_was_committed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files are copied around each statement and after each commit, as a killed process leaves them."""
    monkeypatch.setattr(journal_module, "LAID_AFTER", 3)
    world = World(tmp_path / "chat.db")
    left: list[tuple[Path, Log]] = []

    def killed() -> None:
        folder = tmp_path / f"killed {len(left)}"
        folder.mkdir()
        for file in tmp_path.glob("chat.db*"):
            shutil.copy(file, folder)
        left.append((folder / "chat.db", {session: list(said) for session, said in world.log.items()}))

    execute = prepared._execute

    def watched(connection: Connection, sql: str, given: Any, **how: bool) -> Any:
        if connection.engine is world.engine:
            killed()
        found = execute(connection, sql, given, **how)
        if connection.engine is world.engine:
            killed()
        return found

    monkeypatch.setattr(prepared, "_execute", watched)
    for sessions in ("a", "ab", "abc", "c", "ab", "abc", "a"):
        world.say(sessions)
        killed()
    for session in "bac":
        with world.entry() as entry:
            entry.lay_down(session)
        killed()
    world.stop()
    monkeypatch.setattr(prepared, "_execute", execute)
    assert len(left) > 40
    for file, log in left:
        after_it = World(file)
        after_it.log = log
        after_it.is_right()
        assert after_it.rows() == 0
        after_it.say("abc")
        after_it.is_right()
        after_it.stop()


def test_a_start_that_is_killed_while_it_lays_down_is_begun_again(world: World) -> None:
    world.say("ab")
    world.say("b")
    for _ in range(2):
        with world.engine.connect() as connection, connection.begin() as transaction:
            lay_down_all(connection)
            transaction.rollback()
        world.stop()
        assert (world.rows(), in_events(world)) == (2, 0)
    world.start()
    assert (world.rows(), in_events(world)) == (0, 3)


# Anything, in any order


def _end(world: World, sessions: str) -> None:
    with world.entry() as entry:
        for session in sessions:
            entry.lay_down(session)


def _say_more(world: World, sessions: str) -> None:
    for _ in range(7):
        world.say(sessions)


def _both(world: World, sessions: str) -> None:
    """Ends some answers in the commit that adds to others, and to them."""
    pieces = world.following("abc")
    with world.entry() as entry:
        entry.lay_down("c")
        entry.add(pieces, fences(pieces))
        for session in sessions:
            entry.lay_down(session)
    world.committed(pieces)


def _spoiled(world: World, sessions: str) -> None:
    with world.engine.connect() as connection, connection.begin() as transaction:
        entry = world.journal.entry(connection)
        entry.lay_down(sessions[0])
        pieces = world.following(sessions)
        entry.add(pieces, fences(pieces))
        transaction.rollback()


def _restart(world: World, _: str) -> None:
    world.stop()
    world.start()


def _all(world: World, sessions: str) -> None:
    pieces = world.following(sessions)
    with world.entry() as entry:
        entry.add(pieces, fences(pieces))
        entry.lay_down_all()
    world.committed(pieces)
    assert world.rows() == 0


STEPS: dict[str, Callable[[World, str], None]] = {
    "say": World.say,
    "say more": _say_more,
    "end": _end,
    "both": _both,
    "spoiled": _spoiled,
    "made after all": lambda world, sessions: unsure(world, sessions, made=True),
    "not made": lambda world, sessions: unsure(world, sessions, made=False),
    "restart": _restart,
    "all": _all,
}
SOME = st.sets(st.sampled_from(SESSIONS), min_size=1).map(lambda some: "".join(sorted(some)))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(sorted(STEPS)), SOME), max_size=25), st.integers(0, 6))
def test_nothing_is_lost_doubled_or_moved(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str]], laid_after: int
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(journal_module, "LAID_AFTER", laid_after)
        world = World(folder / "chat.db")
        doubtful, told = False, dict.fromkeys(SESSIONS, 0)
        for name, sessions in steps:
            STEPS[name](world, sessions)
            doubtful = name == "made after all" or (doubtful and name in {"not made", "spoiled"})
            if doubtful:
                world.takes_nothing_back(told)
            else:
                world.is_right()
                told = {session: len(said) for session, said in world.log.items()}
        _all(world, SESSIONS)
        world.is_right()
        world.stop()
    with sqlite3.connect(folder / "chat.db") as file:
        found = file.execute("SELECT session_id, seq, body FROM events ORDER BY session_id, seq").fetchall()
    file.close()
    said = [(each.session_id, each.seq, each.content) for session in SESSIONS for each in world.log[session]]
    assert found == said
    shutil.rmtree(folder)


def test_whoever_erases_events_empties_the_journal_first() -> None:
    """What has gone down may still be in it, and the next start would bring it back."""
    sources = [path.read_text() for path in Path(api.__file__).parent.rglob("*.py")]
    erasing = [source for source in sources if "delete(events)" in source]
    assert erasing
    assert all("journal.lay_down_all()" in source for source in erasing)
