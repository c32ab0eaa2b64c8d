"""What only a process of its own can show: a stranger's chain, a death, measuring by the command line."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner
from websockets.sync.client import connect

from api.main import cli
from tests.house.serving import bare, free_port, serving
from tests.support.logs import logs_restored
from tests.support.smallset import write_small_set
from tests.support.talk import Frame, answer_of, ended, hear, say, server_events, to_the_end, until

SERVE = [sys.executable, "-m", "api.main", "serve"]
ROOT = Path(__file__).parents[2]
OWN = """
from langchain_core.language_models import FakeListChatModel
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate

prompt = ChatPromptTemplate.from_template("Answer briefly: {anything}")
chain = prompt | FakeListChatModel(responses=["A rose is a rose."]) | StrOutputParser()
"""
WORDS = "A rose is a rose."


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    with logs_restored():
        yield


def environment(**settings: str) -> dict[str, str]:
    return {"PYTHONPATH": str(ROOT)} | {f"STEADYCHAT_{name}": value for name, value in settings.items()}


def test_a_strangers_plain_chain_is_served_through_every_door(tmp_path: Path) -> None:
    (tmp_path / "my_module.py").write_text(OWN)
    port = free_port()
    settings = environment(CHAINS="mine=my_module:chain")
    with serving(SERVE, folder=tmp_path, port=port, environment=settings) as client:
        token = client.post("/api/chat/identity").json()["token"]
        with connect(
            f"ws://127.0.0.1:{port}/ws/chat",
            additional_headers={"Authorization": f"Bearer {token}"},
            proxy=None,
        ) as socket:
            say(socket, type="send", content="What is a rose?")
            over_socket = answer_of(to_the_end(socket))
        over_rest = client.post("/api/chat/messages", json={"content": "What is a rose?"}).json()["message"]
        assert over_socket["content"] == over_rest["content"] == WORDS
        path = f"/api/chat/sessions/{over_rest['session_id']}/events?epoch=none"
        with client.stream("GET", path) as stream:
            events = server_events(stream.iter_lines())
            next(events)
            sent = {"content": "Again?", "session_id": over_rest["session_id"]}
            client.post("/api/chat/messages", json=sent, headers={"Prefer": "respond-async"})
            frames: list[Frame] = []
            while not frames or not ended(frames[-1]):
                frames.append(next(events)[1])
        assert answer_of(frames)["content"] == WORDS
        invoked = client.post("/chains/mine/invoke", json={"input": {"anything": "What is a rose?"}})
        assert invoked.json()["output"] == WORDS
        nothing_asked = {"input": {"messages": [{"type": "ai", "content": "Hello."}]}}
        assert client.post("/chains/mine/text/invoke", json=nothing_asked).status_code == 422
        assert "html" in client.get("/chains/mine/playground/").headers["content-type"]
        assert "html" in client.get("/chains/mine/text/playground/").headers["content-type"]
        assert [chain["name"] for chain in client.get("/api/chat/chains").json()["chains"]] == ["mine"]


def test_a_server_that_was_killed_ends_the_answer_and_keeps_what_was_seen(tmp_path: Path) -> None:
    port = free_port()
    settings = environment(CHAINS="scripted=chains.scripted:build", PORT=str(port))
    process = subprocess.Popen(SERVE, cwd=tmp_path, env={**bare(), **settings}, stdout=subprocess.PIPE)
    with process:
        assert process.stdout is not None
        assert b"ready" in process.stdout.readline()
        me = identity(port)
        with connect(f"ws://127.0.0.1:{port}/ws/chat", proxy=None, additional_headers=me) as socket:
            say(socket, type="send", content="tokens=2000 rate=100")
            seen = until(socket, "token")
            seen += [hear(socket) for _ in range(40)]
            os.kill(process.pid, signal.SIGKILL)
    ack = next(frame for frame in seen if frame["type"] == "ack")
    tokens = [frame for frame in seen if frame["type"] == "token"]
    shown = "".join(frame["content"] for frame in tokens)
    with serving(SERVE, folder=tmp_path, port=port, environment=settings) as client:
        client.headers.update(me)
        path = f"/api/chat/sessions/{ack['session_id']}/messages"
        page = client.get(path).json()
        kept = page["messages"][-1]
        assert (kept["id"], kept["status"]) == (ack["pending_message_id"], "interrupted")
        assert kept["error"]["code"] == "interrupted"
        assert kept["content"].startswith(shown)
        assert page["epoch"] == ack["epoch"]
        record = client.get(f"{path}/{kept['id']}/record").json()["events"]
        own = [event["what"] for event in record if event.get("message_id") == kept["id"]]
        assert (own[0], own[-2:]) == ("accepted", ["abandoned", "ended"])
        with connect(f"ws://127.0.0.1:{port}/ws/chat", proxy=None, additional_headers=me) as socket:
            say(
                socket,
                type="subscribe",
                session_id=ack["session_id"],
                epoch=ack["epoch"],
                after=tokens[-1]["seq"],
            )
            seen += to_the_end(socket)
        assert answer_of(seen)["content"] == kept["content"]
        assert seen[-1]["status"] == "interrupted"


def identity(port: int) -> dict[str, str]:
    """The header of somebody new. It outlives the server: the secret is in the data folder."""
    found = httpx.post(f"http://127.0.0.1:{port}/api/chat/identity", trust_env=False).json()
    return {"Authorization": f"Bearer {found['token']}"}


def test_a_set_of_questions_is_measured_by_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STEADYCHAT_DATA_DIR", str(tmp_path))
    result = CliRunner().invoke(cli, ["eval", str(write_small_set(tmp_path)), "--json"])
    assert result.exit_code == 0
    found = json.loads(result.stdout.splitlines()[-1])
    assert found["unfaithful"] == 0
    assert {
        "ndcg10",
        "hit5",
        "declined",
        "wrongly_declined",
        "query_ms_p50",
        "passages_per_s",
    } <= found.keys()


def test_a_folder_that_is_no_set_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEADYCHAT_DATA_DIR", str(tmp_path))
    result = CliRunner().invoke(cli, ["eval", str(tmp_path / "nothing")])
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert "nothing" in result.stderr


def test_ingest_names_what_it_could_not_read_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STEADYCHAT_DATA_DIR", str(tmp_path / "data"))
    documents = tmp_path / "documents"
    documents.mkdir()
    (documents / "good.md").write_text("# Roses\n\nA rose is a rose, and it is red in June.")
    (documents / "broken.pdf").write_bytes(b"%PDF-1.7 this is not one")
    first = CliRunner().invoke(cli, ["ingest", str(documents)])
    assert first.exit_code == 1
    assert "1 added" in first.stdout
    assert "broken.pdf" in first.stderr
    (documents / "broken.pdf").unlink()
    second = CliRunner().invoke(cli, ["ingest", str(documents)])
    assert second.exit_code == 0
    assert "1 unchanged" in second.stdout
