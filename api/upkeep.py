"""What the commands `backup`, `restore` and `restored` do, and what they print."""

from importlib.metadata import version
from pathlib import Path

import typer

from api.backup.archive import Manifest
from api.backup.places import DATABASE, INDEX, SECRET
from api.backup.refusals import BackupRefused
from api.backup.restore import restore, restored
from api.backup.take import back_up
from api.data import StartRefusedError, begin_new_epoch, is_shared, places
from api.settings import Settings

Refused = (BackupRefused, StartRefusedError)
"""What the functions here raise; each text is one line that says why and what to do."""


def back_up_to(settings: Settings, file: Path, *, overwrite: bool) -> None:
    manifest = back_up(places(settings), file, version=version("steadychat"), overwrite=overwrite)
    typer.echo(f"Backed up to {file}: {_size(file.stat().st_size)} ({_contents(manifest)}).")
    typer.echo("Whoever has this file can read every chat. Keep it as secret as the data folder.")
    if settings.secret is not None:
        typer.echo("The secret that STEADYCHAT_SECRET sets is not in it: keep that one too.")


def restore_from(settings: Settings, file: Path) -> None:
    where = places(settings)
    done = restore(where, file)
    typer.echo(f"Restored {file}, made at {done.manifest.made_at}, into {where.folder}.")
    typer.echo(f"It holds {_contents(done.manifest)}.")
    for each in done.aside:
        typer.echo(f"What was there before lies in {each}: delete it when nothing in it is missed.")
    typer.echo("Start the server now. Pages that are open load their chats anew.")


def mark_restored(settings: Settings) -> None:
    if is_shared(settings):
        begin_new_epoch(settings)
        typer.echo("The log has a new epoch. Running servers find it soon, and pages load their chats anew.")
        return
    restored(places(settings))
    typer.echo("The next start begins a new epoch of the log, so that pages load their chats anew.")


def _contents(manifest: Manifest) -> str:
    parts = [f"history {_size(manifest.size(DATABASE))}"]
    if manifest.size(INDEX):
        parts.append(f"document index {_size(manifest.size(INDEX))}")
    if manifest.uploads:
        parts.append(f"{manifest.uploads} waiting upload{'s' if manifest.uploads > 1 else ''}")
    if manifest.size(SECRET):
        parts.append("the secret that signs identities")
    return ", ".join(parts)


def _size(count: int) -> str:
    return f"{count / 1_000_000:.1f} MB"
