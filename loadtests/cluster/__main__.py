"""Several servers behind a proxy, as they stand in production: `make cluster`, `python -m loadtests.cluster`.

They share a real PostgreSQL and a real Valkey. Settings in the environment or in `.env` hold for them all.
Whoever ends, or is killed to see what happens then, is started again.
"""

import argparse
import os
import secrets
import signal
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from types import FrameType

from loadtests.cluster.cluster import Cluster
from loadtests.cluster.errors import ClusterError
from loadtests.cluster.haproxy import haproxy
from loadtests.cluster.ports import HOST

LOOK_S = 0.5
PAUSE_S = 2.0
STOPPING = "Answers that are being written have their time to end; after another Ctrl-C they have not."
SECRET = "STEADYCHAT_SECRET"  # noqa: S105 - a name


def main(arguments: Sequence[str] | None = None) -> int:
    chosen = _parse(arguments)
    # Ctrl-C too: it is ignored in whatever a shell has begun beside itself.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    try:
        haproxy()
        _look_at(chosen.port)
        cluster = Cluster(
            chosen.folder,
            chosen.servers,
            chosen.port,
            settings={SECRET: os.environ.get(SECRET) or _secret(chosen.folder)},
            theirs=True,
            samples=True,
            durable=True,
        )
        with closing(cluster):
            print(f"Starting {chosen.servers} servers, PostgreSQL, Valkey and HAProxy …", flush=True)
            cluster.start()
            print(_told(cluster), flush=True)
            try:
                _watch(cluster)
            finally:
                print(f"\n{STOPPING}", flush=True)
    except ClusterError as error:
        print(f"make cluster: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped.")
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m loadtests.cluster", description=__doc__)
    parser.add_argument("--servers", type=int, default=3, help="how many (3)")
    parser.add_argument("--port", type=int, default=8000, help="of the proxy (8000); 0 takes any free one")
    parser.add_argument(
        "--folder", type=Path, default=Path("var") / "cluster", help="data and logs (var/cluster)"
    )
    chosen = parser.parse_args(arguments)
    if chosen.servers < 1:
        parser.error("there must be a server")
    return chosen


def _interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - as the interpreter calls it
    raise KeyboardInterrupt


def _look_at(port: int) -> None:
    """Said before anything is started. Raises ClusterError."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise ClusterError(
                f"cannot listen on {HOST}:{port} ({error.strerror}): stop the program that does, or choose "
                "another port with PORT=…"
            ) from error


def _secret(folder: Path) -> str:
    """Made once, so that people are who they were when the cluster is started again."""
    file = folder / "secret"
    folder.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    if not file.read_text("utf-8"):
        file.write_text(secrets.token_urlsafe(32), "utf-8")
    return file.read_text("utf-8")


def _told(cluster: Cluster) -> str:
    rows = [(each.folder.name, each.port, each.pid, each.log) for each in cluster.all]
    lines = [f"  {name:<10}{port:>7}  pid {pid:<8} {log}" for name, port, pid, log in rows]
    return "\n".join(
        [
            f"Steadychat is ready: {cluster.url}",
            *lines,
            f"How the proxy sees its servers: {cluster.proxy.figures}",
        ]
    )


def _watch(cluster: Cluster) -> None:
    """Until Ctrl-C."""
    while True:
        time.sleep(LOOK_S)
        for each in cluster.all:
            if not each.alive:
                print(f"{each.folder.name} has ended; it is started again", flush=True)
                try:
                    each.start()
                except ClusterError as error:
                    print(error, flush=True)
                    time.sleep(PAUSE_S)
                else:
                    print(f"{each.folder.name} runs again, pid {each.pid}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
