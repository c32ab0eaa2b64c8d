"""The HAProxy of this machine.

`python -m loadtests.cluster.haproxy` prints its path, or says how to get one.
"""

import os
import shutil
import sys
from pathlib import Path

from loadtests.cluster.account import MYSELF
from loadtests.cluster.errors import ClusterError, NoProxy

ALSO = ("/usr/sbin", "/usr/local/sbin")
"""Where systems put it, and where not everybody looks for programs."""


def haproxy() -> Path:
    """STEADYCHAT_HAPROXY names one of your own choice. Raises NoProxy."""
    chosen = os.environ.get("STEADYCHAT_HAPROXY")
    found = shutil.which(chosen or "haproxy", path=os.pathsep.join((os.environ.get("PATH", ""), *ALSO)))
    if found is None:
        raise NoProxy(f"{chosen or 'haproxy'} was not found")
    if not MYSELF.can(found, "-v"):
        raise NoProxy(f"{found} does not run")
    return Path(found)


def main() -> int:
    """Print the path; exit status 1 if there is none."""
    try:
        print(haproxy())
    except ClusterError as missing:
        print(missing)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
