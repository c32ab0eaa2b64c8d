"""The command line, and `api.main:app` for whoever brings their own ASGI server."""

import asyncio
import json
import sys
from collections.abc import Callable
from importlib.metadata import version as installed_version
from pathlib import Path
from socket import socket as Socket  # noqa: N812 - a type
from typing import Annotated, Any, NoReturn

import typer
import uvicorn
from fastapi import FastAPI
from pydantic import ValidationError

from api import logs, serve, upkeep
from api.app import create_app
from api.core.points import Reach, nowhere
from api.data import StartRefusedError, open_store
from api.parts import Parts, build
from api.settings import Settings
from api.settings_doc import plain

cli = typer.Typer(
    name="steadychat",
    help="A streaming chat server for any LangChain runnable, whose stream cannot break.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def __getattr__(name: str) -> FastAPI:
    """`app` is made when it is asked for, so that importing this module opens nothing."""
    if name != "app":
        raise AttributeError(name)
    logs.configure()
    return create_app(_parts(_settings()))


@cli.command("serve", epilog=plain())
def serve_command(
    host: Annotated[str | None, typer.Option(help="The address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="The port to listen on; 0 takes any free one.")] = None,
) -> None:
    """Serve the chat. Everything can be set in the environment or a .env file, as listed below."""
    logs.configure()
    given = {"host": host, "port": port}
    settings = _settings(**{name: value for name, value in given.items() if value is not None})
    try:
        socket = serve.listen(settings.host, settings.port)
    except serve.PortTakenError as error:
        refuse(
            f"cannot listen on {settings.host}:{settings.port} ({error}): "
            "stop the program that does, or choose another port with --port"
        )
    with socket:
        _serve(settings, socket)


def _serve(settings: Settings, socket: Socket) -> None:
    name = f"[{settings.host}]" if ":" in settings.host else settings.host
    address = f"http://{name}:{socket.getsockname()[1]}{settings.root_path}"
    run(settings, socket, lambda: typer.echo(f"Steadychat is ready: {address}"))
    typer.echo("Stopped.")


def run(settings: Settings, socket: Socket, ready: Callable[[], None], reach: Reach = nowhere) -> None:
    """Serves on a bound socket until a signal ends it; `ready` is called once it is fit to serve."""
    serve.allow_descriptors()
    serve.share_the_interpreter()
    parts = _parts(settings, reach)
    app = create_app(parts)

    def settled() -> None:
        serve.spare_the_collector()
        ready()

    server = serve.DrainingServer(_config(app, settings), parts.drain, settled, serve.leave_behind)
    server.run(sockets=[socket])


def _config(app: FastAPI, settings: Settings) -> uvicorn.Config:
    return serve.config(
        app,
        host=settings.host,
        port=settings.port,
        frame_bytes=settings.limit_frame_bytes,
        trusted_proxies=settings.trusted_proxies,
    )


@cli.command()
def ingest(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Files and folders to read.")],
    *,
    prune: Annotated[bool, typer.Option(help="Also remove documents that are no longer there.")] = False,
) -> None:
    """Read Markdown, text, HTML and PDF documents into the index that answers rest on."""
    from api.commands import Unusable, ingest_paths  # noqa: PLC0415 - loads the embedding model's runtime

    logs.configure()
    try:
        whole = ingest_paths(_settings(), paths, prune=prune)
    except Unusable as error:
        refuse(str(error))
    if not whole:
        sys.exit(1)


@cli.command("eval")
def eval_command(
    folder: Annotated[
        Path, typer.Argument(help="Holds corpus.jsonl, questions.jsonl and unanswerable.jsonl.")
    ],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="End with one line of JSON.")] = False,
) -> None:
    """Measure retrieval, answers and declining on a set of labelled questions."""
    from api.commands import Unusable, evaluate_folder  # noqa: PLC0415 - loads the embedding model's runtime

    logs.configure()
    try:
        evaluate_folder(_settings(), folder, as_json=as_json)
    except Unusable as error:
        refuse(str(error))


@cli.command()
def migrate() -> None:
    """Bring the database to the shape that this version needs, after a copy of it."""
    settings = _settings()
    try:
        asyncio.run(open_store(settings).close())
    except StartRefusedError as error:
        refuse(str(error))
    typer.echo("The database has the shape that this version needs.")


@cli.command()
def backup(
    file: Annotated[Path, typer.Argument(help="The file to write, such as steadychat.tar.")],
    *,
    overwrite: Annotated[bool, typer.Option(help="Replace the file if it exists.")] = False,
) -> None:
    """Copy the history, the documents and the secret into one file, also while the server runs.

    The file is as secret as the data folder; only its owner may read it.
    """
    try:
        upkeep.back_up_to(_settings(), file, overwrite=overwrite)
    except upkeep.Refused as error:
        refuse(str(error))


@cli.command()
def restore(file: Annotated[Path, typer.Argument(help="A file that `steadychat backup` wrote.")]) -> None:
    """Go back to a backup. Stop the server first. The present data is put aside, not deleted."""
    try:
        upkeep.restore_from(_settings(), file)
    except upkeep.Refused as error:
        refuse(str(error))


@cli.command()
def restored() -> None:
    """Say that the data was brought back by other means, such as copied files or a snapshot of a disk.

    The next start begins a new epoch of the log, so that pages load their chats anew.
    """
    try:
        upkeep.mark_restored(_settings())
    except upkeep.Refused as error:
        refuse(str(error))


@cli.command()
def version(*, as_json: Annotated[bool, typer.Option("--json", help="As one line of JSON.")] = False) -> None:
    """Print the version."""
    number = installed_version("steadychat")
    typer.echo(json.dumps({"steadychat": number}) if as_json else f"steadychat {number}")


def refuse(reason: str) -> NoReturn:
    """Ends the command with one line that says why and what to do."""
    typer.echo(f"steadychat: {reason}", err=True)
    sys.exit(1)


def _settings(**given: Any) -> Settings:  # Any: each field has a type of its own
    try:
        return Settings(**given)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = "_".join(str(part) for part in first["loc"]).upper()
        refuse(f"STEADYCHAT_{name}: {first['msg']}" if name else first["msg"].removeprefix("Value error, "))


def _parts(settings: Settings, reach: Reach = nowhere) -> Parts:
    try:
        return build(settings, reach)
    except StartRefusedError as error:
        refuse(str(error))


if __name__ == "__main__":
    cli()
