from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from chains.retrieval import minilm
from chains.retrieval.minilm import MiniLM, ModelUnusable, installed_model, load_minilm

if TYPE_CHECKING:
    from pathlib import Path


def test_meaning_is_near_and_vectors_have_length_1() -> None:
    model = load_minilm()
    cat, kitten, tax = model.embed_passages(["A cat sleeps.", "The kitten naps.", "Taxes are due in May."])
    assert cat @ kitten > cat @ tax + 0.3
    assert np.linalg.norm(cat) == pytest.approx(1, abs=1e-5)
    assert len(cat) == 384


def test_a_text_has_the_same_vector_as_a_question_and_as_a_passage() -> None:
    model = load_minilm()
    assert np.array_equal(model.embed_query("the same"), next(iter(model.embed_passages(["the same"]))))


def test_long_and_empty_texts_are_embedded_too() -> None:
    model = load_minilm()
    assert len(model.embed_query("")) == len(model.embed_query("word " * 5000)) == 384


def test_another_model_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"another model")
    with pytest.raises(ModelUnusable, match="sha256"):
        MiniLM(tmp_path / "model.onnx", installed_model()[1])


def test_another_version_of_the_package_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(minilm, "version", lambda _: "2.0.0")
    with pytest.raises(ModelUnusable, match=r"2\.0\.0 is installed, 1\.0\.0 is needed"):
        installed_model()


def test_a_missing_package_is_named() -> None:
    with pytest.raises(ModelUnusable, match="no_such_package"):
        minilm.package_folder("no_such_package")
