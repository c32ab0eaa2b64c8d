"""Each thing that the protocol forbids is found when it is planted, and only that."""

from collections.abc import Callable

import pytest

from loadtests.protocol.frames import Frame
from loadtests.protocol.verify.verifier import Verifier
from loadtests.protocol.verify.violations import Kind, ProtocolBroken
from loadtests.protocol.verify.wire import Wire
from tests.support.wireframes import ack, broke, came, done, message, page, question, subscribed, token

QUESTION = question("u", 1, client_message_id="c")
ANSWER = message("a", 2, reply_to="u")
ENDED = ANSWER | {"status": "complete", "content": "Hello", "confidence": 0.5, "generation_time_ms": 10}
WHOLE = (subscribed(0), came(1, QUESTION), came(2, ANSWER), token(3, 0, "Hel"), token(4, 3, "lo"))


def told(*frames: Frame, verifier: Verifier | None = None) -> Verifier:
    """What a verifier makes of one connection that subscribed from the start."""
    verifier = verifier or Verifier()
    hear(verifier.wire(), *frames)
    return verifier


def hear(wire: Wire, *frames: Frame) -> None:
    for frame in frames:
        if frame["type"] == "subscribed" and frame["recovered"]:
            wire.asked("s", "ask", (frame["epoch"], frame["seq"]))
            frame = frame | {"id": "ask"}  # noqa: PLW2901 - as it is sent
        wire.heard(frame)


def test_a_faithful_answer_is_no_violation() -> None:
    verifier = told(*WHOLE, done(5, "Hello"))
    mark = verifier.reading("s")
    assert verifier.page(page([QUESTION, ENDED], seq=5), mark)
    verifier.read(ENDED, verifier.reading("s"))
    verifier.acked(ack())
    verifier.violations.check()


BROKEN = ANSWER | {"status": "failed", "content": "Hello"}
ERROR = {"code": "chain_failed", "message": "It broke.", "retryable": True}
OTHER_QUESTION = question("u2", 3)


@pytest.mark.parametrize(
    ("kind", "frames"),
    [
        (Kind.SHAPE, [*WHOLE, {"type": "token", "session_id": "s"}]),
        (Kind.SHAPE, [*WHOLE, done(5, "Hello", length="5")]),
        (Kind.SHAPE, [*WHOLE, token(5, 5, "x") | {"at": True}]),
        (Kind.SHAPE, [*WHOLE, token(5, 5, "é" * 8193)]),
        (Kind.BEFORE_SUBSCRIBED, [came(1, QUESTION)]),
        (Kind.SEQ_GAP, [*WHOLE, done(6, "Hello")]),
        (Kind.SEQ_GAP, [*WHOLE[:3], token(5, 0, "Hello", **{"from": 4})]),
        (Kind.SEQ_REPEAT, [*WHOLE, came(4, OTHER_QUESTION)]),
        (Kind.AT_HOLE, [*WHOLE[:4], token(4, 4, "lo")]),
        (Kind.AT_OVERLAP, [*WHOLE[:4], token(4, 2, "lo")]),
        (Kind.AFTER_END, [*WHOLE, done(5, "Hello"), token(6, 5, "!")]),
        (Kind.AFTER_END, [*WHOLE, done(5, "Hello"), came(6, ANSWER)]),
        (Kind.SECOND_END, [*WHOLE, done(5, "Hello"), done(6, "Hello")]),
        (Kind.SECOND_END, [*WHOLE, done(5, "Hello"), broke(6, "Hello")]),
        (Kind.LENGTH, [*WHOLE, done(5, "Hello!")]),
        (Kind.CRC32, [*WHOLE, done(5, "Hellø")]),
        (Kind.SHAPE, [*WHOLE, done(5, "Hello", status="finished")]),
        (Kind.POSITION, [subscribed(5, end=4)]),
        (Kind.TWO_ANSWERS, [*WHOLE, came(5, message("b", 3, reply_to="u"))]),
        (Kind.INDEX, [*WHOLE, done(5, "Hello"), came(6, question("u0", 1))]),
        (Kind.INDEX, [*WHOLE, done(5, "Hello"), came(6, question("u2", 2))]),
        (Kind.REPRESENTATION, [*WHOLE, came(5, QUESTION | {"session_id": "t"})]),
        (Kind.REPRESENTATION, [*WHOLE, came(5, QUESTION | {"content": "what?"})]),
    ],
)
def test_a_frame_that_may_not_be_is_found(kind: Kind, frames: list[Frame]) -> None:
    verifier = told(*frames)
    assert verifier.violations.counts[kind] >= 1, verifier.violations.first


