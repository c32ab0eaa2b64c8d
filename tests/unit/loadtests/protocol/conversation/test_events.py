from loadtests.protocol.effects import LoadMessage, Subscribe
from tests.support.following import Talk, following
from tests.support.wireframes import broke, came, done, message, newest, page, question, subscribed, token


def begun() -> Talk:
    return following().frames(came(1, question("u", 1)), came(2, message("a", 2)))


def test_an_answer_grows_piece_by_piece_in_one_row() -> None:
    talk = begun().frames(token(3, 0, "Hel"), token(4, 3, "lo"))
    assert (talk.text(), talk.status(), talk.state.order) == ("Hello", "streaming", ["u", "a"])


def test_a_text_is_exact_when_pieces_come_twice_overlap_or_come_joined() -> None:
    talk = begun().frames(
        token(3, 0, "Hel"),
        token(3, 0, "Hel"),
        token(4, 1, "ello", **{"from": 3}),
        token(6, 5, " you", **{"from": 5}),
        done(7, "Hello you"),
    )
    assert (talk.text(), talk.status(), talk.news()) == ("Hello you", "complete", [])


def test_places_count_code_points() -> None:
    talk = begun().frames(token(3, 0, "a😀b"), token(4, 2, "b😀c"), done(5, "a😀b😀c"))
    assert (talk.text(), talk.news()) == ("a😀b😀c", [])


def test_late_pieces_and_a_second_end_change_nothing() -> None:
    talk = begun().frames(
        token(3, 0, "Hel"), done(4, "Hel", status="cancelled"), token(5, 3, "lo"), done(6, "Hello")
    )
    assert (talk.text(), talk.status(), talk.state.cursor) == ("Hel", "cancelled", 6)


def test_a_broken_answer_keeps_its_text_and_the_reason() -> None:
    talk = begun().frames(token(3, 0, "part"), broke(4, "part"))
    assert (talk.text(), talk.status()) == ("part", "failed")
    assert talk.state.rows["a"].message["error"]["message"] == "It broke."


def test_a_piece_of_a_message_that_is_not_held_only_moves_the_cursor() -> None:
    talk = begun().frames(token(3, 0, "x", message_id="other"))
    assert (talk.state.cursor, "other" in talk.state.rows) == (3, False)


def test_a_place_beyond_the_text_is_a_gap_and_leaves_the_cursor_where_it_was() -> None:
    talk = begun().frames(token(3, 4, "late"))
    assert (talk.text(), talk.state.cursor) == ("", 2)
    assert talk.news() == [Subscribe("s", "s#2", ("e1", 2))]


def test_pieces_continue_a_text_that_was_read_by_rest() -> None:
    read = page([question("u", 1), message("a", 2, status="streaming", content="Hel")], seq=3)
    assert following(read).frames(token(4, 3, "lo")).text() == "Hello"


def test_a_text_that_does_not_match_is_asked_of_rest_and_its_word_taken_even_if_shorter() -> None:
    talk = begun().frames(token(3, 0, "Hello"), done(4, "Help!"))
    assert talk.news() == [LoadMessage("s", "a", 0, mismatch=True)]
    assert talk.read(message("a", 2, status="complete", content="Hey")).text() == "Hey"


def test_a_piece_missing_at_the_end_is_noticed() -> None:
    talk = begun().frames(token(3, 0, "Hel"), done(4, "Hello"))
    assert talk.news() == [LoadMessage("s", "a", 0, mismatch=True)]


OLDER = page([message("a", 2, status="streaming", content="He")], seq=3)
ENDED = page([message("a", 2, status="complete", content="Hello")], seq=5)


def test_a_page_never_shortens_a_text() -> None:
    assert begun().frames(token(3, 0, "Hello")).page(OLDER, 1).text() == "Hello"


def test_an_end_beats_what_has_not_ended_and_later_pieces_are_ignored() -> None:
    talk = begun().frames(token(3, 0, "He")).page(ENDED, 1).frames(token(4, 2, "llo"))
    assert (talk.text(), talk.status()) == ("Hello", "complete")


def test_what_has_not_ended_never_undoes_an_end() -> None:
    talk = begun().frames(token(3, 0, "Hello"), done(4, "Hello")).page(OLDER, 1)
    assert (talk.text(), talk.status()) == ("Hello", "complete")


def test_an_end_stands_even_against_a_longer_text_that_has_not_ended() -> None:
    longer = page([message("a", 2, status="streaming", content="Hello you")], seq=3)
    talk = begun().frames(token(3, 0, "Hello"), done(4, "Hello")).page(longer, 1)
    assert (talk.text(), talk.status()) == ("Hello", "complete")


def test_a_replay_from_before_the_run_shown_only_moves_the_cursor() -> None:
    talk = following(newest(5, 6)).frames(subscribed(2, recovered=False), came(3, question("m3", 3)))
    assert (talk.state.order, talk.state.cursor) == (["m5", "m6"], 3)


def test_what_is_held_never_reaches_back_into_what_was_received() -> None:
    given = message("a", 2)
    following().frames(came(1, question("u", 1)), came(2, given), token(3, 0, "x"))
    assert (given["status"], given["content"]) == ("pending", "")
