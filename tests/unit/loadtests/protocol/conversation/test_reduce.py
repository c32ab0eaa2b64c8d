from loadtests.protocol.effects import Gone, LoadMessage, LoadNewest, Subscribe
from tests.support.following import Talk, following
from tests.support.wireframes import ack, came, done, message, page, question, subscribed, token


def begun() -> Talk:
    return following().frames(came(1, question("u", 1)), came(2, message("a", 2)))


def test_the_cursor_starts_at_the_position_of_the_newest_page() -> None:
    talk = Talk().connected()
    assert talk.news() == [LoadNewest("s", 1)]
    assert talk.page(page([], seq=7), 1).news() == [Subscribe("s", "s#1", ("e1", 7))]


def test_a_missing_event_is_asked_for_again_and_a_second_time_without_a_position() -> None:
    talk = begun().frames(token(4, 0, "x"))
    assert talk.news() == [Subscribe("s", "s#2", ("e1", 2))]
    talk.frames(subscribed(2, id="s#2"), token(4, 0, "x"))
    assert talk.news() == [Subscribe("s", "s#3", None)]


def test_all_frames_of_the_session_are_ignored_until_its_own_answer_comes() -> None:
    talk = begun().frames(token(4, 0, "x"), token(3, 0, "y"), subscribed(0), token(1, 0, "z"))
    assert (talk.text(), talk.state.cursor) == ("", 2)
    assert talk.frames(subscribed(2, id="s#2"), token(3, 0, "y")).text() == "y"


def test_one_ask_is_outstanding_and_is_repeated_when_told_to_wait() -> None:
    talk = begun().frames(token(4, 0, "x"), token(5, 0, "x"))
    assert len(talk.news()) == 1
    assert talk.failed({"id": "s#2"}, 0.7).news() == [Subscribe("s", "s#3", ("e1", 2), 0.7)]
    assert talk.failed({"id": "s#2"}, 0.7).news() == []
    assert talk.failed({"id": "s#3"}, None).news() == [Gone("s", {"id": "s#3"})]


def test_after_a_lost_connection_it_resumes_where_it_was() -> None:
    talk = begun().frames(token(3, 0, "Hel")).disconnected().frames(token(4, 3, "no"))
    assert talk.text() == "Hel"
    assert talk.connected().news() == [Subscribe("s", "s#2", ("e1", 3))]
    assert talk.frames(subscribed(3, id="s#2"), token(4, 3, "lo")).text() == "Hello"


def test_what_was_not_recovered_is_loaded_by_a_request_made_afterwards() -> None:
    talk = begun().frames(subscribed(9, recovered=False))
    assert (talk.state.cursor, talk.news()) == (9, [LoadNewest("s", 2)])
    talk.page(page([question("z", 9)]), 1)
    assert ("z" in talk.state.rows, talk.state.page_wanted) == (False, True)


def test_another_epoch_drops_rows_and_cursor_and_starts_from_a_page() -> None:
    talk = begun().frames(token(3, 0, "lost"), subscribed(1, epoch="e2", recovered=False))
    assert (talk.state.order, talk.state.cursor) == ([], None)
    assert talk.news() == [LoadNewest("s", 2)]
    talk.page(page([question("u", 1)], epoch="e2", seq=1), 2)
    assert talk.news() == [Subscribe("s", "s#2", ("e2", 1))]


def test_another_epoch_is_noticed_in_an_ack_and_answers_requested_before_are_ignored() -> None:
    talk = begun().acked(ack(epoch="e2"))
    assert talk.state.order == []
    talk.read(message("a", 2, status="complete", content="old"), era=0)
    talk.older(page([question("o", 0)]), "u", era=0)
    assert not talk.state.rows


def test_a_read_that_was_asked_for_in_an_earlier_epoch_is_ignored() -> None:
    talk = begun().frames(subscribed(1, epoch="e2", recovered=False))
    talk.page(page([message("a", 2)], epoch="e2", seq=2), 2)
    assert talk.read(message("a", 2, status="complete", content="old"), era=0).status() == "pending"
    assert talk.read(message("a", 2, status="complete", content="new"), era=1).text() == "new"


def test_an_answer_that_was_left_behind_while_nobody_listened_is_read() -> None:
    talk = begun().disconnected().connected().frames(subscribed(9, id="s#2", recovered=False))
    talk.news()
    talk.page(page([question("u", 1), question("v", 3), message("b", 4)], seq=9), 2)
    assert talk.news() == [LoadMessage("s", "a", 0, mismatch=False)]


def test_an_ack_makes_the_rows_which_stay_pending_until_an_event_speaks_of_them() -> None:
    talk = Talk().acked(ack())
    talk.frames(subscribed(1, recovered=False), came(2, message("a", 2)), token(3, 0, "So"))
    assert (talk.state.order, talk.text("u"), talk.text()) == (["u", "a"], "why?", "So")
    assert talk.news() == [LoadNewest("s", 1)]


def test_an_ack_of_an_ended_answer_asks_rest_at_once_and_ends_nothing_by_itself() -> None:
    talk = Talk().acked(ack(status="complete", duplicate=True))
    assert talk.status() == "pending"
    assert talk.news() == [LoadMessage("s", "a", 0, mismatch=False)]


def test_an_ack_may_come_after_the_events_of_its_messages() -> None:
    talk = begun().frames(token(3, 0, "So")).acked(ack())
    assert (talk.text(), talk.state.order) == ("So", ["u", "a"])


def test_an_ack_by_rest_in_a_new_session_leads_to_the_page_and_from_there_to_the_log() -> None:
    talk = Talk()
    talk.state.connected = True
    assert talk.acked(ack(), followed=False).news() == [LoadNewest("s", 1)]
    talk.page(page([question("u", 1)], seq=2), 1)
    assert talk.news() == [Subscribe("s", "s#1", ("e1", 2))]


def test_a_retry_stands_at_the_end_and_replaces_the_attempt_before_it() -> None:
    first = message("a", 2, reply_to="u")
    talk = following().frames(came(1, question("u", 1)), came(2, first), token(3, 0, "x"), done(4, "x"))
    talk.acked(ack(pending_message_id="b", client_message_id="r"), retry_of="a")
    assert talk.state.order == ["u", "a", "b"]
    assert [shown["id"] for shown in talk.state.shown()] == ["u", "b"]
    assert talk.state.rows["u"].message["client_message_id"] is None


def test_a_retry_of_an_answer_that_is_not_held_comes_with_its_page_or_its_events() -> None:
    talk = following(page([question("x", 9)], seq=2))
    assert talk.acked(ack(pending_message_id="b"), retry_of="a").state.order == ["x"]