def test_recovered_means_exactly_where_it_was_asked_to() -> None:
    verifier = Verifier()
    wire = verifier.wire()
    wire.asked("s", "ask", ("e1", 3))
    wire.heard(subscribed(2, id="ask"))
    assert verifier.violations.counts == {Kind.POSITION: 1}


def reloaded(position: tuple[str, int] | None, *, trims: bool = False, **frame: object) -> Verifier:
    """What is made of a `subscribed` that recovers nothing, asked for from there; the log ends at 4."""
    verifier = Verifier(trims=trims)
    wire = verifier.wire()
    hear(wire, *WHOLE)
    wire.asked("s", "again", position)
    wire.heard(subscribed(4, recovered=False, id="again") | frame)
    return verifier


def test_to_load_a_page_although_the_position_was_there_is_found() -> None:
    assert reloaded(("e1", 3)).violations.counts == {Kind.RELOAD: 1}
    assert reloaded(("e1", 4)).violations.counts == {Kind.RELOAD: 1}


@pytest.mark.parametrize(
    ("position", "frame"),
    [
        pytest.param(None, {}, id="nowhere"),
        pytest.param(("e0", 3), {}, id="an earlier epoch"),
        pytest.param(("e1", 5), {}, id="beyond the end"),
        pytest.param(("e1", 3), {"id": "another"}, id="unasked"),
        pytest.param(("e1", 3), {"epoch": "e2", "seq": 0, "end": 0}, id="a new epoch"),
    ],
)
def test_to_load_a_page_for_lack_of_the_position_is_no_violation(
    position: tuple[str, int] | None, frame: Frame
) -> None:
    reloaded(position, **frame).violations.check()


def test_where_the_log_is_trimmed_a_page_may_have_to_be_loaded() -> None:
    reloaded(("e1", 3), trims=True).violations.check()


def test_what_follows_an_unsubscribe_is_not_judged() -> None:
    verifier = Verifier()
    wire = verifier.wire()
    hear(wire, *WHOLE[:3])
    wire.dropped("s")
    hear(wire, token(9, 9, "late"))
    verifier.violations.check()


def test_a_text_that_disagrees_after_a_reconnect_is_found() -> None:
    verifier = told(*WHOLE)
    told(subscribed(2, end=4), token(4, 0, "Help!", **{"from": 3}), verifier=verifier)
    assert verifier.violations.counts == {Kind.TEXT: 1}


@pytest.mark.parametrize(("at", "kind"), [(6, Kind.AT_HOLE), (4, Kind.AT_OVERLAP)])
def test_a_resumed_text_continues_exactly_where_the_log_stood(at: int, kind: Kind) -> None:
    verifier = told(*WHOLE)
    told(subscribed(4), token(5, at, "!"), verifier=verifier)
    assert verifier.violations.counts[kind] == 1


def test_a_resumed_subscription_that_replays_is_no_violation() -> None:
    verifier = told(*WHOLE)
    told(subscribed(2, end=5), token(4, 0, "Hello", **{"from": 3}), done(5, "Hello"), verifier=verifier)
    verifier.violations.check()


@pytest.mark.parametrize(
    "frame", [subscribed(2, end=3, recovered=False), subscribed(3, end=3, recovered=False, id="again")]
)
def test_a_log_that_ends_before_what_was_seen_is_found(frame: Frame) -> None:
    verifier = Verifier()
    wire = verifier.wire()
    hear(wire, *WHOLE)
    wire.asked("s", "again", None)
    wire.heard(frame)
    assert verifier.violations.counts == {Kind.LOG_END: 1}


def test_in_a_new_epoch_everything_may_differ() -> None:
    verifier = told(*WHOLE)
    told(subscribed(1, epoch="e2", recovered=False), came(2, ANSWER), token(3, 0, "Bye"), verifier=verifier)
    verifier.acked(ack(epoch="e2", user_message_id="x"))
    verifier.violations.check()


