"""The benchmark's chains with a burden on each token, to see whether the guard notices a slower server.

`BENCH_BURDEN_US` tells how many microseconds of CPU a token costs more.
"""

import os
import time
from collections.abc import AsyncIterator
from typing import Any

from langchain_core.runnables import Runnable

from loadtests.bench import chain

BURDEN_S = float(os.environ.get("BENCH_BURDEN_US", "0")) / 1e6


async def marked(question: str) -> AsyncIterator[str]:
    async for token in chain.marked(question):
        until = time.thread_time() + BURDEN_S
        while time.thread_time() < until:
            pass
        yield token


def lcel() -> Runnable[Any, Any]:  # Any: LangChain's inputs and outputs
    return chain.lcel(marked)


def free() -> Runnable[Any, Any]:  # Any: as above
    return chain.free(marked)
