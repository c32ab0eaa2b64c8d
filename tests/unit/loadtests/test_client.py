"""The client against the real server, and against peers that misbehave by hand."""

import asyncio
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import httpx
import pytest

from chains.script import Script
from loadtests.client import ChatClient, Closed, Mode, Pace, Refused
from loadtests.protocol.frames import Frame
from loadtests.protocol.verify.violations import Kind
from tests.support.live import Live, live
from tests.support.peer import Seat, peer
from tests.support.wireframes import ack, came, done, message, question, subscribed, token

pytestmark = pytest.mark.anyio

QUICK = Pace(steps=(0.02, 0.05, 0.1), rest_first_s=0.02, rest_longest_s=0.1, read_again_s=0.05)
LONG = "tokens=200 rate=400"
TEXT = Script(tokens=200).text()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    folder = tmp_path_factory.mktemp("client")
    with live(folder, limit_messages_per_minute=0, limit_sockets_per_user=0) as found:
        yield found


def client_of(server: Live, transport: Mode = "websocket") -> ChatClient:
    return ChatClient(server.url, transport=transport, pace=QUICK, scripted=True, seed=1)


@pytest.mark.parametrize("transport", ["websocket", "http", "auto"])
async def test_an_answer_comes_whole_by_every_transport(server: Live, transport: Mode) -> None:
    async with client_of(server, transport) as client:
        answer = await client.ask("tokens=40 sources=2 confidence=0.5")
        assert (answer.text, answer.status) == (Script(tokens=40).text(), "complete")
        assert len(answer.message["sources"]) == 2
        client.violations.check()
        assert len(client.measures.first_token_s) == len(client.measures.answer_s) == 1


async def reached(client: ChatClient, session_id: str, message_id: str, length: int) -> None:
    """Wait until so much of an answer is held."""
    conversation = await client.follow(session_id)
    await client.until(lambda: len(conversation.rows[message_id].text) >= length)


async def recovered(client: ChatClient) -> None:
    await client.until(lambda: client.measures.recovering)
    await client.until(lambda: not client.measures.recovering)


async def test_an_answer_survives_one_cut_after_another(server: Live) -> None:
    async with client_of(server) as client:
        promised = await client.accepted(client.send(LONG))
        place = promised["session_id"], promised["pending_message_id"]
        for length in (100, 300, 500, 700):
            await reached(client, *place, length)
            client.cut()
            await recovered(client)
        assert (await client.ended(*place))["content"] == TEXT
        client.violations.check()
        assert client.measures.connections == 5
        recoveries = client.measures.take().recoveries
        assert len(recoveries) == 4
        assert all(each.recovered and each.by == "socket" and each.from_cut_s > 0 for each in recoveries)


async def test_an_answer_goes_on_by_the_other_transport_in_both_directions(server: Live) -> None:
    async with client_of(server) as client:
        promised = await client.accepted(client.send(LONG))
        place = promised["session_id"], promised["pending_message_id"]
        modes: tuple[Mode, ...] = ("http", "websocket", "http", "auto")
        for length, mode in zip((100, 300, 500, 700), modes, strict=True):
            await reached(client, *place, length)
            client.switch(mode)
            await recovered(client)
        assert (await client.ended(*place))["content"] == TEXT
        client.violations.check()
        carriers = [each.by for each in client.measures.recoveries]
        assert carriers == ["http", "socket", "http", "socket"]


async def test_http_stands_in_while_the_socket_cannot_be_had(server: Live) -> None:
    async with ChatClient(server.url, pace=QUICK, scripted=True) as client:
        socket = client._driver.socket
        assert socket is not None
        good, socket._url = socket._url, "ws://127.0.0.1:9"  # the discard port: nobody is there
        await client.until(lambda: client.carrier == "http")
        assert (await client.ask(LONG)).text == TEXT
        socket._url = good
        await client.until(lambda: client.carrier == "socket")
        assert (await client.ask(LONG)).text == TEXT
        client.violations.check()


