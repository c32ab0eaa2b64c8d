"""Looks at the server from time to time: its `/metrics`, the size of its database, the proxy's counts."""

import asyncio
import json
import re
import time
from pathlib import Path

import httpx

from loadtests.proxy import FaultProxy, ProxyRefused

GAUGES = {
    "process_resident_memory_bytes": "memory_bytes",
    "process_open_fds": "descriptors",
    "process_cpu_seconds_total": "cpu_s",
    "steadychat_tasks": "tasks",
    "steadychat_sockets_open": "sockets",
    "steadychat_generations_running": "generations",
    "steadychat_event_loop_blocked_seconds_total": "blocked_s",
}
LINE = re.compile(r"^(\w+) (\S+)$", re.MULTILINE)
PATIENCE_S = 2


def read_metrics(text: str) -> dict[str, float]:
    """Pick out the figures that are kept, by the names they get here."""
    return {GAUGES[name]: float(value) for name, value in LINE.findall(text) if name in GAUGES}


class Sampler:
    """`database` None: it is not on this machine."""

    def __init__(self, url: str, proxy: FaultProxy, database: Path | None, file: Path) -> None:
        self._url = url
        self._proxy = proxy
        self._database = database
        self._file = file
        self._http = httpx.AsyncClient(trust_env=False, timeout=PATIENCE_S)

    async def run(self, every_s: float) -> None:
        while True:
            await self.look()
            await asyncio.sleep(every_s)

    async def look(self) -> None:
        """Write one line; what cannot be had now is left out."""
        found = {"at": time.time(), **await self._metrics(), **await self._counts(), **self._size()}
        with self._file.open("a") as lines:
            lines.write(json.dumps(found) + "\n")

    async def close(self) -> None:
        await self._http.aclose()

    async def _metrics(self) -> dict[str, float]:
        try:
            answer = await self._http.get(f"{self._url}/metrics")
        except httpx.HTTPError:
            return {}  # it is being restarted
        return read_metrics(answer.text) if answer.is_success else {}

    async def _counts(self) -> dict[str, int]:
        try:
            stats = await self._proxy.stats(newest=0)
        except ProxyRefused:
            return {}
        return {"cuts": stats["cuts"], "connections": len(stats["open"])}

    def _size(self) -> dict[str, int]:
        if self._database is None:
            return {}
        files = [self._database, self._database.with_name(self._database.name + "-wal")]
        return {"database_bytes": sum(file.stat().st_size for file in files if file.exists())}
