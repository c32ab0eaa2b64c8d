"""What README.md tells people to type works: every `sh` and `python` block in it is run, in order."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.house.serving import bare, free_port, serving

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
BLOCK = re.compile(r"^```(\w*) ?(\S*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
BLOCKS = BLOCK.findall(README)
SHELL = [text.strip() for language, _, text in BLOCKS if language == "sh"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder as the README sees it: `.venv`, the Python files it shows, and documents in the home."""
    (tmp_path / ".venv").symlink_to(Path(sys.executable).parents[1])
    for language, name, text in BLOCKS:
        if language == "python":
            (tmp_path / name).write_text(text)
    documents = tmp_path / "my-documents"
    documents.mkdir()
    (documents / "tea.md").write_text("# Tea\n\nGreen tea is brewed at eighty degrees for two minutes.\n")
    return tmp_path


def starting_with(command: str) -> str:
    (found,) = [text for text in SHELL if command in text]
    return str(found)


def test_every_block_is_run_here_or_marked_as_text() -> None:
    assert {language for language, _, _ in BLOCKS} <= {"sh", "python", "text"}
    assert len(SHELL) == 4, "a new block of commands needs a test below"
    assert all(name for language, name, _ in BLOCKS if language == "python"), (
        "name the file: ```python name.py"
    )


def test_make_run_serves_the_guide(tmp_path: Path) -> None:
    if not shutil.which("make"):
        pytest.fail("make is missing. Debian, Ubuntu: apt install make")
    port = free_port()
    environment = {"STEADYCHAT_DATA_DIR": str(tmp_path)}
    with serving(
        ["sh", "-c", f"exec {starting_with('make run')}"], folder=ROOT, port=port, environment=environment
    ) as client:
        assert 'id="root"' in client.get("/").text
        question = {"input": {"question": "What happens to a running answer when the connection drops?"}}
        output = client.post("/chains/rag/invoke", json=question).raise_for_status().json()["output"]
    assert output["sources"]
    assert "goes on" in output["answer"]


def test_documents_are_ingested(folder: Path) -> None:
    result = subprocess.run(
        ["sh", "-ec", starting_with("ingest")],
        cwd=folder,
        env={**bare(), "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert (folder / "var" / "index.db").exists()


def test_a_chain_of_ones_own_is_served(folder: Path) -> None:
    port = free_port()
    serve = re.sub(r"^((?:\w+=\S+ )*)", r"exec env \1", starting_with("steadychat serve"))
    with serving(["sh", "-c", serve], folder=folder, port=port, environment={}) as client:
        curl = starting_with("curl").replace("127.0.0.1:8000", f"127.0.0.1:{port}")
        said = subprocess.run(["sh", "-ec", curl], capture_output=True, text=True, check=True).stdout
        assert "Your own chain says hello." in said

        token = client.post("/api/chat/identity").raise_for_status().json()["token"]
        sent = client.post(
            "/api/chat/messages", json={"content": "Hello?"}, headers={"Authorization": f"Bearer {token}"}
        )
        assert sent.status_code == httpx.codes.OK
        assert sent.json()["message"]["content"] == "Your own chain says hello."


def test_the_files_that_it_links_to_exist() -> None:
    linked = re.findall(r"\]\((?!http)([^)#]+)\)", README)
    assert linked
    assert [name for name in linked if not (ROOT / name).exists()] == []
