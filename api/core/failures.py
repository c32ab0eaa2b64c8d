"""Where an exception came from, without what it says: its words may hold what people wrote."""

import traceback


def places(error: BaseException, most: int = 8) -> list[str]:
    """The innermost frames, `file:line function`, innermost last."""
    frames = traceback.extract_tb(error.__traceback__)[-most:]
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
