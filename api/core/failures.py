"""Where an exception came from, without what it says: its words may hold what people wrote."""

import traceback
from types import FrameType

MOST = 8


def places(error: BaseException, most: int = MOST) -> list[str]:
    """The innermost frames, `file:line function`, innermost last."""
    frames = traceback.extract_tb(error.__traceback__)[-most:]
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]


def stack(frame: FrameType | None, until: FrameType | None = None, most: int = MOST) -> list[str]:
    """The same of a stack that runs: from its innermost `frame` out to `until`, which is left out."""
    found: list[str] = []
    while frame is not None and frame is not until and len(found) < most:
        code = frame.f_code
        found.append(f"{code.co_filename}:{frame.f_lineno} {code.co_name}")
        frame = frame.f_back
    return found[::-1]
