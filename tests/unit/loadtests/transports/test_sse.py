import random

import pytest

from loadtests.transports.sse import ServerEvent, SseParser

STREAM = (
    'id: e1:3\r\nevent: token\r\ndata: {"a":1}\r\n\r\n'
    ": nothing new\n\n"
    "event: status\ndata:é\ndata: 😀\n\n"
    "data: x\r\rid: e1:4\rdata: y\r\r"
    "event: unfinished\ndata: z\n"
)
EVENTS = [
    ServerEvent("e1:3", "token", '{"a":1}'),
    ServerEvent(None, "status", "é\n😀"),
    ServerEvent(None, "message", "x"),
    ServerEvent("e1:4", "message", "y"),
]


@pytest.mark.parametrize("seed", range(30))
def test_events_are_the_same_however_the_bytes_are_cut(seed: int) -> None:
    dice = random.Random(seed)
    parser, rest, found = SseParser(), STREAM.encode(), []
    while rest:
        size = dice.choice((1, 1, 2, 5, 40))
        found += parser.push(rest[:size])
        rest = rest[size:]
    assert found == EVENTS


def test_a_line_end_of_two_characters_may_come_in_two_pieces() -> None:
    parser = SseParser()
    assert parser.push(b"data: x\r") + parser.push(b"\n\r") + parser.push(b"\n") == [
        ServerEvent(None, "message", "x")
    ]
