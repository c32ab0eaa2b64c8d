"""Histories are read whole, and waited for until nothing in them is open."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from loadtests.people.wrongs import Wrong
from loadtests.run import reconcile as module
from loadtests.run.reconcile import read_accounts, reconcile
from tests.support.wireframes import message, question

pytestmark = pytest.mark.anyio

ASKS = "Why? tokens=2"
ACCOUNT = {
    "token": "t",
    "asked": [{"client_message_id": "c", "question": ASKS, "session_id": "s", "message_id": "a"}],
    "seen": {},
}
ASKED = question("q", 1, ASKS, client_message_id="c")
ANSWER = message("a", 2, reply_to="q", status="complete", content="t0 t1 ")


class FakeServer:
    """One session, a message a page; the answer ends when its history has been read `open_reads` times."""

    def __init__(self, open_reads: int = 0, status: int = 200) -> None:
        self.reads = 0
        self._open_reads = open_reads
        self._status = status

    def __call__(self, request: httpx.Request) -> httpx.Response:
        assert request.headers["Authorization"] == "Bearer t"
        if not request.url.path.endswith("/messages"):
            return httpx.Response(self._status, json={"sessions": [{"id": "s"}], "next_cursor": None})
        assert request.url.params["include"] == "superseded"
        if "before" in request.url.params:
            return httpx.Response(200, json={"messages": [ASKED], "next_cursor": None})
        self.reads += 1
        answer = ANSWER if self.reads > self._open_reads else ANSWER | {"status": "streaming"}
        return httpx.Response(200, json={"messages": [answer], "next_cursor": "a"})


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SETTLE_S", 0.0)


def faked(monkeypatch: pytest.MonkeyPatch, server: FakeServer) -> FakeServer:
    transport, real = httpx.MockTransport(server), httpx.AsyncClient

    def client(**options: Any) -> httpx.AsyncClient:  # Any: httpx's own
        return real(transport=transport, **options)

    monkeypatch.setattr(httpx, "AsyncClient", client)
    return server


async def test_all_pages_are_read_and_an_open_answer_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    server = faked(monkeypatch, FakeServer(open_reads=3))
    found = await reconcile("http://server", [ACCOUNT], None)
    assert (found.accepted, found.words) == (1, [])
    assert server.reads == 4


async def test_an_answer_that_never_ends_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    faked(monkeypatch, FakeServer(open_reads=1000))
    assert (await reconcile("http://server", [ACCOUNT], None)).violations == {Wrong.OPEN: 1}


async def test_a_history_that_cannot_be_read_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    faked(monkeypatch, FakeServer(status=500))
    assert (await reconcile("http://server", [ACCOUNT], None)).violations[Wrong.UNREAD] == 1


def test_who_never_got_a_name_has_no_account(tmp_path: Path) -> None:
    people = tmp_path / "people.jsonl"
    assert read_accounts(people) == []
    people.write_text("".join(json.dumps(each) + "\n" for each in (ACCOUNT, ACCOUNT | {"token": None})))
    assert read_accounts(people) == [ACCOUNT]
