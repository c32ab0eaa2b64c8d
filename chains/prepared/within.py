"""Going on with a coroutine in a context of its own, without a task for it."""

from __future__ import annotations

from types import coroutine
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine, Generator
    from contextvars import Context

T = TypeVar("T")


@coroutine
def within(context: Context, step: Coroutine[Any, Any, T]) -> Generator[Any, Any, T]:  # Any: the loop's
    """Await one step, whose code sees this context, and no other code does.

    LangChain makes a task for each item to that end. Here every piece of the step runs by `Context.run`; what
    it waits for, and what is thrown into the wait, is handed through.
    """
    enter, send = context.run, step.send
    try:
        awaited = enter(send, None)
        while True:
            try:
                came = yield awaited
            except BaseException as error:  # noqa: BLE001 - a cancellation or GeneratorExit is the step's to see
                awaited = enter(step.throw, error)
            else:
                awaited = enter(send, came)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]  # StopIteration has no type parameter
