from loadtests.protocol.backoff import Pace
from loadtests.protocol.effects import Transmit
from loadtests.protocol.outbox import Entry, Outbox
from tests.support.wireframes import ack

BUSY = {"code": "session_busy", "retryable": True, "retry_after_ms": 250}
INVALID = {"code": "invalid", "retryable": False}


def opened() -> Outbox:
    outbox = Outbox(Pace())
    outbox.opened()
    return outbox


def test_what_is_put_goes_out_once_there_is_a_way() -> None:
    outbox = Outbox(Pace())
    assert outbox.put(Entry("c", "why?")) == []
    assert outbox.opened() == [Transmit("c", 0)]


def test_a_try_without_a_word_is_repeated_with_the_same_id() -> None:
    outbox = opened()
    outbox.put(Entry("c", "why?"))
    first = outbox.started("c", 0)
    assert first is not None
    sent = first.frame()
    assert outbox.unanswered("c", 1) == [Transmit("c", 1, 1.0)]
    again = outbox.started("c", 1)
    assert again is not None
    assert again.frame() == sent == {"type": "send", "content": "why?", "client_message_id": "c"}
    assert outbox.unanswered("c", 2) == [Transmit("c", 2, 2.0)]


def test_what_was_on_the_wire_when_it_broke_goes_out_again() -> None:
    outbox = opened()
    outbox.put(Entry("c", "why?"))
    outbox.started("c", 0)
    outbox.closed()
    assert outbox.entries["c"].state == "unconfirmed"
    assert outbox.started("c", 1) is None
    assert outbox.opened() == [Transmit("c", 1)]


def test_late_news_of_an_earlier_try_changes_nothing() -> None:
    outbox = opened()
    outbox.put(Entry("c", "why?"))
    outbox.started("c", 0)
    outbox.unanswered("c", 1)
    outbox.started("c", 1)
    assert outbox.unanswered("c", 1) == []
    assert outbox.started("c", 1) is None
    assert outbox.entries["c"].state == "sending"


def test_a_busy_session_is_tried_again_when_it_says() -> None:
    outbox = opened()
    outbox.put(Entry("c", "why?"))
    outbox.started("c", 0)
    assert outbox.refused("c", BUSY) == [Transmit("c", 1, 0.25)]


def test_a_final_refusal_ends_it() -> None:
    outbox = opened()
    outbox.put(Entry("c", "why?"))
    outbox.started("c", 0)
    assert outbox.refused("c", INVALID) == []
    outbox.closed()
    assert outbox.opened() == []
    assert outbox.entries["c"].error == INVALID


def test_an_ack_ends_it_whatever_was_thought_before() -> None:
    outbox = opened()
    outbox.put(Entry("c", "why?"))
    outbox.started("c", 0)
    outbox.refused("c", INVALID)
    assert outbox.acked(ack()) is outbox.entries["c"]
    assert (outbox.entries["c"].state, outbox.entries["c"].error) == ("sent", None)
    assert outbox.refused("c", INVALID) == []


def test_an_ack_of_somebody_elses_message_is_none_of_ours() -> None:
    assert opened().acked(ack()) is None


def test_a_retry_names_the_answer_that_it_replaces() -> None:
    entry = Entry("r", None, session_id="s", retry_of="a")
    assert entry.frame() == {"type": "retry", "message_id": "a", "client_message_id": "r"}


def test_a_session_and_a_chain_are_named_where_they_are_known() -> None:
    frame = Entry("c", "why?", session_id="s", chain="rag").frame()
    assert (frame["session_id"], frame["chain"]) == ("s", "rag")