@pytest.mark.parametrize("transport", ["websocket", "http"])
async def test_it_stays_up_while_the_server_goes_and_comes_back(tmp_path: Path, transport: Mode) -> None:
    with live(tmp_path, drain_seconds=0) as first:
        client = ChatClient(first.url, transport=transport, pace=QUICK, scripted=True)
        async with asyncio.timeout(20):
            await client.__aenter__()
            promised = await client.accepted(client.send("tokens=200 hang_at=100"))
            place = promised["session_id"], promised["pending_message_id"]
            await reached(client, *place, len(Script(tokens=100).text()))
    port = int(first.url.rpartition(":")[2])
    waiting = client.send("tokens=9", session_id=promised["session_id"])
    with live(tmp_path, port):
        async with asyncio.timeout(20):
            ended = await client.ended(*place)
            assert (ended["status"], ended["content"]) == ("interrupted", Script(tokens=100).text())
            again = await client.accepted(waiting)
            after = await client.ended(again["session_id"], again["pending_message_id"])
            assert after["content"] == Script(tokens=9).text()
            client.violations.check()
            await client.__aexit__(None, None, None)


async def test_a_retry_replaces_the_answer_and_history_shows_it_once(server: Live) -> None:
    async with ChatClient(server.url, pace=QUICK, scripted=True, page_limit=2) as client:
        first = await client.ask("tokens=5")
        failed = await client.ask("tokens=5 fail_at=2", session_id=first.session_id)
        again = await client.retry(failed)
        assert (failed.status, again.status) == ("failed", "failed")
        await client.follow(first.session_id)
        shown = [each["id"] for each in await client.history(first.session_id)]
        assert len(shown) == 4
        assert (shown[1], shown[3]) == (first.id, again.id)
        client.violations.check()


@pytest.mark.parametrize("transport", ["websocket", "http"])
async def test_a_stopped_answer_keeps_its_text(server: Live, transport: Mode) -> None:
    async with client_of(server, transport) as client:
        promised = await client.accepted(client.send("tokens=20 hang_at=10"))
        place = promised["session_id"], promised["pending_message_id"]
        await reached(client, *place, len(Script(tokens=10).text()))
        assert await client.stop(*place) == "cancelled"
        ended = await client.ended(*place)
        assert (ended["status"], ended["content"]) == ("cancelled", Script(tokens=10).text())
        client.violations.check()


@pytest.mark.parametrize("transport", ["websocket", "http"])
async def test_the_same_id_is_the_same_message_for_ever(server: Live, transport: Mode) -> None:
    async with client_of(server, transport) as client:
        first = await client.ask("tokens=3", client_message_id=f"once-{transport}")
        second = await client.ask("tokens=3", client_message_id=f"once-{transport}")
        assert (second.id, second.duplicate, first.duplicate) == (first.id, True, False)
        client.violations.check()


async def test_a_session_that_is_busy_is_waited_for(server: Live) -> None:
    async with client_of(server) as client:
        session = (await client.ask("tokens=1")).session_id
        both = await asyncio.gather(*(client.ask("tokens=50 rate=200", session_id=session) for _ in range(2)))
        assert [answer.status for answer in both] == ["complete", "complete"]
        client.violations.check()


@pytest.mark.parametrize("transport", ["websocket", "http"])
async def test_what_the_server_does_not_take_is_raised_with_its_reason(server: Live, transport: Mode) -> None:
    async with client_of(server, transport) as client:
        with pytest.raises(Refused) as refused:
            await client.ask("  ")
        assert refused.value.code == "invalid"
        with pytest.raises(Refused) as refused:
            await client.ask("tokens=1", session_id="nobody")
        assert refused.value.code == "not_found"
        with pytest.raises(Refused) as refused:
            await client.follow("nobody")
        assert refused.value.code == "not_found"


async def test_quiet_sessions_are_let_go_of(server: Live) -> None:
    async with client_of(server) as client:
        for _ in range(7):
            await client.ask("tokens=2")
        assert len(client._driver.core.conversations) == 4
        assert len(client._driver.verifier._sessions) == 4
        assert not client._driver.core.outbox.entries
        client.violations.check()


async def test_silence_is_answered_by_a_ping_and_then_by_a_new_connection() -> None:
    heard: list[Frame] = []

    async def play(seat: Seat) -> None:
        await seat.welcome()
        while seat.number == 1:
            heard.append(await seat.hear())
        await seat.stay()

    pace = Pace(steps=(0.01,), heartbeat_s=0.05, pong_s=0.05)
    async with (
        peer(play) as found,
        ChatClient(found.url, "token", pace=pace, transport="websocket") as client,
    ):
        await client.until(lambda: client.measures.connections == 2)
        assert heard == [{"type": "ping"}]


