from loadtests.protocol.effects import LoadNewest, Subscribe
from tests.support.following import following
from tests.support.wireframes import ack, came, message, newest, page, question, subscribed


def test_older_messages_are_paged_in_before_the_oldest_shown_until_the_start() -> None:
    talk = following(newest(5, 6))
    assert talk.state.older_than() == "m5"
    talk.older(newest(3, 4) | {"seq": None}, "m5").older(newest(1, 2) | {"seq": None}, "m3")
    assert talk.state.order == ["m1", "m2", "m3", "m4", "m5", "m6"]
    assert talk.state.older_than() is None


def test_an_older_page_is_ignored_when_another_row_has_become_the_oldest() -> None:
    talk = following(newest(5, 6)).older(newest(3, 4) | {"seq": None}, "m9")
    assert talk.state.order == ["m5", "m6"]


def test_an_older_page_of_another_epoch_starts_everything_over() -> None:
    talk = following(newest(5, 6))
    talk.news()
    talk.older(newest(3, 4) | {"seq": None, "epoch": "e2"}, "m5")
    assert (talk.state.order, talk.news()) == ([], [LoadNewest("s", 2)])


def test_older_rows_go_when_a_newest_page_touches_none_of_them() -> None:
    talk = following(newest(1, 2)).frames(subscribed(40, recovered=False)).page(newest(30, 40), 2)
    assert (talk.state.order[0], talk.state.older_than()) == ("m30", "m30")


def test_they_stay_when_it_does_and_the_pages_start_is_not_called_the_sessions() -> None:
    talk = following(newest(1, 31)).frames(subscribed(40, recovered=False)).page(newest(30, 40), 2)
    assert (len(talk.state.order), talk.state.older_than()) == (40, None)


def test_only_rows_that_were_here_before_the_loss_count() -> None:
    talk = following(newest(1, 2)).frames(subscribed(39, recovered=False), came(40, question("m40", 40)))
    assert talk.page(newest(30, 40), 2).state.order[0] == "m30"


def test_of_two_losses_the_first_counts() -> None:
    talk = following(newest(1, 2)).frames(subscribed(39, recovered=False), came(40, question("m40", 40)))
    talk.frames(subscribed(40, recovered=False))
    assert talk.page(newest(30, 40), 3).state.order[0] == "m30"


def test_reading_an_acked_message_does_not_join_it_to_the_run() -> None:
    talk = following(newest(1, 2)).disconnected()
    talk.acked(ack(index=39, user_message_id="m39", pending_message_id="m40", status="complete"))
    talk.read(message("m40", 40, status="complete", content="Hello")).connected()
    talk.frames(subscribed(40, id="s#2", recovered=False))
    assert talk.page(newest(30, 40), 2).state.order[0] == "m30"


def test_a_newest_page_wholly_before_the_run_is_ignored_and_asked_for_again() -> None:
    talk = following(newest(5, 6)).frames(subscribed(6, recovered=False))
    talk.news()
    assert talk.page(newest(1, 2), 2).state.order == ["m5", "m6"]
    assert talk.news() == [LoadNewest("s", 3, 1.0)]


def test_no_second_page_is_needed_after_a_reconnect() -> None:
    talk = following(newest(1, 2)).disconnected().connected()
    assert talk.news() == [Subscribe("s", "s#2", ("e1", 2))]


def test_an_empty_page_of_a_new_session_is_its_start() -> None:
    assert following(page([])).state.older_than() is None
