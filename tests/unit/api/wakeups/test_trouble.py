"""What keeps servers from hearing of each other, in words."""

import socket
import ssl

import pytest
from redis import exceptions
from structlog.testing import capture_logs

from api.wakeups.trouble import CONNECTING, WORDS, Trouble, in_words

A, B = "a", "b"


def wrapped(cause: Exception) -> Exception:
    """As redis-py does it: of the error of the system only the context tells."""
    error = exceptions.ConnectionError("Error connecting to redis.example:6379")
    error.__context__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (exceptions.AuthenticationError("WRONGPASS"), "it refuses the user or the password"),
        (exceptions.BusyLoadingError(), "it is being started"),
        (exceptions.TimeoutError("Timeout connecting to server"), "it does not answer"),
        (TimeoutError(), "it does not answer"),
        (exceptions.ConnectionError("Connection closed by server."), "it cannot be reached"),
        (wrapped(ConnectionRefusedError()), "nobody listens where it should be"),
        (wrapped(socket.gaierror()), "its name is not known"),
        (wrapped(ssl.SSLCertVerificationError()), "no safe connection to it can be made"),
        (wrapped(OSError()), "it cannot be reached"),
        (KeyError(), "it cannot be used"),
    ],
)
def test_words_for_people_hold_no_address(error: Exception, words: str) -> None:
    assert in_words(error) == words


def test_it_is_logged_when_it_comes_changes_and_goes() -> None:
    trouble = Trouble([A, B])
    with capture_logs() as noted:
        for name in (A, B):
            trouble.went(name)
        assert noted == [], "there was none"
        for error in (TimeoutError(), TimeoutError(), OSError()):
            for name in (A, B):
                trouble.came(name, error)
        trouble.went(A)
        assert trouble.reason == WORDS["OSError"], "the other one is still away"
        trouble.went(B)
        trouble.went(B)
    assert [(each["event"], each["reason"]) for each in noted] == [
        ("redis cannot be used", WORDS["TimeoutError"]),
        ("redis cannot be used", WORDS["OSError"]),
        ("redis can be used again", WORDS["OSError"]),
    ]


def test_until_both_connections_work_for_the_first_time_they_are_being_made() -> None:
    trouble = Trouble([A, B])
    trouble.went(A)
    assert trouble.reason == CONNECTING


def test_there_is_none_when_both_work() -> None:
    trouble = Trouble([A, B])
    trouble.came(A, OSError())
    trouble.went(A)
    trouble.went(B)
    assert trouble.reason is None
