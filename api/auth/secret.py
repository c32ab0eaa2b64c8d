"""The secret that signs identities: made once, kept in the data folder, readable by its owner alone."""

import errno
import os
import secrets
from pathlib import Path

NAME = "secret"
BYTES = 32


def kept_secret(data_dir: Path) -> str:
    """The secret of this data folder, made at the first call.

    Raises OSError if it cannot be kept, or is empty.

    Of two servers that start at once both get the one that was there first.
    """
    file = data_dir / NAME
    if (found := _read(file)) is not None:
        return found
    data_dir.mkdir(parents=True, exist_ok=True)
    draft = data_dir / f".{NAME}-{secrets.token_hex(8)}"
    try:
        _write(draft, secrets.token_urlsafe(BYTES))
        os.link(draft, file)  # unlike a rename it never replaces one that came first
    except FileExistsError:
        pass
    finally:
        draft.unlink(missing_ok=True)
    if (found := _read(file)) is not None:
        return found
    # Anybody could sign with nothing; and a new one in its place would make strangers of all users.
    raise OSError(errno.ENODATA, f"the file {NAME} in it is empty: put a copy back, or remove it")


def _read(file: Path) -> str | None:
    try:
        return file.read_text().strip() or None
    except FileNotFoundError:
        return None


def _write(file: Path, text: str) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
