"""`python -m api.settings_doc` prints the table of all settings; its options keep a page in step."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from textwrap import fill

from pydantic.fields import FieldInfo

from api.settings import Settings

BEGIN, END = "<!-- settings:begin -->", "<!-- settings:end -->"


class NoPlaceError(Exception):
    """A page has no place for the table; the text says which page and what is missing."""


def table() -> str:
    """All settings as a Markdown table: name, default, meaning."""
    prefix = Settings.model_config.get("env_prefix", "")
    fields = Settings.model_fields.items()
    rows = [_row(f"{prefix}{name}".upper(), field) for name, field in fields]
    return "\n".join(["| Variable | Default | Meaning |", "|---|---|---|", *rows])


def plain() -> str:
    """All settings as plain text for a terminal, for `steadychat serve --help`."""
    prefix = Settings.model_config.get("env_prefix", "")
    blocks = [
        f"\b\n{prefix}{name.upper()} {_default(field).replace('`', '')}\n"
        + fill((field.description or "").replace("`", ""), 76, initial_indent="  ", subsequent_indent="  ")
        for name, field in Settings.model_fields.items()
    ]
    return "\n\n".join(blocks)


def placed(page: str, name: str) -> str:
    """The page with the table between its marks. Raises NoPlaceError."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise NoPlaceError(f"{name} has no place for the settings: it needs {BEGIN} and, below it, {END}")
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m api.settings_doc", description=__doc__)
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--check", type=Path, metavar="FILE", help="fail if the table in FILE is another one")
    choice.add_argument("--write", type=Path, metavar="FILE", help="put the table into FILE")
    chosen = parser.parse_args(arguments)
    file: Path | None = chosen.check or chosen.write
    if file is None:
        print(table())  # noqa: T201 - this is what it is for
        return 0
    try:
        found = file.read_text("utf-8")
        wanted = placed(found, str(file))
    except (OSError, NoPlaceError) as error:
        return _complain(str(error))
    if chosen.write:
        file.write_text(wanted, "utf-8")
    elif wanted != found:
        return _complain(f"the settings in {file} are not those of the server: run make fix")
    return 0


def _row(name: str, field: FieldInfo) -> str:
    meaning = (field.description or "").replace("|", "\\|").replace("\n", " ")
    return f"| `{name}` | {_default(field)} | {meaning} |"


def _default(field: FieldInfo) -> str:
    """How the default is written in the environment; nothing where there is none or it depends."""
    default = field.get_default(call_default_factory=False)
    return "" if default is None or default == "" else f"`{default}`".replace("|", "\\|")


def _complain(text: str) -> int:
    print(text, file=sys.stderr)  # noqa: T201 - for whoever runs it
    return 1


if __name__ == "__main__":
    sys.exit(main())
