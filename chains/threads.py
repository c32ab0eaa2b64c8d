"""Threads for chains that only run synchronously: bounded, abandoned when stopped, and counted."""

from __future__ import annotations

import asyncio
import queue
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator

T = TypeVar("T")
_END = object()


class ThreadPool:
    """At most `limit` daemon threads, each serving one iterator at a time; further iterators wait.

    Daemon threads, since a chain that hangs for ever must not keep the process from leaving.
    """

    def __init__(self, limit: int = 32) -> None:
        self.limit = limit
        self.abandoned = 0
        self._threads = 0
        self._idle = 0
        self._lock = threading.Lock()
        self._jobs: queue.SimpleQueue[_Job[object]] = queue.SimpleQueue()

    async def iterate(self, start: Callable[[], Iterator[T]]) -> AsyncGenerator[T]:
        """Yield what the iterator made by `start` yields, pulled one by one in one thread of the pool."""
        job = _Job(start)
        self._submit(job)
        try:
            while (item := await job.pull()) is not _END:
                yield item  # type: ignore[misc]  # the sentinel is the only thing that is not a T
        finally:
            self._leave(job)

    def _submit(self, job: _Job[T]) -> None:
        with self._lock:
            self._jobs.put(job)  # type: ignore[arg-type]  # the queue only calls serve()
            if self._idle >= self._jobs.qsize() or self._threads >= self.limit:
                return
            self._threads += 1
        threading.Thread(target=self._work, name="sync-chain", daemon=True).start()

    def _work(self) -> None:
        while True:
            with self._lock:
                self._idle += 1
            job = self._jobs.get()
            with self._lock:
                self._idle -= 1
            job.serve()
            with self._lock:
                self.abandoned -= job.abandoned

    def _leave(self, job: _Job[T]) -> None:
        with self._lock:
            job.abandoned = job.busy
            self.abandoned += job.abandoned
        job.close()


class _Job(Generic[T]):
    """One iterator, and the requests for its next item."""

    def __init__(self, start: Callable[[], Iterator[T]]) -> None:
        self.busy = False
        self.abandoned = False
        self._closed = False
        self._start = start
        self._loop = asyncio.get_running_loop()
        self._requests: queue.SimpleQueue[asyncio.Future[T | object] | None] = queue.SimpleQueue()

    async def pull(self) -> T | object:
        future: asyncio.Future[T | object] = self._loop.create_future()
        self.busy = True
        self._requests.put(future)
        return await future

    def close(self) -> None:
        self._closed = True
        self._requests.put(None)

    def serve(self) -> None:
        iterator: Iterator[T] | None = None
        while not self._closed and (future := self._requests.get()) is not None:
            try:
                iterator = self._start() if iterator is None else iterator
                self._answer(future, next(iterator, _END), None)
            except (StopIteration, GeneratorExit) as error:  # these two a future cannot hand on
                self._answer(future, _END, RuntimeError(f"the chain raised {type(error).__name__}"))
            except BaseException as error:  # noqa: BLE001  (whatever a stranger's chain raises is its answer)
                self._answer(future, _END, error)
        if iterator is not None and hasattr(iterator, "close"):
            with suppress(BaseException):  # nobody is left to hear of it
                iterator.close()

    def _answer(
        self, future: asyncio.Future[T | object], item: T | object, error: BaseException | None
    ) -> None:
        def settle() -> None:
            self.busy = False
            if future.done():
                return
            if error is None:
                future.set_result(item)
            else:
                future.set_exception(error)

        with suppress(RuntimeError):  # the loop has gone, and the listener with it
            self._loop.call_soon_threadsafe(settle)
