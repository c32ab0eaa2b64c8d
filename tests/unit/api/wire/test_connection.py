"""A connection without its socket: what waits to be sent, and why it is to be closed."""

import json
from typing import Any

import pytest

from api.core.errors import ChatError, Code
from api.core.events import Piece
from api.service.ports import SessionHint
from api.wire import connection as wire
from api.wire.connection import MOST_AT_ONCE, MOST_HINTS, MOST_REPLIES, Close, Connection, close_for
from api.wire.frames import Ping

PING = '{"type": "ping"}'


def frames(connection: Connection) -> list[dict[str, Any]]:
    return [json.loads(text) for text in connection.take()]


def closing(connection: Connection) -> int | None:
    return None if connection.closing is None else connection.closing.code


def test_a_good_frame_is_handed_on_and_nothing_is_said() -> None:
    connection = Connection()
    assert connection.receive(PING) == Ping(type="ping")
    assert frames(connection) == []


def test_a_bad_frame_gets_an_error_with_its_ids_and_the_connection_lives() -> None:
    connection = Connection()
    assert connection.receive('{"type": "stop", "id": "7", "session_id": "s"}') is None
    [error] = frames(connection)
    assert error.items() >= {"type": "error", "code": "bad_frame", "request": "stop", "id": "7"}.items()
    assert connection.closing is None


@pytest.mark.parametrize("bad", ["{", "[]", '{"type": "dance"}'])
def test_twenty_bad_frames_in_a_row_close_with_4500(bad: str) -> None:
    connection = Connection()
    for _ in range(19):
        connection.receive(bad)
    assert closing(connection) is None
    connection.receive(bad)
    assert closing(connection) == 4500
    assert len(frames(connection)) == 20


def test_a_good_one_between_starts_the_count_anew() -> None:
    connection = Connection()
    for _ in range(5):
        for _ in range(19):
            connection.receive("{")
        connection.receive(PING)
    assert connection.closing is None


def test_a_reply_carries_the_requests_id() -> None:
    connection = Connection()
    connection.reply({"type": "pong"}, "7")
    connection.reply({"type": "pong"})
    assert frames(connection) == [{"id": "7", "type": "pong"}, {"type": "pong"}]


def test_replies_keep_their_order_and_are_taken_once() -> None:
    connection = Connection()
    for number in range(5):
        connection.reply({"type": "pong"}, str(number))
    assert [frame["id"] for frame in frames(connection)] == list("01234")
    assert connection.take() == []


def test_one_who_does_not_read_is_not_read() -> None:
    connection = Connection()
    for _ in range(MOST_REPLIES - 1):
        connection.reply({"type": "pong"})
    fullness = [connection.full]
    connection.reply({"type": "pong"})
    fullness.append(connection.full)
    connection.take()
    assert [*fullness, connection.full] == [False, True, False]


def test_hints_are_bounded_and_the_oldest_go() -> None:
    connection = Connection()
    for number in range(MOST_HINTS + 5):
        connection.hint(SessionHint(str(number)))
    found = frames(connection)
    assert (len(found), found[0]["session_id"]) == (MOST_HINTS, "5")


def test_the_first_reason_to_close_stays() -> None:
    connection = Connection()
    connection.close(wire.SLOW)
    connection.close(wire.UNAUTHORIZED)
    assert connection.closing == wire.SLOW


def test_close_codes_are_those_of_the_protocol() -> None:
    reasons = [
        wire.PROTOCOL_ERROR,
        wire.BINARY,
        wire.UNAUTHORIZED,
        wire.EXPIRED,
        wire.UNSUPPORTED,
        wire.CROWDED,
    ]
    assert [reason.code for reason in reasons] == [4500, 1003, 4501, 4003, 4502, 4504]
    assert wire.SLOW.code == 4001


def test_an_error_without_a_close_code_closes_as_internal() -> None:
    assert close_for(ChatError(Code.CHAIN_FAILED)) == Close(1011, "chain_failed")


def test_reasons_fit_into_a_close_frame() -> None:
    assert all(len(close_for(ChatError(code)).reason.encode()) <= 123 for code in Code)


def piece(seq: int, content: str = "a") -> Piece:
    return Piece("s", seq, "m", seq, content)


class Paper:
    """What was written at once; `full`: nothing can be."""

    def __init__(self) -> None:
        self.sheets: list[list[dict[str, Any]]] = []
        self.full = False

    def write(self, *texts: str) -> bool:
        if not self.full:
            self.sheets.append([json.loads(text) for text in texts])
        return not self.full


def test_what_a_commit_has_brought_is_written_at_once_and_together() -> None:
    paper = Paper()
    events = [piece(1), piece(2, "b"), piece(9, "c")]
    assert Connection(paper.write).pass_on(events) == 3
    [frames] = paper.sheets
    assert [(each["content"], each["from"], each["seq"]) for each in frames] == [("ab", 1, 2), ("c", 9, 9)]


def test_nothing_is_written_before_what_waits_nor_after_the_end() -> None:
    paper = Paper()
    connection = Connection(paper.write)
    connection.reply({"type": "pong"})
    assert connection.pass_on([piece(1)]) == 0
    connection.take()
    connection.hint(SessionHint("s"))
    assert connection.pass_on([piece(1)]) == 0
    connection.take()
    assert connection.pass_on([piece(1)]) == 1
    connection.close(Close(1000))
    assert connection.pass_on([piece(2)]) == 0
    assert len(paper.sheets) == 1


def test_what_cannot_be_written_now_is_not_passed_on() -> None:
    paper = Paper()
    paper.full = True
    assert Connection(paper.write).pass_on([piece(1)]) == 0
    assert Connection().pass_on([piece(1)]) == 0


def test_who_has_much_before_him_takes_it_by_turns() -> None:
    paper = Paper()
    events = [piece(seq) for seq in range(MOST_AT_ONCE + 1)]
    assert Connection(paper.write).pass_on(events) == 0
    assert Connection(paper.write).pass_on(events[1:]) == MOST_AT_ONCE
