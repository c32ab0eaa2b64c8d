import subprocess
from pathlib import Path

import pytest

from loadtests.cluster import samples
from loadtests.cluster.errors import ClusterError
from loadtests.cluster.samples import INDEX, provide
from loadtests.cluster.steadychat import Steadychat


@pytest.fixture
def guide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = tmp_path / "guide"
    made.mkdir()
    (made / "roses.md").write_text("# Roses\n\nA rose is red in June.")
    monkeypatch.setattr(samples, "GUIDE", made)
    return made


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders whose index has read the guide; nothing else happens there."""
    folders: list[Path] = []

    def ingest(command: list[str], **options: object) -> "subprocess.CompletedProcess[str]":
        environment = options["env"]
        assert isinstance(environment, dict)
        folder = Path(environment["STEADYCHAT_DATA_DIR"])
        (folder / INDEX).write_text(Path(command[-1], "roses.md").read_text())
        folders.append(folder)
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(subprocess, "run", ingest)
    return folders


def servers(folder: Path) -> list[Steadychat]:
    return [Steadychat(folder / name, 1, settings={}) for name in ("one", "two")]


def test_the_guide_is_read_once_for_all(tmp_path: Path, guide: Path, read: list[Path]) -> None:
    both = servers(tmp_path)
    for _ in range(2):
        provide(tmp_path / "kept", both)
    assert read == [tmp_path / "kept"]
    assert {(server.data / INDEX).read_text() for server in both} == {(guide / "roses.md").read_text()}


def test_what_has_changed_is_read_by_everybody_beside_what_they_have(
    tmp_path: Path, guide: Path, read: list[Path]
) -> None:
    both = servers(tmp_path)
    provide(tmp_path / "kept", both)
    (guide / "roses.md").write_text("# Roses\n\nA rose is white in May.")
    provide(tmp_path / "kept", both)
    assert read == [tmp_path / "kept"] * 2 + [server.data for server in both]


def test_a_guide_that_cannot_be_read_is_told(tmp_path: Path, guide: Path) -> None:
    (guide / "broken.pdf").write_bytes(b"%PDF-1.7 this is not one")
    with pytest.raises(ClusterError, match=r"sample documents in [^$]*broken.pdf"):
        provide(tmp_path / "kept", servers(tmp_path))
