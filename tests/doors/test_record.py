"""A message's record tells what happened to it, whichever doors it came and went by."""

import time
from collections.abc import Callable
from typing import Any

from api.wire.rest import Record
from tests.support.live import Live, User
from tests.support.talk import PATIENCE_S, Frame, say, server_events, socket, until

LONG = "tokens=5000 rate=100"


def path_of(session_id: str, message_id: str) -> str:
    return f"/api/chat/sessions/{session_id}/messages/{message_id}/record"


def record(user: User, session_id: str, message_id: str) -> list[Frame]:
    """The events of a record, which hold nothing that is not documented."""
    body = user.http.get(path_of(session_id, message_id)).raise_for_status().json()
    documented = Record.model_validate(body).model_dump(mode="json", exclude_unset=True)
    assert {name for event in body["events"] for name in event} == {
        name for event in documented["events"] for name in event
    }
    found: list[Frame] = body["events"]
    return found


def once(user: User, ack: Frame, holds: Callable[[list[Frame]], bool]) -> list[Frame]:
    """The record, as soon as it tells that: who leaves is noted when the server finds them gone."""
    until_then = time.monotonic() + PATIENCE_S
    while not holds(found := record(user, ack["session_id"], ack["pending_message_id"])):
        assert time.monotonic() < until_then, found
    return found


def leavings(found: list[Frame]) -> int:
    return sum(event["what"] == "follower_left" for event in found)


def test_a_record_tells_exactly_what_happened_in_order(server: Live, user: User) -> None:
    session_id = user.http.post("/api/chat/sessions", json={}).json()["id"]
    with socket(server, user) as connection:
        say(connection, type="subscribe", session_id=session_id)
        until(connection, "subscribed")
        say(connection, type="send", session_id=session_id, content=LONG)
        heard = until(connection, "token")
        connection.socket.close()  # no closing handshake: the connection is lost
    ack = next(frame for frame in heard if frame["type"] == "ack")
    epoch, seq = ack["epoch"], heard[-1]["seq"]
    once(user, ack, lambda found: leavings(found) == 1)

    path = f"/api/chat/sessions/{session_id}"
    with user.http.stream("GET", f"{path}/events", headers={"Last-Event-ID": f"{epoch}:{seq}"}) as stream:
        events = server_events(stream.iter_lines())
        while next(events)[1]["type"] != "token":
            pass
        user.http.post(f"{path}/messages/{ack['pending_message_id']}/stop").raise_for_status()
        while (end := next(events)[1])["type"] != "done":
            pass
    found = once(user, ack, lambda found: leavings(found) == 2)

    own = {"message_id": ack["pending_message_id"]}
    first = {"door": "websocket", "connection": found[0]["connection"]}
    second = {"door": "sse", "connection": found[5]["connection"]}
    assert [without_time(event) for event in found] == [
        first | {"what": "follower_came", "position": at(epoch, 0), "end": 0, "recovered": False},
        own | {"what": "accepted", "seq": 2},
        own | {"what": "started", "chain": "scripted"},
        own | {"what": "first_piece"},
        first | {"what": "follower_left", "position": found[4]["position"]},
        second
        | {"what": "follower_resumed", "position": at(epoch, seq), "end": found[5]["end"], "recovered": True},
        own | {"what": "stop_asked"},
        own
        | {
            "what": "ended",
            "status": "cancelled",
            "generation_time_ms": end["generation_time_ms"],
            "seq": end["seq"],
        },
        second | {"what": "follower_left", "position": at(epoch, end["seq"])},
    ]
    assert first != second
    assert seq <= found[4]["position"]["seq"] <= found[5]["end"] <= end["seq"]
    times = [event["at"] for event in found]
    assert times == sorted(times)
    assert all(time.endswith("Z") for time in times)


def without_time(event: Frame) -> Frame:
    return {name: value for name, value in event.items() if name != "at"}


def at(epoch: str, seq: int) -> dict[str, Any]:
    return {"epoch": epoch, "seq": seq}


def test_a_question_tells_of_all_attempts_at_its_answer(user: User) -> None:
    sent = user.http.post("/api/chat/messages", json={"content": "tokens=2 fail_at=1"}).json()
    question, answer = sent["user_message"]["id"], sent["message"]
    path = f"/api/chat/sessions/{answer['session_id']}/messages"
    again = user.http.post(f"{path}/{answer['id']}/retry", json={}).json()["message"]
    told = [
        (event["what"], event.get("message_id")) for event in record(user, answer["session_id"], question)
    ]
    of_attempts = [event for event in told if event[1] is not None]
    assert of_attempts == [
        (what, message["id"])
        for message in (answer, again)
        for what in ("accepted", "started", "first_piece", "ended")
    ]
    assert told.count(("follower_came", None)) == told.count(("follower_left", None)) == 2
    end = next(
        event for event in record(user, answer["session_id"], answer["id"]) if event["what"] == "ended"
    )
    assert (end["code"], end["error_id"]) == ("chain_failed", answer["error"]["error_id"])


def test_a_record_holds_nothing_of_what_was_written(user: User) -> None:
    secret = "canary"
    sent = {"content": f"{secret} tokens=2", "client_message_id": f"{secret}-1"}
    message = user.http.post("/api/chat/messages", json=sent).json()["message"]
    text = user.http.get(path_of(message["session_id"], message["id"])).raise_for_status().text
    assert secret not in text
    assert "t0" not in text


def test_records_of_others_of_the_deleted_and_of_none_are_not_found(server: Live, user: User) -> None:
    mine = user.http.post("/api/chat/messages", json={"content": "tokens=1"}).json()["message"]
    path = path_of(mine["session_id"], mine["id"])
    with server.user() as other:
        answers = [other.http.get(path)]
    answers.append(user.http.get(path_of(mine["session_id"], "unknown")))
    user.http.delete(f"/api/chat/sessions/{mine['session_id']}").raise_for_status()
    answers.append(user.http.get(path))
    assert [(each.status_code, each.json()["code"]) for each in answers] == [(404, "not_found")] * 3
    with server.client() as nobody:
        assert nobody.get(path).status_code == 401
