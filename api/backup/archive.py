"""The file of a backup: a tar whose first member lists the others with their sizes and checksums."""

import hashlib
import io
import json
import re
import shutil
import tarfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from lzma import LZMAError
from pathlib import Path
from typing import IO

from api.backup.files import PRIVATE
from api.backup.places import DATABASE, INDEX, SECRET, UPLOADS
from api.backup.refusals import BackupRefused
from api.documents.uploads import RAW, STATE

MANIFEST = "steadychat-backup.json"
FORMAT = 1
MANIFEST_BYTES = 64 * 1024 * 1024
BLOCK = 1024 * 1024
BROKEN = (tarfile.TarError, EOFError, zlib.error, LZMAError)

_UPLOADED = rf"{UPLOADS}/[\w-]{{1,64}}/(?:{RAW}|{re.escape(STATE)})"
_ALLOWED = re.compile(rf"{re.escape(DATABASE)}|{re.escape(INDEX)}|{SECRET}|{_UPLOADED}", re.ASCII)
"""No other name is ever written, so none can lead out of the folder."""


@dataclass(frozen=True, slots=True)
class File:
    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is in a backup, when it was made (RFC 3339) and by which version of Steadychat."""

    version: str
    made_at: str
    files: Sequence[File]

    def size(self, part: str) -> int:
        """Bytes of a database, the secret, or all uploads; 0 if it is not there."""
        return sum(each.bytes for each in self.files if each.name.split("/")[0] == part)

    @property
    def uploads(self) -> int:
        """How many uploads wait in it."""
        return sum(each.name.endswith(f"/{STATE}") for each in self.files)


def listed(root: Path) -> Sequence[File]:
    """The files under `root`, by the names that they get in a backup."""
    paths = sorted(each for each in root.rglob("*") if each.is_file())
    return [File(each.relative_to(root).as_posix(), each.stat().st_size, _digest(each)) for each in paths]


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return _of(file)


def _of(content: IO[bytes]) -> str:
    found = hashlib.sha256()
    while block := content.read(BLOCK):
        found.update(block)
    return found.hexdigest()


def write_archive(target: Path, root: Path, manifest: Manifest) -> None:
    """Raises OSError. Only its owner may read it: it holds the secret and every chat."""
    target.touch(PRIVATE, exist_ok=False)
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as tar:
        text = json.dumps({"format": FORMAT, **asdict(manifest)}).encode()
        _add(tar, MANIFEST, len(text), io.BytesIO(text))
        for each in manifest.files:
            with (root / each.name).open("rb") as content:
                _add(tar, each.name, each.bytes, content)


def _add(tar: tarfile.TarFile, name: str, size: int, content: IO[bytes]) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, PRIVATE
    tar.addfile(member, content)


def unpack(file: Path, root: Path | None = None) -> Manifest:
    """Reads a whole backup, into `root` if it is given, and compares it with its own list.

    Raises BackupRefused if it is no backup, or is not whole, and OSError.
    """
    with _opened(file) as tar:
        manifest = _manifest(file, tar)
        expected = {each.name: each for each in manifest.files}
        while (member := tar.next()) is not None:
            wanted = expected.pop(member.name, None)
            if wanted is None or not _matches(tar, member, wanted, root):
                raise _damaged(file, f"{member.name!r} is not what was backed up")
    if expected:
        raise _damaged(file, f"{next(iter(expected))!r} is missing")
    return manifest


@contextmanager
def _opened(file: Path) -> Iterator[tarfile.TarFile]:
    """Also one that somebody has compressed since."""
    try:
        tar = tarfile.open(file, "r:*")  # noqa: SIM115 - entered below
    except BROKEN as error:
        raise _foreign(file) from error
    with tar:
        try:
            yield tar
        except BROKEN as error:
            raise _damaged(file, str(error)) from error


def _manifest(file: Path, tar: tarfile.TarFile) -> Manifest:
    first = tar.next()
    content = tar.extractfile(first) if first is not None and first.name == MANIFEST else None
    if content is None:
        raise _foreign(file)
    try:
        fields = json.loads(content.read(MANIFEST_BYTES))
        known = fields.pop("format") == FORMAT
        files = [File(**each) for each in fields.pop("files")]
        manifest = Manifest(files=files, **fields) if known else None
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _damaged(file, "its list of files cannot be read") from error
    if manifest is None:
        raise BackupRefused(f"{file} was made by a newer Steadychat: restore it with that version")
    strange = next((each.name for each in files if not _ALLOWED.fullmatch(each.name)), None)
    if strange is not None:
        raise _damaged(file, f"it lists {strange!r}, which belongs in no backup")
    return manifest


def _matches(tar: tarfile.TarFile, member: tarfile.TarInfo, wanted: File, root: Path | None) -> bool:
    content = tar.extractfile(member) if member.isreg() else None
    if content is None or member.size != wanted.bytes:
        return False
    if root is None:
        return _of(content) == wanted.sha256
    target = root / wanted.name
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    target.touch(PRIVATE, exist_ok=False)
    with target.open("wb") as out:
        shutil.copyfileobj(content, out)
    return _digest(target) == wanted.sha256


def _foreign(file: Path) -> BackupRefused:
    return BackupRefused(f"{file} is no backup of Steadychat: take a file that `steadychat backup` wrote")


def _damaged(file: Path, how: str) -> BackupRefused:
    return BackupRefused(f"{file} is damaged ({how}): take another backup")
