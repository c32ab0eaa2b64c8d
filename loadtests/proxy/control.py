"""The proxy's second door: one JSON object a line, answered by one with the same `id`."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias, get_args

from loadtests.proxy.plan import How, Unfit, read_plan
from loadtests.proxy.proxy import Proxy

Answer: TypeAlias = dict[str, Any]  # Any: JSON
LINE_BYTES = 1024 * 1024
COUNTS = {"accepted", "unreachable", "cuts", "open"}


class Control:
    """`{"id": 1, "do": "plan", "plan": {…}, "whom": "new"}`, and so on; `error` says what cannot be done."""

    def __init__(self, proxy: Proxy) -> None:
        self._proxy = proxy
        self._deeds: Mapping[str, Callable[[Answer], Awaitable[Answer]]] = {
            "plan": self._plan,
            "cut_all": self._cut_all,
            "heal": self._heal,
            "stats": self._stats,
            "wait": self._wait,
        }

    async def listen(self, host: str, port: int) -> asyncio.Server:
        return await asyncio.start_server(self._serve, host, port, limit=LINE_BYTES)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks: set[asyncio.Task[None]] = set()
        try:
            while line := await reader.readline():
                task = asyncio.ensure_future(self._reply(line, writer))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
        except (OSError, ValueError):  # gone, or a line without an end
            pass
        finally:
            for task in tasks:
                task.cancel()
            writer.close()

    async def _reply(self, line: bytes, writer: asyncio.StreamWriter) -> None:
        answer = await self.answer(line)
        writer.write(json.dumps(answer).encode() + b"\n")

    async def answer(self, line: bytes) -> Answer:
        number = None
        try:
            asked = json.loads(line)
            if not isinstance(asked, dict):
                raise Unfit("send one JSON object a line")
            number = asked.get("id")
            deed = self._deeds.get(str(asked.get("do")))
            if deed is None:
                raise Unfit(f"do must be one of {', '.join(self._deeds)}")
            return {"id": number} | await deed(asked)
        except ValueError as error:
            return {"id": number, "error": str(error)}

    async def _plan(self, asked: Answer) -> Answer:
        whom = asked.get("whom", "new")
        if not (whom in ("new", "next", "all") or _are_numbers(whom)):
            raise Unfit("whom must be new, next, all or a list of connections")
        await self._proxy.plan(read_plan(asked.get("plan")), whom)
        return {}

    async def _cut_all(self, asked: Answer) -> Answer:
        how = asked.get("how", "rst")
        if how not in get_args(How):
            raise Unfit(f"how must be one of {', '.join(get_args(How))}")
        return {"cut": self._proxy.cut_all(how)}

    async def _heal(self, _asked: Answer) -> Answer:
        await self._proxy.heal()
        return {}

    async def _stats(self, asked: Answer) -> Answer:
        newest = asked.get("newest")
        if newest is not None and (type(newest) is not int or newest < 0):
            raise Unfit("newest must be a whole number from 0")
        return {"stats": self._proxy.stats(newest)}

    async def _wait(self, asked: Answer) -> Answer:
        counts = asked.get("counts")
        if (
            not isinstance(counts, dict)
            or not set(counts) <= COUNTS
            or not _are_numbers(list(counts.values()))
        ):
            raise Unfit(f"counts must be numbers of {', '.join(sorted(COUNTS))}")
        await self._proxy.reached(**counts)
        return {}


def _are_numbers(found: object) -> bool:
    return isinstance(found, list) and all(type(each) is int for each in found)
