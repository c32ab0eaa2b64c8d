"""What the commands besides `serve` do, and what they print."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import orjson
import typer

from api.data import StartRefusedError, is_shared, shared_database
from api.documents.handing import Handing
from api.settings import Settings
from chains.errors import ChainRefused
from chains.evaluation import EvalResult, evaluate
from chains.evaluation_set import BadEvalSet
from chains.ingest import Progress, Report, Shelf, ingest
from chains.library import open_index
from chains.retrieval.minilm import ModelUnusable
from chains.retrieval.store import IndexUnusable

EVAL_CACHE = "eval"

Unusable = (BadEvalSet, IndexUnusable, ModelUnusable, ChainRefused, StartRefusedError)
"""What the commands may raise; each text is one line that says why and what to do."""


def ingest_paths(settings: Settings, paths: Sequence[Path], *, prune: bool) -> bool:
    """Reads the documents and prints a report; False if something could not be read."""
    with _shelf(settings) as shelf:
        report = ingest(shelf, paths, prune=prune, progress=_show_file)
    _end_line()
    typer.echo(_summary(report))
    for name, reason in report.failed:
        typer.echo(f"  could not read {name}: {reason}", err=True)
    return not report.failed


@contextmanager
def _shelf(settings: Settings) -> Iterator[Shelf]:
    """The index of the one server that there is, or what all servers make theirs of."""
    if is_shared(settings):
        with shared_database(settings) as engine:
            yield Handing(engine)
    else:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        yield open_index(settings)


def _summary(report: Report) -> str:
    counts = (("added", report.added), ("changed", report.changed), ("unchanged", report.unchanged))
    words = [f"{len(names)} {word}" for word, names in (*counts, ("removed", report.removed)) if names]
    return f"Documents: {', '.join(words) or 'none found'}; {report.passages} passages written."


def _show_file(progress: Progress) -> None:
    _show(f"{progress.number}/{progress.files} {progress.name}", progress.share)


def _show(what: str, share: float) -> None:
    """One line that is written over, for people who watch; nothing where output goes to a file."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{share:4.0%} {what[:70]}")
        sys.stderr.flush()


def _end_line() -> None:
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")


def evaluate_folder(settings: Settings, folder: Path, *, as_json: bool) -> None:
    """Measures and prints; raises BadEvalSet, which names the file and the line."""
    result = evaluate(folder, cache_dir=settings.data_dir / EVAL_CACHE, progress=_show)
    _end_line()
    if as_json:
        typer.echo(orjson.dumps(result.as_json()).decode())
    else:
        typer.echo(_table(result))


def _table(result: EvalResult) -> str:
    rows = result.as_json()
    width = max(map(len, rows))
    return "\n".join(f"{name:{width}}  {value}" for name, value in rows.items())
