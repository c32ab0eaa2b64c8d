"""What `python -m loadtests.run` is asked to do."""

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from loadtests.run.scenarios import SCENARIOS, Scenario

UNITS = {"h": 3600, "m": 60, "s": 1}
DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s?)?")


@dataclass(frozen=True)
class Options:
    scenario: Scenario
    users: int
    duration_s: float
    spawn_rate: float
    folder: Path | None
    url: str | None
    record: Path | None
    seed: int
    haste: float
    patience_s: float
    web_port: int | None


def duration(text: str) -> float:
    """Return the seconds in `90`, `90s`, `2m` or `1h30m`, as Locust reads them. Raises `ValueError`."""
    found = DURATION.fullmatch(text.strip())
    if found is None or not any(found.groups()):
        raise ValueError(f"{text!r} is no duration; say 90s, 2m or 1h30m")
    hours, minutes, seconds = (int(number or 0) for number in found.groups())
    return float(hours * UNITS["h"] + minutes * UNITS["m"] + seconds)


def _duration(text: str) -> float:
    try:
        return duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def read_options(arguments: Sequence[str] | None) -> Options:
    parser = argparse.ArgumentParser(
        prog="python -m loadtests.run", description="Put people before a server."
    )
    parser.add_argument("--scenario", choices=SCENARIOS, default="commuter")
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--duration", type=_duration, default=60.0, help="90s, 2m, 1h30m")
    parser.add_argument("--spawn-rate", type=float, help="people who come in a second (a tenth of them)")
    parser.add_argument("--folder", type=Path, help="where the report goes (var/load/…)")
    parser.add_argument("--url", help="a server that runs already, http://host:port")
    parser.add_argument("--record", type=Path, help="the record of that server's scripted chain")
    parser.add_argument("--seed", type=int, default=1, help="of everything random")
    parser.add_argument(
        "--haste", type=float, default=1, help="divides all times of people and their clients"
    )
    parser.add_argument("--patience", type=_duration, default=90.0, help="for what is open at the end")
    parser.add_argument(
        "--ui", type=int, metavar="PORT", help="Locust's own web UI decides who comes and when"
    )
    chosen = parser.parse_args(arguments)
    return Options(
        scenario=SCENARIOS[chosen.scenario],
        users=chosen.users,
        duration_s=chosen.duration,
        spawn_rate=chosen.spawn_rate or max(1.0, chosen.users / 10),
        folder=chosen.folder,
        url=chosen.url,
        record=chosen.record,
        seed=chosen.seed,
        haste=chosen.haste,
        patience_s=chosen.patience,
        web_port=chosen.ui,
    )
