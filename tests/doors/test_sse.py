"""The event stream: the same events as on the WebSocket, with ids to come back by."""

from typing import Any

import httpx
import pytest

from tests.support.live import User
from tests.support.talk import Frame, answer_of, ended, server_events

SCRIPT = "tokens=60 rate=200"


def start(user: User, content: str = SCRIPT) -> dict[str, Any]:
    headers = {"Prefer": "respond-async"}
    response = user.http.post("/api/chat/messages", json={"content": content}, headers=headers)
    assert response.headers["Preference-Applied"] == "respond-async"
    found: dict[str, Any] = response.json()
    return found


def events_of(session_id: str) -> str:
    return f"/api/chat/sessions/{session_id}/events"


def read(response: httpx.Response, most: int | None = None) -> list[tuple[str | None, Frame]]:
    """Events up to the end of an answer, or `most` of them."""
    found: list[tuple[str | None, Frame]] = []
    for each in server_events(response.iter_lines()):
        found.append(each)
        if ended(each[1]) or len(found) == most:
            break
    return found


def test_a_stream_begins_with_subscribed_and_its_logged_events_carry_ids(user: User) -> None:
    ack = start(user)
    with user.http.stream("GET", events_of(ack["session_id"])) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["cache-control"] == "no-store"
        events = read(response)
    assert events[0][1]["type"] == "subscribed"
    for event_id, frame in events:
        logged = "seq" in frame
        assert event_id == (f"{ack['epoch']}:{frame['seq']}" if logged else None)
    assert answer_of([frame for _, frame in events])["content"].split() == [f"t{n}" for n in range(60)]


def test_coming_back_with_the_last_id_continues_exactly_there(user: User) -> None:
    ack = start(user)
    path = events_of(ack["session_id"])
    with user.http.stream("GET", path, params={"epoch": ack["epoch"], "after": 0}) as response:
        seen = read(response, most=12)
    last = next(event_id for event_id, _ in reversed(seen) if event_id)
    with user.http.stream("GET", path, headers={"Last-Event-ID": last}) as response:
        rest = read(response)
    assert rest[0][1]["recovered"] is True
    frames = [frame for _, frame in seen + rest if frame.get("message_id") == ack["pending_message_id"]]
    assert answer_of(frames)["content"].split() == [f"t{n}" for n in range(60)]


def test_a_position_of_another_epoch_starts_over_at_the_running_answer(user: User) -> None:
    ack = start(user)
    headers = {"Last-Event-ID": "another-epoch:3"}
    with user.http.stream("GET", events_of(ack["session_id"]), headers=headers) as response:
        frames = [frame for _, frame in read(response)]
    assert frames[0]["recovered"] is False
    assert answer_of(frames)["content"].split() == [f"t{n}" for n in range(60)]


@pytest.mark.parametrize("last", ["x", ":", "epoch:", "epoch:-1", "epoch:1.5", "epoch:" + "9" * 30])
def test_an_id_that_the_server_never_sent_is_refused(user: User, last: str) -> None:
    ack = start(user, "tokens=1")
    response = user.http.get(events_of(ack["session_id"]), headers={"Last-Event-ID": last})
    assert (response.status_code, response.json()["code"]) == (422, "invalid")


def test_a_stream_of_a_deleted_session_ends_after_its_last_event(user: User) -> None:
    ack = start(user, "tokens=1000 rate=50")
    with user.http.stream("GET", events_of(ack["session_id"])) as response:
        events = server_events(response.iter_lines())
        assert next(events)[1]["type"] == "subscribed"
        user.http.delete(f"/api/chat/sessions/{ack['session_id']}").raise_for_status()
        frames = [frame for _, frame in events]
    assert next(frame for frame in frames if frame["type"] == "done")["status"] == "cancelled"