@pytest.mark.parametrize(
    ("kind", "read"),
    [
        (Kind.MOVE, ANSWER | {"status": "streaming", "content": "Hello"}),
        (Kind.MOVE, ENDED | {"status": "cancelled"}),
        (Kind.TEXT, ENDED | {"content": "Hell"}),
        (Kind.TEXT, ENDED | {"content": "Hello!"}),
        (Kind.TEXT, ENDED | {"content": "Holla"}),
        (Kind.REPRESENTATION, ENDED | {"confidence": 0.6}),
        (Kind.REPRESENTATION, ENDED | {"sources": [{}]}),
        (Kind.REPRESENTATION, ENDED | {"reply_to": "x"}),
        (Kind.SHAPE, ENDED | {"content": None}),
    ],
)
def test_a_read_that_contradicts_the_log_is_found(kind: Kind, read: Frame) -> None:
    verifier = told(*WHOLE, done(5, "Hello"))
    verifier.read(read, verifier.reading("s"))
    assert verifier.violations.counts[kind] == 1, verifier.violations.first


def test_two_reads_of_an_ended_message_are_the_same() -> None:
    verifier = Verifier()
    verifier.read(ENDED, verifier.reading("s"))
    verifier.read(ENDED | {"completed_at": "2026-01-02T00:00:00Z"}, verifier.reading("s"))
    assert verifier.violations.counts == {Kind.REPRESENTATION: 1}


def test_an_error_that_rest_does_not_know_is_found() -> None:
    verifier = told(*WHOLE, broke(5, "Hello"))
    verifier.read(BROKEN | {"error": ERROR}, verifier.reading("s"))
    verifier.violations.check()
    verifier = told(*WHOLE, broke(5, "Hello"))
    verifier.read(BROKEN | {"error": ERROR | {"code": "internal"}}, verifier.reading("s"))
    assert verifier.violations.counts == {Kind.REPRESENTATION: 1}


def test_a_terminal_event_replayed_differently_is_found() -> None:
    verifier = told(*WHOLE, done(5, "Hello"))
    told(subscribed(4, end=5), done(5, "Hello", confidence=0.1), verifier=verifier)
    assert verifier.violations.counts == {Kind.REPRESENTATION: 1}


def test_a_page_asked_for_before_may_know_less() -> None:
    verifier = Verifier()
    early = verifier.reading("s")
    told(*WHOLE, done(5, "Hello"), verifier=verifier)
    verifier.page(page([QUESTION, ANSWER | {"status": "streaming", "content": "He"}], seq=3), early)
    verifier.violations.check()


@pytest.mark.parametrize(
    ("kind", "later"),
    [
        (Kind.TEXT, page([QUESTION, ANSWER | {"status": "streaming", "content": "Hel"}], seq=4)),
        (Kind.LOG_END, page([QUESTION, ANSWER | {"status": "streaming", "content": "Hello"}], seq=3)),
        (Kind.MISSING, page([QUESTION], seq=4)),
        (Kind.MISSING, page([], seq=4)),
        (Kind.INDEX, page([ANSWER | {"status": "streaming", "content": "Hello"}, QUESTION], seq=4)),
        (Kind.SHAPE, page([QUESTION, ANSWER | {"content": "Hello"}], seq=4, has_more=True)),
        (Kind.SHAPE, page([QUESTION, ANSWER | {"content": "Hello"}], seq="4")),
    ],
)
def test_a_page_that_contradicts_what_was_seen_before_it_is_found(kind: Kind, later: Frame) -> None:
    verifier = told(*WHOLE)
    verifier.page(later, verifier.reading("s"))
    assert verifier.violations.counts[kind] >= 1, verifier.violations.first


def test_a_replaced_attempt_is_missed_by_nobody() -> None:
    verifier = told(*WHOLE, done(5, "Hello"))
    attempt = message("b", 3, reply_to="u", retry_of="a")
    told(subscribed(5, end=6), came(6, attempt), verifier=verifier)
    verifier.page(page([QUESTION, attempt], seq=6), verifier.reading("s"))
    verifier.violations.check()


def test_a_piece_after_an_end_that_a_page_showed_is_found() -> None:
    verifier = told(*WHOLE)
    verifier.page(page([QUESTION, ENDED], seq=5), verifier.reading("s"))
    told(subscribed(5), token(6, 5, "!"), verifier=verifier)
    assert verifier.violations.counts == {Kind.AFTER_END: 1}


