from socket import SO_REUSEADDR, SOL_SOCKET, socket

import pytest

from loadtests.cluster.ports import HOST, SHARES, HeldPort


def test_a_held_port_is_free_for_a_server_and_for_nobody_else() -> None:
    held = HeldPort()
    with socket() as other, socket() as server:
        if SHARES:
            with pytest.raises(OSError, match="in use"):
                other.bind((HOST, held.number))
        server.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        server.bind((HOST, held.number))
        server.listen()
    held.close()
