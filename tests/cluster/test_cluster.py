"""Several real servers behind a real proxy are one server to whoever talks to them."""

import asyncio

import httpx
import pytest

from chains.script import Script
from loadtests.client import ChatClient
from loadtests.cluster.cluster import Cluster
from tests.cluster.people import WITHIN_S, apart, writing

pytestmark = pytest.mark.anyio

ENDED_S = 45.0
"""A dead server's answers are ended by another one by then (protocol, rule 10)."""


async def shown(client: ChatClient, session_id: str, message_id: str, characters: int) -> str:
    """The text of a followed answer, once it has so many characters."""
    row = (await client.follow(session_id)).rows[message_id]
    async with asyncio.timeout(WITHIN_S):
        await client.until(lambda: len(row.text) >= characters)
    return str(row.text)


async def test_it_is_ready_as_long_as_one_of_them_is(cluster: Cluster) -> None:
    async with httpx.AsyncClient(base_url=cluster.url, trust_env=False) as client:
        assert (await client.get("/readyz")).json() == {"status": "ready"}
        for server in cluster.servers[:2]:
            await asyncio.to_thread(server.stop)
            assert [(await client.get("/readyz")).status_code for _ in range(5)] == [200] * 5
        await asyncio.to_thread(cluster.settle)
        assert cluster.proxy.up() == {"server-3"}


async def test_what_is_sent_by_one_server_is_followed_by_another_while_it_is_written(
    cluster: Cluster,
) -> None:
    async with apart(cluster) as ((one, other), (here, _)):
        ack = await one.accepted(one.send("tokens=60 rate=20"))
        ids = ack["session_id"], ack["pending_message_id"]
        assert await writing(cluster) == [here]
        begun = await shown(other, *ids, 40)
        assert len(begun) < len(Script(tokens=60).text())
        ended = await asyncio.gather(one.ended(*ids), other.ended(*ids))
        assert [message["status"] for message in ended] == ["complete"] * 2
        assert {message["content"] for message in ended} == {Script(tokens=60).text()}


async def test_an_answer_is_stopped_by_a_server_that_does_not_write_it(cluster: Cluster) -> None:
    async with apart(cluster) as ((one, other), _):
        ack = await one.accepted(one.send("tokens=1000 rate=20"))
        ids = ack["session_id"], ack["pending_message_id"]
        seen = await shown(other, *ids, 40)
        await other.stop(*ids)
        ended = await asyncio.gather(one.ended(*ids), other.ended(*ids))
        assert [message["status"] for message in ended] == ["cancelled"] * 2
        assert all(message["content"].startswith(seen) for message in ended)


async def test_a_server_that_is_killed_leaves_answers_with_all_that_was_seen_and_an_end(
    cluster: Cluster,
) -> None:
    async with apart(cluster) as ((one, other), (here, _)):
        ack = await one.accepted(one.send("tokens=5000 rate=20"))
        ids = ack["session_id"], ack["pending_message_id"]
        assert await writing(cluster) == [here]
        seen = await shown(other, *ids, 40), await shown(one, *ids, 40)
        await asyncio.to_thread(here.kill)
        async with asyncio.timeout(ENDED_S):
            ended = await asyncio.gather(one.ended(*ids), other.ended(*ids))
        assert [message["status"] for message in ended] == ["interrupted"] * 2
        assert ended[0]["content"] == ended[1]["content"]
        assert all(ended[0]["content"].startswith(text) for text in seen)
        assert ended[0]["error"]["code"] == "interrupted"
        async with asyncio.timeout(WITHIN_S):
            assert (await one.ask("tokens=5", session_id=ids[0])).status == "complete"


async def test_a_server_that_leaves_ends_its_answers_and_its_people_go_on_elsewhere(cluster: Cluster) -> None:
    async with apart(cluster) as ((one, other), (here, there)):
        mine = await one.accepted(one.send("tokens=80 rate=20"))
        others = await other.accepted(other.send("tokens=160 rate=20"))
        for ack in (mine, others):  # of which one is written by the server that leaves, and the other not
            await shown(one, ack["session_id"], ack["pending_message_id"], 20)
        assert set(await writing(cluster)) == {here, there}
        leaving = asyncio.create_task(asyncio.to_thread(here.stop))
        async with asyncio.timeout(WITHIN_S * 2):
            ended = [await one.ended(ack["session_id"], ack["pending_message_id"]) for ack in (mine, others)]
            await leaving
            again = await one.ask("tokens=5", session_id=mine["session_id"])
        assert [message["status"] for message in ended] == ["complete"] * 2
        assert [message["content"] for message in ended] == [Script(tokens=n).text() for n in (80, 160)]
        assert again.status == "complete"
        assert one.fault is None
