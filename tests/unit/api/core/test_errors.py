"""Each code of the protocol page travels as it says."""

import pytest

from api.core.errors import TABLE, ChatError, Code, Problem

HTTP = {
    422: {"bad_json", "bad_frame", "invalid", "unknown_chain"},
    413: {"too_large"},
    415: {"unsupported_media_type"},
    401: {"unauthorized", "token_expired"},
    403: {"forbidden"},
    404: {"not_found"},
    409: {"idempotency_conflict", "session_busy", "not_latest"},
    429: {"rate_limited", "too_many_connections"},
    503: {"overloaded", "storage_unavailable"},
    500: {"internal"},
}
IN_MESSAGES = {"unknown_type", "chain_failed", "chain_timeout", "output_limit", "interrupted"}
CLOSES = {
    "too_large": 1009,
    "unauthorized": 4501,
    "token_expired": 4003,
    "too_many_connections": 4504,
    "overloaded": 1013,
    "unsupported_version": 4502,
    "internal": 1011,
}


def test_every_code_has_a_rule_and_there_is_no_other() -> None:
    named = set().union(*HTTP.values()) | IN_MESSAGES | {"unsupported_version"}
    assert {code.value for code in Code} == set(TABLE) == named


@pytest.mark.parametrize("code", list(Code))
def test_a_code_has_its_http_status(code: Code) -> None:
    expected = next((status for status, codes in HTTP.items() if code in codes), None)
    assert TABLE[code].http == expected


@pytest.mark.parametrize("code", list(Code))
def test_a_code_has_its_close_code(code: Code) -> None:
    assert TABLE[code].close == CLOSES.get(code)


@pytest.mark.parametrize("code", list(Code))
def test_the_words_are_for_a_person_and_say_what_to_do(code: Code) -> None:
    words = TABLE[code].message
    assert words[0].isupper()
    assert words.endswith(".")
    assert len(words.split(". ")) > 1 or "Use" in words or " so " in words


def test_an_error_takes_the_tables_words_unless_it_has_its_own() -> None:
    plain = ChatError(Code.SESSION_BUSY, retry_after_ms=1000)
    assert plain.problem == Problem(Code.SESSION_BUSY, TABLE[Code.SESSION_BUSY].message, True, 1000)
    assert ChatError(Code.INVALID, "Too blue.").problem.message == "Too blue."


def test_an_error_carries_the_ids_that_it_concerns() -> None:
    assert ChatError(Code.NOT_FOUND, ids={"message_id": "m"}).ids == {"message_id": "m"}
    assert dict(ChatError(Code.NOT_FOUND).ids) == {}


def test_the_words_for_a_storage_that_is_away_hold_for_whatever_was_asked() -> None:
    words = TABLE[Code.STORAGE_UNAVAILABLE].message
    assert "accepted" not in words
    assert "Try the same again" in words
    assert "safe" in words
