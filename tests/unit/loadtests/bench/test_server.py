"""Where a server is measured."""

import os
import sys

import pytest

from loadtests.bench import server


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system does not pin processes")
def test_a_server_does_not_share_the_core_of_the_load_that_starts_it() -> None:
    if (pid := os.fork()) == 0:
        server.pin(server.LOAD_CORE)
        server.pin(server.SERVER_CORE)
        os._exit(0 if os.sched_getaffinity(0) == {server.SERVER_CORE} else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, sys.platform