def test_a_second_end_after_one_that_a_page_showed_is_found() -> None:
    verifier = told(*WHOLE)
    verifier.page(page([QUESTION, ENDED], seq=5), verifier.reading("s"))
    told(subscribed(5), done(6, "Hello"), verifier=verifier)
    assert verifier.violations.counts == {Kind.SECOND_END: 1}


@pytest.mark.parametrize(
    "second",
    [
        ack(pending_message_id="b", duplicate=True),
        ack(session_id="t", duplicate=True),
        ack(index=3, duplicate=True),
        ack(duplicate=False),
    ],
)
def test_one_client_message_id_names_one_message(second: Frame) -> None:
    verifier = Verifier()
    verifier.acked(ack())
    verifier.acked(second)
    assert verifier.violations.counts == {Kind.IDS: 1}


def events_first(verifier: Verifier, promised: Frame) -> None:
    told(*WHOLE, verifier=verifier)
    verifier.acked(promised)


def ack_first(verifier: Verifier, promised: Frame) -> None:
    verifier.acked(promised)
    told(*WHOLE, verifier=verifier)


@pytest.mark.parametrize("order", [events_first, ack_first])
@pytest.mark.parametrize(
    ("promised", "asked"),
    [
        (ack(index=5), "why?"),
        (ack(user_message_id="x"), "why?"),
        (ack(user_message_id="a", pending_message_id="u"), "why?"),
        (ack(client_message_id="d"), "why?"),
        (ack(), "what?"),
    ],
)
def test_an_ack_that_contradicts_its_messages_is_found(
    order: Callable[[Verifier, Frame], None], promised: Frame, asked: str
) -> None:
    verifier = Verifier()
    verifier.sent(promised["client_message_id"], asked)
    order(verifier, promised)
    assert verifier.violations.counts[Kind.ACK] >= 1


def test_a_retry_carries_its_id_on_the_answer() -> None:
    verifier = Verifier()
    verifier.sent("r", None)
    verifier.acked(ack(client_message_id="r"))
    told(*WHOLE, verifier=verifier)
    assert verifier.violations.counts == {Kind.ACK: 1}


@pytest.mark.parametrize(
    ("following", "kinds"),
    [
        ([subscribed(1, end=2, recovered=False), came(2, ANSWER)], {}),
        ([subscribed(0, end=2, recovered=False), came(1, QUESTION), came(2, ANSWER)], {Kind.POSITION: 1}),
        ([subscribed(2, end=3, recovered=False), token(3, 0, "Hel")], {Kind.POSITION: 1}),
    ],
)
def test_who_did_not_follow_hears_the_answer_from_its_own_message(
    following: list[Frame], kinds: dict[Kind, int]
) -> None:
    verifier = told(ack(), *following)
    assert verifier.violations.counts == kinds


SCRIPT = {"why?": "Hello there"}


@pytest.mark.parametrize(
    "frames",
    [
        [*WHOLE, done(5, "Hello")],
        [*WHOLE, token(5, 5, " you")],
        [*WHOLE[:3], token(3, 0, "there"), broke(4, "there")],
        [*WHOLE[:3], token(3, 0, "Hello there!")],
    ],
)
def test_a_text_that_the_chain_did_not_say_is_found(frames: list[Frame]) -> None:
    verifier = told(*frames, verifier=Verifier(SCRIPT.get))
    assert verifier.violations.counts[Kind.SCRIPT] >= 1


@pytest.mark.parametrize(
    "frames", [[*WHOLE, broke(5, "Hello")], [*WHOLE, token(5, 5, " there"), done(6, "Hello there")]]
)
def test_a_part_of_a_broken_answer_and_the_whole_of_another_are_right(frames: list[Frame]) -> None:
    told(*frames, verifier=Verifier(SCRIPT.get)).violations.check()


def test_a_page_is_compared_with_what_the_chain_said() -> None:
    verifier = Verifier(SCRIPT.get)
    verifier.page(page([QUESTION, ENDED], seq=5), verifier.reading("s"))
    assert verifier.violations.counts == {Kind.SCRIPT: 1}


def test_violations_are_all_counted_and_raised_with_their_words() -> None:
    verifier = told(came(1, QUESTION))
    with pytest.raises(ProtocolBroken, match="an event before its subscribed"):
        verifier.violations.check()


def test_a_forgotten_session_starts_anew() -> None:
    verifier = told(*WHOLE)
    verifier.forget("s")
    told(subscribed(0, end=2), came(1, OTHER_QUESTION), verifier=verifier)
    verifier.violations.check()
