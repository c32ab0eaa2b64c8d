"""Why the server did not do what was asked."""

from loadtests.protocol.frames import Frame


class Refused(Exception):
    """The server said no, and why. `status` is 0 where it said so over the socket."""

    def __init__(self, status: int, body: Frame) -> None:
        super().__init__(f"{body.get('code')}: {body.get('message')}")
        self.status = status
        self.body = body

    @property
    def code(self) -> str:
        found: str = self.body["code"]
        return found

    @property
    def passing(self) -> bool:
        """Worth another try by itself."""
        return self.status in {429, 502, 503, 504} or bool(self.body.get("retryable"))

    @property
    def retry_after_s(self) -> float | None:
        wait = self.body.get("retry_after_ms")
        return None if wait is None else wait / 1000


class Unreached(Exception):
    """No answer: the network failed, the request was cut, or a gateway answered in the server's place."""


class Closed(Exception):
    """The server closed the connection for good: a client does not come back by itself after 4500 to 4999."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"closed with {code}: {reason}")
        self.code = code
        self.reason = reason
