"""A real Valkey, which keeps nothing on disk."""

import signal
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from loadtests.cluster import binaries
from loadtests.cluster.account import MYSELF, Options
from loadtests.cluster.ports import HOST
from loadtests.cluster.server import Server

ANSWER_S = 10.0
SOON_S = 0.5
SETTINGS = {
    "bind": HOST,
    "save": "",
    "appendonly": "no",
    "daemonize": "no",
    "protected-mode": "yes",
    "tcp-keepalive": "0",
}


class Valkey(Server):
    """Forgets everything when it ends."""

    name: ClassVar[str] = "Valkey"
    package: ClassVar[str] = binaries.VALKEY
    leave: ClassVar[int] = signal.SIGTERM

    @property
    def url(self) -> str:
        return f"redis://{HOST}:{self.port}/0"

    def flush(self) -> None:
        """Forget everything now, in all its databases."""
        with self._client(ANSWER_S) as client:
            client.flushall()

    def _client(self, within_s: float) -> redis.Redis:
        return redis.Redis.from_url(
            self.url, socket_timeout=within_s, socket_connect_timeout=within_s, retry=Retry(NoBackoff(), 0)
        )

    def _prepare(self) -> tuple[Sequence[str | Path], Options]:
        settings = SETTINGS | {"port": str(self.port), "dir": str(self.folder)}
        options = (word for name, value in settings.items() for word in (f"--{name}", value))
        return [binaries.valkey(), *options], MYSELF.options

    def _answers(self) -> bool:
        try:
            with self._client(SOON_S) as client:
                return bool(client.info("server")["process_id"] == self.pid)
        except redis.RedisError:
            return False
