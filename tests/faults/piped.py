"""A file that a process writes through a pipe, so that a full disk does not keep it from being written."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

END = b"\0"


@contextmanager
def piped(file: Path) -> Iterator[Path]:
    """Yields what to open for appending; what is written there comes into `file`."""
    pipe = file.with_name(f"{file.name}.pipe")
    os.mkfifo(pipe)
    descriptor = os.open(pipe, os.O_RDWR)  # open for writing too, so that reading never comes to an end

    def copy() -> None:
        with file.open("ab", buffering=0) as target:
            while (lines := os.read(descriptor, 65536)) != END:
                target.write(lines.removesuffix(END))
                if lines.endswith(END):
                    return

    copying = threading.Thread(target=copy)
    copying.start()
    try:
        yield pipe
    finally:
        os.write(descriptor, END)
        copying.join()
        os.close(descriptor)
