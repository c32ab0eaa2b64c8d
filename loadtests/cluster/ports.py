"""A port that stays a server's own while the server is down."""

import random
import socket
import sys

from loadtests.cluster.errors import ClusterError

HOST = "127.0.0.1"
BELOW_EPHEMERAL = range(20_000, 32_000)
"""The kernel gives none of these to a connection: who connects while the server is down is refused."""
TRIES = 200
SHARES = sys.platform == "linux"
"""Whether a server may listen on a port that another socket is bound to, and does not listen on."""


class HeldPort:
    """A free port of the loopback address, held by a bound socket that never listens, until `close`.

    Elsewhere than on Linux it is only looked for, and may be taken by the time that a server wants it.
    """

    def __init__(self) -> None:
        self._held, self.number = _bound()
        if SHARES:
            self._held.setsockopt(
                socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
            )  # from here on the server may share it
        else:
            self._held.close()

    def close(self) -> None:
        self._held.close()


def _bound() -> tuple[socket.socket, int]:
    for number in random.SystemRandom().sample(BELOW_EPHEMERAL, TRIES):
        held = socket.socket()
        try:
            held.bind((HOST, number))  # without SO_REUSEADDR: whoever holds the port keeps it
        except OSError:
            held.close()
            continue
        return held, number
    raise ClusterError(f"no free port was found from {BELOW_EPHEMERAL.start} to {BELOW_EPHEMERAL.stop}")
