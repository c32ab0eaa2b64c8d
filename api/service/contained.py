"""Tasks for code of strangers: it may fail there, but it cannot end the process.

asyncio hands a SystemExit or KeyboardInterrupt of any task on to whoever runs the event loop, and a chain
runs in tasks that LangChain begins as well as in ours. So the loop's factory of tasks looks after them all.
A GeneratorExit is kept in too: thrown into whoever awaits the task, it would tear generators apart that run.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar, copy_context
from dataclasses import dataclass
from types import FrameType
from typing import Any, NoReturn, TypeVar

T = TypeVar("T")

REFUSED = (SystemExit, KeyboardInterrupt, GeneratorExit)


@dataclass(eq=False, slots=True)
class Origin:
    """What a contained task and all tasks begun from it have in common; `label` tells whose code they are.

    `steps` counts how often the event loop has gone on with any of them.
    """

    label: str = ""
    steps: int = 0


_origin: ContextVar[Origin | None] = ContextVar(
    "what this task, and what it begins, began with", default=None
)


class ExitRefusedError(Exception):
    """Code in a contained task raised what is meant for the process, or for a generator of its own."""


def contained_task(coroutine: Coroutine[Any, Any, T], origin: Origin) -> asyncio.Task[T]:
    """Begin a task. In it, and in every task begun from it, such exceptions end as an ExitRefusedError.

    They share the `origin`: `running_label` finds it on the stack.
    """
    context = copy_context()
    context.run(contain, origin)
    return context.run(asyncio.create_task, coroutine)


def contain(origin: Origin) -> None:
    """From now on every task that is begun in this context is contained."""
    loop = asyncio.get_running_loop()
    before = loop.get_task_factory()
    if not isinstance(before, _Factory):
        loop.set_task_factory(_Factory(before))
    _origin.set(origin)


def begun_from(origin: Origin) -> set[asyncio.Task[Any]]:
    """The tasks of this origin that have not ended."""
    return {task for task in asyncio.all_tasks() if _is_of(origin, task.get_coro())}


def _is_of(origin: Origin, coroutine: object) -> bool:
    return isinstance(coroutine, _Contained) and coroutine.origin is origin


class _Factory:
    def __init__(self, then: Callable[..., Any] | None) -> None:
        self._then = then or _task

    def __call__(self, loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> Any:  # as typeshed
        context: Context | None = options.get("context")
        origin = _origin.get() if context is None else context.get(_origin)
        return self._then(loop, coroutine if origin is None else _Contained(coroutine, origin), **options)


def _task(loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> asyncio.Task[Any]:
    return asyncio.Task(coroutine, loop=loop, **options)


class _Contained(Coroutine[Any, Any, T]):
    """A coroutine as it was, but for these exceptions.

    An `async def` around it would leave it never awaited when the task is cancelled before its first step.
    """

    def __init__(self, coroutine: Coroutine[Any, Any, T], origin: Origin) -> None:
        self._coroutine = coroutine
        self.origin = origin

    def send(self, value: Any) -> Any:
        self.origin.steps += 1
        try:
            return self._coroutine.send(value)
        except REFUSED as error:
            _refuse(error)

    def throw(self, *error: Any) -> Any:
        try:
            return self._coroutine.throw(*error)
        except REFUSED as exit_:
            _refuse(exit_)

    def close(self) -> None:
        self._coroutine.close()

    def __await__(self) -> Any:
        return self._coroutine.__await__()

    def __getattr__(self, name: str) -> Any:
        """`cr_running`, `cr_frame` and so on: anyio asks a task's coroutine whether it has begun."""
        return getattr(self._coroutine, name)


_STEPS = {_Contained.send.__code__, _Contained.throw.__code__}


def running_label(frame: FrameType | None) -> tuple[str | None, FrameType | None]:
    """The label of the contained task that runs in a thread's stack, and the frame that its code is in.

    Each step of such a task goes through one of ours, so that is looked for from the innermost `frame` out.
    """
    while frame is not None and frame.f_code not in _STEPS:
        frame = frame.f_back
    return (None, None) if frame is None else (frame.f_locals["self"].origin.label, frame)


def _refuse(error: BaseException) -> NoReturn:
    """Raises with the traceback of `error`, since places are what is logged."""
    raise ExitRefusedError(type(error).__name__).with_traceback(error.__traceback__) from error