async def test_a_ping_that_is_echoed_keeps_the_connection() -> None:
    echoed = asyncio.Event()

    async def play(seat: Seat) -> None:
        await seat.welcome()
        for _ in range(5):
            assert await seat.hear() == {"type": "ping"}
            await seat.say({"type": "pong"})
        echoed.set()
        await seat.stay()

    pace = Pace(heartbeat_s=0.02, pong_s=5)
    async with peer(play) as found, ChatClient(found.url, "token", pace=pace, transport="websocket"):
        await echoed.wait()
        assert found.seats == 1


async def test_a_server_that_leaves_is_left_when_it_says_and_without_a_wait() -> None:
    async def play(seat: Seat) -> None:
        await seat.welcome()
        if seat.number == 1:
            await seat.say({"type": "draining", "retry_after_ms": 20})
        await seat.stay()

    pace = Pace(steps=(1000,))
    async with (
        peer(play) as found,
        ChatClient(found.url, "token", pace=pace, transport="websocket") as client,
    ):
        await client.until(lambda: client.measures.connections == 2 and client.carrier == "socket")


@pytest.mark.parametrize("code", [4500, 4501, 4502, 4503, 4504])
async def test_a_connection_closed_for_good_is_not_made_again_by_itself(code: int) -> None:
    async def play(seat: Seat) -> None:
        await seat.welcome()
        if seat.number == 1:
            await seat.connection.close(code, "why")
        await seat.stay()

    async with (
        peer(play) as found,
        ChatClient(found.url, "token", pace=QUICK, transport="websocket") as client,
    ):
        await client.until(lambda: client.fault is not None)
        assert client.fault is not None
        assert (client.fault.code, client.fault.reason) == (code, "why")
        if code == 4504:  # whoever sends wants to be there
            client.send("Hello")
            await client.until(lambda: client.carrier == "socket")
        else:
            with pytest.raises(Closed):
                await client.ask("Hello")
            assert found.seats == 1


@pytest.mark.parametrize("code", [1000, 1001, 1011, 1012, 1013, 4001, 4003])
async def test_any_other_end_is_followed_by_a_new_connection(code: int) -> None:
    async def play(seat: Seat) -> None:
        await seat.welcome()
        if seat.number == 1:
            await seat.connection.close(code)
        await seat.stay()

    async with (
        peer(play) as found,
        ChatClient(found.url, "token", pace=QUICK, transport="websocket") as client,
    ):
        await client.until(lambda: client.measures.connections == 2 and client.carrier == "socket")


async def test_a_send_without_a_word_goes_by_the_other_door_under_the_same_id() -> None:
    async def play(seat: Seat) -> None:
        await seat.welcome()
        await seat.stay()

    def answer(request: httpx.Request) -> httpx.Response | None:
        if request.method == "POST":
            return httpx.Response(202, json=ack(client_message_id="mine"))
        return None

    pace = Pace(reply_s=0.02)
    async with peer(play) as found:
        found.answer = answer
        async with ChatClient(found.url, "token", pace=pace, http=found.client()) as client:
            promised = await client.accepted(client.send("why?", client_message_id="mine"))
        assert promised["client_message_id"] == "mine"
        posted = next(request for request in found.requests if request.method == "POST")
        assert b'"client_message_id":"mine"' in posted.content.replace(b": ", b":")


ANSWER = message("a", 2, reply_to="u")
EXCHANGE = [
    ack(client_message_id="mine"),
    subscribed(1, end=2, recovered=False),
    came(2, ANSWER),
    token(3, 0, "Hello"),
]


