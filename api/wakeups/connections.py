"""Connections to Redis that are made anew for ever."""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine

    from redis.asyncio.connection import AbstractConnection

    Connect: TypeAlias = Callable[[], AbstractConnection]
    Use: TypeAlias = Callable[[AbstractConnection], Awaitable[None]]

TURN = 100
"""After so much that was read others get the event loop, though more may have come already."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How long each thing may take. One that froze is noticed after `quiet_s + answer_s` at the latest."""

    connect_s: float = 2.0
    quiet_s: float = 3.0
    answer_s: float = 3.0
    first_wait_s: float = 0.1
    longest_wait_s: float = 2.0


def connector(url: str, pace: Pace) -> Connect:
    """Makes connections that are not connected yet. Raises ValueError, without the password, for no URL."""
    from redis.asyncio.connection import ConnectionPool, parse_url  # noqa: PLC0415 - an extra

    ours: dict[str, Any] = {  # Any: options of all kinds
        "protocol": 2,
        "decode_responses": False,
        "socket_connect_timeout": pace.connect_s,
        "socket_timeout": None,  # each use has its own deadline
        "health_check_interval": 0,
        "retry_on_timeout": False,
    }
    try:
        pool = ConnectionPool(**{**parse_url(url), **ours})  # ours count, whatever the URL says
        pool.make_connection()  # type: ignore[no-untyped-call]  # redis-py has half of its types
    except (ValueError, TypeError):
        raise ValueError(
            "REDIS_URL: expected redis://[[user]:password@]host[:port][/database], or rediss:// or unix://; "
            "characters like / and # of a password are written as %2F and %23"
        ) from None  # what is no address may have been cut in the middle of the password
    return pool.make_connection


@asynccontextmanager
async def opened(connect: Connect, pace: Pace) -> AsyncIterator[AbstractConnection]:
    """A connection for as long as it is used."""
    connection = connect()
    try:
        async with asyncio.timeout(pace.connect_s + pace.answer_s):
            await connection.connect()  # type: ignore[no-untyped-call]
        writer = connection._writer  # noqa: SLF001 - redis-py shows no other way to break off
        try:
            yield connection
        finally:
            if writer is not None:
                # If it is only closed, all has to be sent first, and a frozen server takes nothing.
                writer.transport.abort()
                with suppress(OSError):
                    await writer.wait_closed()
    finally:
        await connection.disconnect(nowait=True)


async def together(*work: Coroutine[Any, Any, None]) -> None:  # Any: as coroutines are written
    """Until one of them fails, which it raises alone. A task group may swallow a cancellation just then."""
    tasks = [asyncio.create_task(each) for each in work]
    try:
        ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in ended:
        task.result()


async def kept(connect: Connect, use: Use, failed: Callable[[Exception], None], pace: Pace) -> None:
    """Uses one connection after another, and ends only when it is cancelled."""
    wait = pace.first_wait_s
    while True:
        began = time.monotonic()
        try:
            async with opened(connect, pace) as connection:
                await use(connection)
        except Exception as error:  # noqa: BLE001 - whatever it was, another connection may do better
            failed(error)
        if time.monotonic() - began > pace.longest_wait_s:
            wait = pace.first_wait_s
        await asyncio.sleep(wait * random.uniform(0.5, 1))  # noqa: S311 - not all servers at the same moment
        wait = min(2 * wait, pace.longest_wait_s)
