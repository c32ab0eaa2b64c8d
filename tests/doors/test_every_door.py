"""One scenario through every door: what people get does not depend on how they came in."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from loadtests.cluster.valkey import Valkey
from tests.support.backends import NAMES
from tests.support.live import Live, User, live
from tests.support.postgres import database
from tests.support.talk import Door, EventsDoor, RestDoor, SocketDoor

SCRIPT = "tokens=25 rate=200 sources=2 confidence=0.75"
TEXT = "".join(f"t{number} " for number in range(25))


@pytest.fixture(scope="module", params=NAMES)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """Alone with its SQLite, and as one of several might be."""
    folder = tmp_path_factory.mktemp(request.param)
    with ExitStack() as stack:
        shared: dict[str, Any] = {}
        if request.param == "postgresql":
            valkey = stack.enter_context(Valkey(folder / "valkey"))
            shared = {"database_url": stack.enter_context(database()), "redis_url": valkey.url}
        yield stack.enter_context(live(folder, **shared))


@pytest.fixture(params=[SocketDoor, RestDoor, EventsDoor])
def door(request: pytest.FixtureRequest, server: Live, user: User) -> Door:
    make: Callable[[Live, User], Door] = request.param
    return make(server, user)


def stored(user: User, session_id: str, message_id: str) -> dict[str, Any]:
    path = f"/api/chat/sessions/{session_id}/messages/{message_id}"
    found: dict[str, Any] = user.http.get(path).raise_for_status().json()
    return found


def test_an_answer_arrives_whole_with_its_sources_and_is_kept(door: Door, user: User) -> None:
    ack, answer = door.ask(SCRIPT)
    assert answer["content"].split() == TEXT.split()
    assert (answer["status"], answer["confidence"]) == ("complete", 0.75)
    assert [source["id"] for source in answer["sources"]] == ["s1", "s2"]
    kept = stored(user, ack["session_id"], ack["pending_message_id"])
    assert {name: kept[name] for name in answer} == {name: answer[name] for name in answer}


def test_the_same_id_again_gives_the_same_answer_and_runs_nothing(door: Door, user: User) -> None:
    first, one = door.ask("tokens=3", client_message_id="once")
    second, two = door.ask("tokens=3", client_message_id="once")
    assert (first["duplicate"], second["duplicate"]) == (False, True)
    assert first["pending_message_id"] == second["pending_message_id"]
    assert one["id"] == two["id"]
    page = user.http.get(f"/api/chat/sessions/{first['session_id']}/messages").json()
    assert len(page["messages"]) == 2


def test_a_chain_that_breaks_keeps_what_it_said(door: Door, user: User) -> None:
    ack, answer = door.ask("tokens=10 fail_at=4")
    assert (answer["status"], answer["content"].split()) == ("failed", ["t0", "t1", "t2", "t3"])
    error = stored(user, ack["session_id"], ack["pending_message_id"])["error"]
    assert error["code"] == "chain_failed"
    assert error["error_id"]


def test_a_second_question_goes_into_the_same_session(door: Door, user: User) -> None:
    ack, _ = door.ask("tokens=2")
    again, _ = door.ask("tokens=3", session_id=ack["session_id"])
    assert again["session_id"] == ack["session_id"]
    page = user.http.get(f"/api/chat/sessions/{ack['session_id']}/messages").json()
    assert [message["index"] for message in page["messages"]] == [1, 2, 3, 4]


def test_another_attempt_takes_the_place_of_the_answer_and_is_made_once(door: Door, user: User) -> None:
    ack, first = door.ask("tokens=4 fail_at=2")
    session = ack["session_id"]
    again, second = door.retry(session, first["id"], client_message_id="again")
    assert (again["user_message_id"], again["duplicate"]) == (ack["user_message_id"], False)
    kept = stored(user, session, second["id"])
    assert (kept["retry_of"], kept["client_message_id"]) == (first["id"], "again")
    for fields in ({"client_message_id": "again"}, {"client_message_id": "late"}, {}):
        told, same = door.retry(session, first["id"], **fields)
        assert (told["duplicate"], told["user_message_id"]) == (True, ack["user_message_id"])
        assert (same["id"], same["content"]) == (second["id"], second["content"])
    page = user.http.get(f"/api/chat/sessions/{session}/messages").json()
    assert [message["id"] for message in page["messages"]] == [ack["user_message_id"], second["id"]]
    assert stored(user, session, first["id"])["content"].split() == ["t0", "t1"]
