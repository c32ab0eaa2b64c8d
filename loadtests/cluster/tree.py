"""Signals to a process and all that are below it: PostgreSQL has a process for each connection."""

from contextlib import suppress

import psutil

from loadtests.cluster.errors import ClusterError
from loadtests.cluster.polling import until

STANDS = (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP, psutil.STATUS_ZOMBIE)
WAIT_S = 10.0


def members(pid: int) -> list[psutil.Process]:
    """The process first; nothing if it is gone."""
    with suppress(psutil.NoSuchProcess):
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    return []


def freeze(pid: int) -> None:
    """Returns when all of them stand still. The process itself is first, so that it begins no others.

    Raises ClusterError if one does not stop.
    """

    def stands() -> bool:
        running = [each for each in members(pid) if not _stands(each)]
        for each in running:
            with suppress(psutil.NoSuchProcess):
                each.suspend()
        return not running

    if not until(stands, WAIT_S):
        raise ClusterError(f"process {pid}, or one below it, does not stop at SIGSTOP")


def thaw(pid: int) -> None:
    """The process itself is last, so that it finds the others as they were."""
    for each in reversed(members(pid)):
        with suppress(psutil.NoSuchProcess):
            each.resume()


def kill(pid: int) -> None:
    """SIGKILL to all at once, also to frozen ones. Returns when they are gone, or only wait to be reaped.

    Raises ClusterError if one does not end.
    """
    with suppress(ClusterError):  # what does not stop in time is killed all the same
        freeze(pid)
    found = members(pid)
    for each in found:
        with suppress(psutil.NoSuchProcess):
            each.kill()
    if not until(lambda: all(gone(each) for each in found), WAIT_S):
        raise ClusterError(f"process {pid}, or one below it, does not end at SIGKILL")


def gone(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return process.status() in {psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD}
    return True


def _stands(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return process.status() in STANDS
    return True
