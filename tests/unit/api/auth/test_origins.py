from collections.abc import Callable

import pytest
from starlette.requests import HTTPConnection

from api.auth.origins import Origins, allowed, normal

Connect = Callable[..., HTTPConnection]


@pytest.mark.parametrize(
    ("origin", "host", "scheme"),
    [
        ("http://chat.example", "chat.example", "http"),
        ("http://CHAT.example:80", "chat.example", "http"),
        ("https://chat.example", "chat.example:443", "https"),
        ("http://127.0.0.1:8000", "127.0.0.1:8000", "ws"),
        ("https://[2001:db8::1]:8443", "[2001:db8::1]:8443", "wss"),
    ],
)
def test_a_page_of_this_server_may_use_it(connect: Connect, origin: str, host: str, scheme: str) -> None:
    assert Origins().permit(connect(("Origin", origin), ("Host", host), scheme=scheme))


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "https://chat.example",
        "http://chat.example:8000",
        "http://chat.example.evil.example",
        "http://evil.example@chat.example",
        "http://chat.example/path",
        "http://chat.example:99999",
        "null",
        "",
        "chat.example",
        "file://chat.example",
        "http://[",
    ],
)
def test_any_other_page_may_not(connect: Connect, origin: str) -> None:
    assert not Origins().permit(connect(("Origin", origin), ("Host", "chat.example")))


def test_an_absent_origin_counts_as_same_site(connect: Connect) -> None:
    assert Origins().permit(connect(("Host", "chat.example")))
    assert Origins(frozenset({"https://chat.example"})).permit(connect())


def test_two_origins_are_none(connect: Connect) -> None:
    same = ("Origin", "http://chat.example")
    assert not Origins().permit(connect(same, same, ("Host", "chat.example")))


def test_a_request_without_host_has_no_origin_of_its_own(connect: Connect) -> None:
    assert not Origins().permit(connect(("Origin", "http://")))


def test_who_lists_any_origin_lists_all() -> None:
    listed = frozenset({"https://a.example", "https://b.example:8443"})
    assert allowed("https://a.example:443", "http://own.example", listed)
    assert allowed("https://b.example:8443", "http://own.example", listed)
    assert not allowed("http://a.example", "http://own.example", listed)
    assert not allowed("http://own.example", "http://own.example", listed)


def test_a_bad_entry_in_the_list_lets_nobody_in() -> None:
    assert normal("nonsense") is None
    assert not allowed("nonsense", "http://own.example", frozenset({"nonsense"}))
