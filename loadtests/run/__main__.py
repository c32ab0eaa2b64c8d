"""People under some weather before a server: `python -m loadtests.run --scenario commuter --users 200`.

Writes a report in HTML and Markdown and prints where it is. Exits with 1 after any violation of what a
correct server does, and when no answer was verified.
"""

import asyncio
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from loadtests.report.writing import write_report
from loadtests.run.load import Load, keep
from loadtests.run.options import Options, read_options


def main(arguments: Sequence[str] | None = None) -> int:
    options = read_options(arguments)
    folder = _folder(options)
    _announce(options, folder)
    status, reckoning = asyncio.run(Load(options, folder).run())
    keep(folder, "load.json", _told(options))
    keep(folder, "reckoning.json", vars(reckoning) | {"locust": status})
    return write_report(folder)


def _folder(options: Options) -> Path:
    name = f"{options.scenario.name}-{time.strftime('%Y%m%d-%H%M%S')}"
    folder = options.folder or Path("var") / "load" / name
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        sys.exit(f"{folder} cannot be made: {error.strerror or error}. Name another one by --folder.")
    return folder.resolve()


def _announce(options: Options, folder: Path) -> None:
    if options.web_port is None:
        print(f"{options.users} people, {options.scenario.name}, for {options.duration_s:g} s …")
    else:
        print(
            f"Locust's web UI: http://127.0.0.1:{options.web_port}  (Ctrl-C ends all, and writes the report)"
        )
    print(f"Everything is written to {folder}", flush=True)


def _told(options: Options) -> dict[str, object]:
    return {
        "scenario": options.scenario.name,
        "words": options.scenario.words,
        "users": options.users,
        "duration_s": options.duration_s,
        "url": options.url,
        "record": options.url is None or options.record is not None,
        "seed": options.seed,
        "haste": options.haste,
        "ui": options.web_port is not None,
    }


if __name__ == "__main__":
    sys.exit(main())
