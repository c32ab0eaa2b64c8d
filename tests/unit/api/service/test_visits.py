"""Who follows is known while they do, and noted when they come and go."""

import pytest

from api.core.notes import What
from api.core.records import Position
from api.service.follow import Follower, Start
from api.service.visits import Visitors
from tests.support.clocks import CountedIds
from tests.support.fakes import EPOCH, MemoryLog, RememberedNotes

pytestmark = pytest.mark.anyio

NEW = Start("s", Position(EPOCH, 2), 3, recovered=False)
BACK = Start("s", Position(EPOCH, 1), 3, recovered=True, asked=True)
TOO_OLD = Start("s", Position(EPOCH, 3), 3, recovered=False, asked=True)


def at(seq: int) -> dict[str, object]:
    return {"door": "sse", "connection": "id-00001", "position": {"epoch": EPOCH, "seq": seq}}


@pytest.fixture
def notes() -> RememberedNotes:
    return RememberedNotes()


@pytest.fixture
def visitors(notes: RememberedNotes) -> Visitors:
    return Visitors(notes, CountedIds())


@pytest.fixture
def log() -> MemoryLog:
    log = MemoryLog()
    log.append("s", "one", "two", "three")
    return log


@pytest.mark.parametrize(
    ("start", "what"),
    [
        (NEW, What.FOLLOWER_CAME),
        (BACK, What.FOLLOWER_RESUMED),
        (TOO_OLD, What.FOLLOWER_RESUMED),
    ],
)
async def test_one_who_comes_is_noted_with_where_they_begin(
    log: MemoryLog, notes: RememberedNotes, visitors: Visitors, start: Start, what: What
) -> None:
    Follower(log, visitors.enter("sse")).follow(start)
    where = at(start.position.seq) | {"end": 3, "recovered": start.recovered}
    assert notes.made == [(what, "s", where)]


async def test_one_who_leaves_is_noted_with_how_far_they_came(
    log: MemoryLog, notes: RememberedNotes, visitors: Visitors
) -> None:
    follower = Follower(log, visitors.enter("sse"))
    follower.follow(BACK)
    turn = await follower.turn()
    assert turn is not None
    turn.follow.took(1)
    follower.close()
    assert notes.made[1:] == [(What.FOLLOWER_LEFT, "s", at(2))]


async def test_one_who_begins_anew_leaves_first_and_comes_again(
    log: MemoryLog, notes: RememberedNotes, visitors: Visitors
) -> None:
    follower = Follower(log, visitors.enter("sse"))
    follower.follow(NEW)
    follower.follow(BACK)
    whats = [what for what, _, _ in notes.made]
    assert whats == [What.FOLLOWER_CAME, What.FOLLOWER_LEFT, What.FOLLOWER_RESUMED]


async def test_leaving_what_is_not_followed_is_nothing(
    log: MemoryLog, notes: RememberedNotes, visitors: Visitors
) -> None:
    Follower(log, visitors.enter("sse")).leave("s")
    assert notes.made == []


async def test_who_is_here_is_known_until_they_leave(log: MemoryLog, visitors: Visitors) -> None:
    follower = Follower(log, visitors.enter("websocket"))
    other = Follower(log, visitors.enter("rest"))
    follower.follow(NEW)
    other.follow(NEW)
    assert ("id-00001", "s") in visitors
    assert ("id-00001", "t") not in visitors
    other.close()
    assert ("id-00001", "s") in visitors
    follower.close()
    assert ("id-00001", "s") not in visitors
