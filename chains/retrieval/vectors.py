"""Vectors as numpy arrays and as bytes."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Vector: TypeAlias = npt.NDArray[np.float32]  # one row
Matrix: TypeAlias = npt.NDArray[np.float32]  # one row per passage


def to_bytes(vector: Vector) -> bytes:
    return vector.astype("<f4").tobytes()


def from_bytes(data: bytes) -> Vector:
    return np.frombuffer(data, dtype="<f4").astype(np.float32)
