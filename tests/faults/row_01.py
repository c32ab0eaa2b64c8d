"""However its connections are cut, an answer is shown exactly as the chain said it, and it ran once."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from random import Random

from loadtests.client import Mode
from tests.faults.cutting import HTTP, SOCKET, Bytes, Cutting
from tests.faults.judged import judged_server
from tests.faults.lines import line, newcomer
from tests.faults.model.proof import HISTORY_PROOFS
from tests.faults.proofs import Measured, Proof, Trial
from tests.faults.talking import Talking

PROMISE = "A lost connection never loses, doubles or reorders text"
AT_ONCE = 8
LINES = 12
WAYS: Sequence[Mode] = ("websocket", "auto", "http")


async def _every_byte(trial: Trial, dialog: Bytes) -> Measured:
    async with judged_server(trial) as (server, judge):
        cutting = Cutting(trial, server, judge, dialog)
        await cutting.prepare()
        await trial.each(cutting.one, at_once=AT_ONCE)
        cutting.at_last(trial.measured.trials)
    return trial.measured


async def every_byte_of_the_socket(trial: Trial) -> Measured:
    """Each that is sent; each of as many as come in the shortest dialog; and each from its last token on."""
    return await _every_byte(trial, SOCKET)


async def every_byte_over_rest(trial: Trial) -> Measured:
    """The same bytes where the message is sent over REST, and its answer comes as server-sent events."""
    return await _every_byte(trial, HTTP)


async def random_cuts(trial: Trial) -> Measured:
    """Some people ask one question after the other, each on a line that is cut and cut again."""
    async with judged_server(trial) as (server, judge), AsyncExitStack() as stack:
        token = await newcomer(server)
        lines = min(LINES, max(3, trial.size // 10))
        free: asyncio.Queue[Talking] = asyncio.Queue()
        for number in range(lines):
            way = line(server, token, WAYS[number % len(WAYS)], seed=trial.seed + number, page_limit=5)
            free.put_nowait(Talking(await stack.enter_async_context(way), judge, trial.measured))

        async def cut(number: int, chance: Random) -> Sequence[str]:
            talking = await free.get()
            try:
                return await talking.cut(number, chance)
            finally:
                free.put_nowait(talking)

        await trial.each(cut, at_once=lines)
        while not free.empty():
            trial.fail(trial.size - 1, await free.get_nowait().finish())
    return trial.measured


PROOFS = [
    Proof("a cut at every byte, WebSocket", small=45, full=SOCKET.positions, run=every_byte_of_the_socket),
    Proof("a cut at every byte, REST and SSE", small=30, full=HTTP.positions, run=every_byte_over_rest),
    Proof("random cuts of running answers", small=60, full=10_000, run=random_cuts),
    *HISTORY_PROOFS,
]
