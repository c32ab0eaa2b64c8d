"""What a PostgreSQL is given to do for each thousand tokens, and what its vacuum makes of it.

    python -m loadtests.cluster.costs --clients 20 --rate 25 --minutes 60

starts one of each and a server, has the clients ask without a pause, and prints a line of JSON a minute: what
was counted in that minute by the database itself. All of it ends by itself.
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from loadtests.bench.peers import PEERS
from loadtests.bench.server import Server, serving
from loadtests.bench.wires.steady import Scripted
from loadtests.bench.wires.wire import connect
from loadtests.cluster.places import passing
from loadtests.cluster.postgres import Postgres
from loadtests.cluster.valkey import Valkey

DATABASE = "chat"
TABLES = ("sessions", "messages", "owners", "sends", "unindexed", "notes", "search_terms")
ALLOWED = {f"STEADYCHAT_LIMIT_{name}": "0" for name in ("MESSAGES_PER_MINUTE", "SOCKETS_PER_ADDRESS")}

Counts = Mapping[str, float]


def counts(postgres: Postgres) -> Counts:
    """What the database has counted since it began, and what it holds."""
    ((commits, inserted, updated, deleted),) = postgres.run(
        "SELECT xact_commit, tup_inserted, tup_updated, tup_deleted FROM pg_stat_database"
        f" WHERE datname = '{DATABASE}'"
    )
    ((wal, size),) = postgres.run(
        f"SELECT pg_current_wal_lsn() - '0/0', pg_database_size('{DATABASE}')", DATABASE
    )
    ((dead, live, vacuums),) = postgres.run(
        "SELECT coalesce(sum(n_dead_tup), 0), coalesce(sum(n_live_tup), 0),"
        " coalesce(sum(autovacuum_count), 0) FROM pg_stat_user_tables",
        DATABASE,
    )
    named = {"commits": commits, "inserted": inserted, "updated": updated, "deleted": deleted}
    return named | {
        "wal": float(wal),
        "size": size,
        "dead": float(dead),
        "live": float(live),
        "vacuums": float(vacuums),
    }


def of_tables(postgres: Postgres) -> Mapping[str, Any]:  # Any: what JSON takes
    rows = postgres.run(
        "SELECT relname, n_live_tup, n_dead_tup, n_tup_upd, n_tup_hot_upd, autovacuum_count,"
        " pg_total_relation_size(relid) FROM pg_stat_user_tables ORDER BY relname",
        DATABASE,
    )
    names = ("live", "dead", "updated", "hot", "vacuums", "bytes")
    return {row[0]: dict(zip(names, row[1:], strict=True)) for row in rows}


class Asking:
    """Clients that ask one question after the other, each in a session of its own; `tokens` counts."""

    def __init__(self, tokens: int, rate: float) -> None:
        self._tokens = tokens
        self._rate = rate
        self.tokens = 0
        self.answers = 0

    async def forever(self, port: int) -> None:
        (wire,) = await connect(Scripted, port, 1)
        while True:
            await wire.ask(self._tokens, 1 / self._rate if self._rate else 0)
            self.tokens += self._tokens
            self.answers += 1


def per_thousand(before: Counts, now: Counts, tokens: int) -> Mapping[str, float]:
    growing = ("commits", "inserted", "updated", "deleted", "wal")
    return {name: round((now[name] - before[name]) * 1000 / tokens, 2) for name in growing if tokens}


async def measured(postgres: Postgres, server: Server, chosen: argparse.Namespace) -> None:
    asking = Asking(chosen.tokens, chosen.rate)
    clients = [asyncio.create_task(asking.forever(server.port)) for _ in range(chosen.clients)]
    until = time.monotonic() + 60 * chosen.minutes
    before, cpu, done = counts(postgres), server.cpu_s, 0
    while (left := until - time.monotonic()) > 0:
        await asyncio.wait(clients, timeout=min(60, left), return_when=asyncio.FIRST_EXCEPTION)
        for client in clients:
            if client.done():
                client.result()  # raises what has ended it
        now, tokens = await asyncio.to_thread(counts, postgres), asking.tokens
        line = {
            "tokens": tokens - done,
            "answers": asking.answers,
            "server_cpu_s": round(server.cpu_s - cpu, 2),
            "per_1000_tokens": per_thousand(before, now, tokens - done),
            **{name: now[name] for name in ("size", "dead", "live", "vacuums")},
        }
        print(json.dumps(line), flush=True)
        before, cpu, done = now, server.cpu_s, tokens
    for client in clients:
        client.cancel()
    await asyncio.gather(*clients, return_exceptions=True)
    print(json.dumps({"tables": await asyncio.to_thread(of_tables, postgres)}), flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--tokens", type=int, default=100, help="of an answer")
    parser.add_argument(
        "--rate", type=float, default=25, help="tokens a second of each; 0: as fast as it can"
    )
    parser.add_argument("--minutes", type=float, default=1)
    parser.add_argument("--retention", type=int, default=900, help="STEADYCHAT_RETENTION_PIECES, in seconds")
    chosen = parser.parse_args(arguments)
    with ExitStack() as stack:
        postgres = stack.enter_context(Postgres(stack.enter_context(passing()), durable=True))
        valkey = stack.enter_context(Valkey(Path(stack.enter_context(tempfile.TemporaryDirectory()))))
        postgres.create(DATABASE)
        peer = PEERS["steadychat-scripted"]
        shared = {
            "STEADYCHAT_DATABASE_URL": postgres.url(DATABASE),
            "STEADYCHAT_REDIS_URL": valkey.url,
            "STEADYCHAT_RETENTION_PIECES": str(chosen.retention),
        }
        peer = replace(peer, environment={**peer.environment, **ALLOWED, **shared})
        server = stack.enter_context(serving(peer, core=None))
        asyncio.run(measured(postgres, server, chosen))


if __name__ == "__main__":
    main()
