from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from chains.settings import ChainSettings


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ChainSettings.model_fields:
        monkeypatch.delenv(f"STEADYCHAT_{name.upper()}", raising=False)


def test_nothing_needs_to_be_set() -> None:
    settings = ChainSettings()
    assert (settings.data_dir, settings.model, settings.embeddings) == (Path("./var"), None, None)
    assert settings.extractive_words_per_second == 60


def test_the_environment_and_a_file_set_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("STEADYCHAT_MODEL=ollama:x\nOTHER=1\nSTEADYCHAT_PORT=1\n")
    monkeypatch.setenv("STEADYCHAT_DATA_DIR", "/elsewhere")
    settings = ChainSettings()
    assert (settings.model, settings.data_dir) == ("ollama:x", Path("/elsewhere"))


@pytest.mark.parametrize("value", ["-1", "nan", "fast"])
def test_a_speed_that_is_none_is_refused(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEADYCHAT_EXTRACTIVE_WORDS_PER_SECOND", value)
    with pytest.raises(ValidationError):
        ChainSettings()


def test_every_setting_is_described() -> None:
    assert all(field.description for field in ChainSettings.model_fields.values())
