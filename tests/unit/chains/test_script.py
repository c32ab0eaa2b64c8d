from __future__ import annotations

import pytest

from chains.script import Block, Fail, Say, Script, Wait, read_script, steps


def test_words_and_json_say_the_same() -> None:
    words = read_script("please tokens=3 rate=50 confidence=.9 status=thinking")
    assert words == read_script('{"tokens": 3, "rate": 50, "confidence": 0.9, "status": "thinking"}')
    assert words == Script(tokens=3, rate=50, confidence=0.9, status="thinking")


@pytest.mark.parametrize("question", ["hello", "a=b", "[1, 2]", "7", "", "x=1=2"])
def test_other_questions_are_answered_as_usual(question: str) -> None:
    assert read_script(question) == Script()


def test_a_known_key_with_a_wrong_value_is_an_error() -> None:
    with pytest.raises(ValueError, match="tokens=many"):
        read_script("tokens=many")


def test_tokens_are_numbered_and_padded() -> None:
    assert Script(tokens=2, piece_bytes=6).text() == "t0 ...t1 ..."


def test_the_pace_is_a_plan_of_times_since_the_start() -> None:
    waits = [
        each.until
        for each in steps(read_script("tokens=3 rate=10 first_delay=1 gap_at=2 gap=5"))
        if isinstance(each, Wait)
    ]
    assert waits == pytest.approx([1.0, 1.1, 6.2])


def test_faults_stand_before_their_token() -> None:
    plan = list(
        steps(read_script("tokens=1 form=text nul_at=0 lone_at=0 wrong_at=0 fail_at=0 hang_at=0 block_at=0"))
    )
    assert [type(each) for each in plan] == [Wait, Block, Wait, Fail, Say, Say, Say, Say]
    assert Wait(None) in plan


def test_a_chunk_is_marked_for_the_performer() -> None:
    assert Say({"chunk": "t0 "}) in list(steps(read_script("tokens=1 form=chunk")))