@pytest.mark.parametrize(
    ("ending", "kinds"),
    [
        (done(4, "Hello"), set()),
        (done(4, "Help!"), {Kind.CRC32}),
        (done(5, "Hello"), {Kind.SEQ_GAP}),
    ],
)
async def test_what_a_peer_does_wrong_is_counted(ending: Frame, kinds: set[Kind]) -> None:
    async def play(seat: Seat) -> None:
        await seat.welcome()
        assert (await seat.hear())["client_message_id"] == "mine"
        for frame in [*EXCHANGE, ending]:
            await seat.say(frame)
        await seat.stay()

    def answer(request: httpx.Request) -> httpx.Response | None:
        whole = ANSWER | {
            "status": "complete",
            "content": "Hello",
            "confidence": 0.5,
            "generation_time_ms": 10,
        }
        if request.url.path.endswith("/messages"):
            asked = question("u", 1, "why?", client_message_id="mine")
            body = {
                "messages": [asked, whole],
                "has_more": False,
                "next_cursor": None,
                "epoch": "e1",
                "seq": 5,
            }
            return httpx.Response(200, json=body)
        return httpx.Response(200, json=whole)

    async with peer(play) as found:
        found.answer = answer
        async with ChatClient(found.url, "token", http=found.client(), transport="websocket") as client:
            assert (await client.ask("why?", client_message_id="mine")).text == "Hello"
            await client.until(lambda: set(client.violations.counts) >= kinds)
            assert set(client.violations.counts) <= kinds | {Kind.REPRESENTATION}


async def test_an_end_that_nobody_told_is_asked_for_and_counted() -> None:
    async def play(seat: Seat) -> None:
        await seat.welcome()
        await seat.hear()
        for frame in EXCHANGE:
            await seat.say(frame)
        await seat.stay()

    def answer(request: httpx.Request) -> httpx.Response | None:
        whole = ANSWER | {"status": "complete", "content": "Hello"}
        return None if request.url.path.endswith("/messages") else httpx.Response(200, json=whole)

    async with peer(play) as found:
        found.answer = answer
        pace = Pace(pending_s=0.05)
        async with ChatClient(
            found.url, "token", http=found.client(), transport="websocket", pace=pace
        ) as client:
            assert (await client.ask("why?", client_message_id="mine")).status == "complete"
            assert client.measures.silent_ends == 1


async def test_an_answer_that_goes_on_in_silence_is_asked_for_again_only_after_as_long() -> None:
    asked: list[float] = []

    async def play(seat: Seat) -> None:
        await seat.welcome()
        await seat.hear()
        for frame in EXCHANGE:
            await seat.say(frame)
        await seat.stay()

    def answer(request: httpx.Request) -> httpx.Response | None:
        if request.url.path.endswith("/messages"):
            return None
        asked.append(asyncio.get_running_loop().time())
        whole = ANSWER | {"status": "complete", "content": "Hello"}
        return httpx.Response(200, json=ANSWER if len(asked) < 4 else whole)

    async with peer(play) as found:
        found.answer = answer
        pace = Pace(pending_s=0.05)
        async with ChatClient(
            found.url, "token", http=found.client(), transport="websocket", pace=pace
        ) as client:
            assert (await client.ask("why?", client_message_id="mine")).status == "complete"
    assert all(later - before >= pace.pending_s for before, later in pairwise(asked))


async def test_an_answer_that_is_gone_is_found_out_by_asking() -> None:
    async def play(seat: Seat) -> None:
        await seat.welcome()
        await seat.hear()
        for frame in EXCHANGE:
            await seat.say(frame)
        await seat.stay()

    def answer(request: httpx.Request) -> httpx.Response | None:
        gone = {"code": "not_found", "message": "It is not there.", "retryable": False}
        return None if request.url.path.endswith("/messages") else httpx.Response(404, json=gone)

    async with peer(play) as found:
        found.answer = answer
        pace = Pace(pending_s=0.05)
        async with ChatClient(
            found.url, "token", http=found.client(), transport="websocket", pace=pace
        ) as client:
            with pytest.raises(Refused, match="not_found"):
                await client.ask("why?", client_message_id="mine")


async def test_what_breaks_in_the_background_is_raised_to_its_owner() -> None:
    async def play(seat: Seat) -> None:
        await seat.welcome()
        await seat.stay()

    async def breaks() -> None:
        raise ZeroDivisionError

    async with peer(play) as found:
        client = await ChatClient(found.url, "token", transport="websocket").__aenter__()
        client._driver.background.run(breaks())
        with pytest.raises(ZeroDivisionError):
            await client.until(lambda: False)
        with pytest.raises(ZeroDivisionError):
            await client.__aexit__(None, None, None)
