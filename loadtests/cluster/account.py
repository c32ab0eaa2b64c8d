"""The user that a server runs as, and what that user may reach."""

import os
import pwd
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypedDict

from loadtests.cluster.errors import ClusterError

PREFERRED = ("nobody", "postgres", "daemon")


class Options(TypedDict):
    """For `subprocess`: whom to become, and nothing of this environment, whose PG… and LC_… would count."""

    user: int | None
    group: int | None
    extra_groups: list[int] | None
    env: dict[str, str]
    cwd: str


@dataclass(frozen=True)
class Account:
    """A user and group by number, or None for whoever runs this."""

    user: int | None = None
    group: int | None = None

    @property
    def options(self) -> Options:
        return {
            "user": self.user,
            "group": self.group,
            "extra_groups": None if self.user is None else [],
            "env": {"PATH": os.defpath, "LC_ALL": "C"},
            "cwd": "/",  # ours may be one that the account cannot enter
        }

    def can(self, *command: str | Path) -> bool:
        """Whether a command succeeds for this account; what it says is of no interest."""
        try:
            done = subprocess.run(
                command,
                **self.options,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                check=False,
            )
        except OSError:
            return False
        return done.returncode == 0

    def may_enter(self, folder: Path) -> bool:
        """Whether it can use what lies in the folder. It is asked, since modes are not all that decides."""
        return self.user is None or self.can("test", "-x", folder)

    def own(self, path: Path) -> None:
        if self.user is not None and self.group is not None:
            os.chown(path, self.user, self.group)


MYSELF = Account()


@cache
def unprivileged() -> Account:
    """Whoever runs this; or for root, as which PostgreSQL refuses to run, another user that can be become.

    Raises ClusterError if there is none.
    """
    if os.geteuid() != 0:
        return MYSELF
    for account in _others():
        if account.can("test", "-d", "/"):
            return account
    raise ClusterError(
        "PostgreSQL refuses to run as root, and root can become nobody else here: run this as a user"
    )


def owner(data: Path) -> Account:
    """Whom to run as on data that are there already: for root their owner, if that is not root too."""
    found = data.stat()
    return Account(found.st_uid, found.st_gid) if os.geteuid() == 0 != found.st_uid else unprivileged()


def _others() -> Iterator[Account]:
    users = {each.pw_name: Account(each.pw_uid, each.pw_gid) for each in pwd.getpwall() if each.pw_uid != 0}
    yield from (users[name] for name in PREFERRED if name in users)
    yield from users.values()


def temporary(account: Account) -> Path:
    """A folder for temporary files that the account can enter. Raises ClusterError if there is none."""
    for each in (tempfile.gettempdir(), "/tmp", "/var/tmp"):  # noqa: S108 - only names that are made safely go there
        if account.may_enter(Path(each)):
            return Path(each)
    raise ClusterError(
        f"user {account.user} can enter no folder for temporary files: let TMPDIR name one with the mode 1777"
    )
