"""What comes out of a backup is what went in, or nothing does."""

import gzip
import io
import json
import random
import stat
import tarfile
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from api.backup.archive import MANIFEST, Manifest, listed, unpack, write_archive
from api.backup.refusals import BackupRefused

CONTENT = {
    "steadychat.db": b"history" * 1000,
    "index.db": b"index" * 3000,
    "secret": b"secret",
    "uploads/0192-a/raw": b"words",
    "uploads/0192-a/upload.json": b"{}",
}


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    root = tmp_path / "content"
    for name, content in CONTENT.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    target = tmp_path / "backup.tar"
    write_archive(target, root, Manifest("1.2.3", "2026-11-22T20:00:00Z", listed(root)))
    return target


def unpacked(file: Path, root: Path) -> dict[str, bytes]:
    unpack(file, root)
    files = [each for each in root.rglob("*") if each.is_file()]
    return {each.relative_to(root).as_posix(): each.read_bytes() for each in files}


def forged(file: Path, members: dict[str, bytes], **manifest: Any) -> Path:  # Any: JSON
    """A backup by somebody who means harm: its own list agrees with what is in it."""
    files = [
        {"name": name, "bytes": len(content), "sha256": sha256(content).hexdigest()}
        for name, content in members.items()
    ]
    fields = {"format": 1, "version": "1", "made_at": "", "files": files} | manifest
    with tarfile.open(file, "w") as tar:
        for name, content in {MANIFEST: json.dumps(fields).encode(), **members}.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return file


def test_what_comes_out_is_what_went_in(archive: Path, tmp_path: Path) -> None:
    assert unpacked(archive, tmp_path / "out") == CONTENT
    manifest = unpack(archive)
    assert (manifest.version, manifest.uploads, manifest.size("uploads")) == ("1.2.3", 1, 7)
    assert manifest.size("steadychat.db") == 7000


def test_only_its_owner_may_read_it_and_what_comes_out(archive: Path, tmp_path: Path) -> None:
    unpack(archive, tmp_path / "out")
    for file in (archive, *(tmp_path / "out").rglob("*")):
        assert not stat.S_IMODE(file.stat().st_mode) & 0o077 or file.is_dir(), file


def test_it_may_have_been_compressed_since(archive: Path, tmp_path: Path) -> None:
    archive.write_bytes(gzip.compress(archive.read_bytes()))
    assert unpacked(archive, tmp_path / "out") == CONTENT


@pytest.mark.parametrize("compressed", [False, True])
def test_a_byte_that_changed_is_noticed_unless_it_means_nothing(
    archive: Path, tmp_path: Path, compressed: bool
) -> None:
    whole = gzip.compress(archive.read_bytes()) if compressed else archive.read_bytes()
    chance = random.Random(1)
    noticed = 0
    for number in range(300):
        changed = bytearray(whole)
        changed[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
        archive.write_bytes(changed)
        try:
            assert unpacked(archive, tmp_path / f"out{number}") == CONTENT
        except (BackupRefused, OSError):
            noticed += 1
    assert noticed > 200


def test_one_that_was_cut_off_is_noticed(archive: Path, tmp_path: Path) -> None:
    whole = archive.read_bytes()
    for length in range(0, len(whole) - tarfile.RECORDSIZE, 997):
        archive.write_bytes(whole[:length])
        with pytest.raises(BackupRefused):
            unpack(archive)


@pytest.mark.parametrize(
    "name",
    [
        "../outside",
        "/tmp/outside",  # noqa: S108 - it must not be written
        "uploads/../../outside/raw",
        "uploads/0192-a/../../../outside",
        "uploads/0192-a/raw/raw",
        "uploads/raw",
        "restoring.json",
        "steadychat.db-wal",
        "secret\n",
    ],
)
def test_no_name_leads_anywhere_else(tmp_path: Path, name: str) -> None:
    file = forged(tmp_path / "backup.tar", {"steadychat.db": b"x", name: b"evil"})
    root = tmp_path / "deep" / "out"
    with pytest.raises(BackupRefused, match="belongs in no backup"):
        unpack(file, root)
    assert [each for each in tmp_path.rglob("*") if each.is_file()] == [file]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE])
def test_nothing_but_files_comes_out(tmp_path: Path, kind: bytes) -> None:
    file = forged(tmp_path / "backup.tar", {"steadychat.db": b"", "secret": b""})
    with tarfile.open(file) as tar:
        members = [(each, tar.extractfile(each)) for each in tar.getmembers()]
        with tarfile.open(tmp_path / "linked.tar", "w") as linked:
            for member, content in members:
                if member.name == "secret":
                    member.type, member.linkname = kind, "/etc/passwd"
                linked.addfile(member, content)
    with pytest.raises(BackupRefused, match="'secret' is not what was backed up"):
        unpack(tmp_path / "linked.tar", tmp_path / "out")
    assert not (tmp_path / "out" / "secret").exists()


def test_a_member_that_is_not_listed_and_one_that_comes_twice_are_refused(tmp_path: Path) -> None:
    strange = forged(tmp_path / "strange.tar", {"steadychat.db": b"x", "secret": b"y"}, files=[])
    with pytest.raises(BackupRefused, match=r"steadychat\.db"):
        unpack(strange)
    twice = forged(tmp_path / "twice.tar", {"steadychat.db": b"x"})
    with tarfile.open(twice, "a") as tar:
        member = tarfile.TarInfo("steadychat.db")
        member.size = 1
        tar.addfile(member, io.BytesIO(b"x"))
    with pytest.raises(BackupRefused, match=r"steadychat\.db"):
        unpack(twice)


def test_one_of_a_newer_version_is_named_as_such(tmp_path: Path) -> None:
    with pytest.raises(BackupRefused, match="newer Steadychat"):
        unpack(forged(tmp_path / "newer.tar", {}, format=2))


@pytest.mark.parametrize("content", [b"", b"not a tar" * 100, bytes(20_000)])
def test_what_is_no_backup_is_named_as_such(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(BackupRefused, match="no backup of Steadychat") as refused:
        unpack(tmp_path / "file")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("files", [None, 3, [{}], [{"name": "secret"}], ["secret"]])
def test_a_list_that_is_none_is_refused(tmp_path: Path, files: object) -> None:
    with pytest.raises(BackupRefused, match="list of files"):
        unpack(forged(tmp_path / "odd.tar", {}, files=files))
