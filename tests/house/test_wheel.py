"""The wheel holds everything: it serves the page and answers from an empty folder."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import httpx
import pytest

from tests.house.serving import bare, free_port, serving

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not (ROOT / "api" / "page" / "index.html").exists():
        pytest.fail("The page is not built. `make setup` builds it.")
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder))
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command `steadychat` of a new environment that has the wheel, with what the lock says."""
    uv = BIN / "uv"
    if not uv.exists():
        pytest.fail("uv is missing in .venv. `make test` installs it.")
    venv = tmp_path_factory.mktemp("installed") / "venv"
    run(str(uv), "venv", "--quiet", "--python", sys.executable, str(venv))
    python = str(venv / "bin" / "python")
    run(str(uv), "pip", "install", "--quiet", "--python", python, "-c", "requirements.lock", str(wheel))
    return venv / "bin" / "steadychat"


def run(*command: str) -> str:
    result = subprocess.run(command, cwd=ROOT, env=bare(), capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_the_wheel_holds_the_page_and_no_tests(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "api/page/index.html" in names
    assert any(name.startswith("api/page/") and name.endswith(".js") for name in names)
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"api", "chains"}


def test_the_installed_command_knows_its_version(installed: Path) -> None:
    assert "0.1.0" in run(str(installed), "version")


def test_the_installed_server_serves_the_page_and_answers(installed: Path, tmp_path: Path) -> None:
    port = free_port()
    command = [str(installed), "serve", "--port", str(port)]
    with serving(command, folder=tmp_path, port=port, environment={"PATH": "/usr/bin:/bin"}) as client:
        page = client.get("/")
        assert page.status_code == httpx.codes.OK
        assert 'id="root"' in page.text

        token = client.post("/api/chat/identity").raise_for_status().json()["token"]
        client.cookies.clear()
        sent = client.post(
            "/api/chat/messages",
            json={"content": "What is Steadychat?", "client_message_id": "wheel-1"},
            headers={"Authorization": f"Bearer {token}"},
        ).raise_for_status()
        answer = sent.json()["message"]
        assert answer["status"] == "complete"
        assert answer["content"]
    assert [path.name for path in tmp_path.iterdir()] == ["var"]


@pytest.fixture(scope="module", autouse=True)
def _tidy(tmp_path_factory: pytest.TempPathFactory) -> object:
    """A new environment is large: it goes when the tests are through."""
    yield
    for folder in tmp_path_factory.getbasetemp().glob("installed[0-9]*"):
        shutil.rmtree(folder)
