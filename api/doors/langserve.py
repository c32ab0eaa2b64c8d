"""LangServe's routes for every chain. Nothing else imports it: it is deprecated upstream."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from json import JSONDecodeError, dumps
from typing import Any, Literal, Protocol, cast

import structlog
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.routing import APIRoute
from langchain_core.runnables import Runnable
from langserve import add_routes
from pydantic import PydanticUserError, ValidationError
from sse_starlette import EventSourceResponse

from api.core.errors import TABLE, ChatError, Code
from api.core.failures import places
from api.doors.runs import Runs, leaving
from api.doors.who import SAFE_METHODS, Who
from api.service.contained import REFUSED, Origin, contain, contained_task
from chains.contract import Chain
from chains.text_view import text_view

PREFIX = "/chains"

log = structlog.get_logger()


class Rates(Protocol):
    def allow(self, user_id: str, cost: int = 1) -> int | None: ...


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Seconds that a run may take: to its first piece, from one piece to the next, and in all."""

    first_piece: float
    gap: float
    total: float


class Guard:
    """What a request must pass: the origin, with `bearer_only` a token, and the messages of its minute.

    Whoever has no identity is counted by address. A batch counts as many as it has inputs.
    """

    def __init__(self, who: Who, rates: Rates, runs: Runs, *, bearer_only: bool) -> None:
        self._who = who
        self._rates = rates
        self._runs = runs
        self._bearer_only = bearer_only

    async def __call__(self, request: Request) -> None:
        """Raises `forbidden`, `unauthorized`, `token_expired`, `invalid`, `rate_limited` or `overloaded`."""
        caller = await (self._who.identity if self._bearer_only else self._who.caller)(request)
        if request.method in SAFE_METHODS:
            return
        self._runs.refuse_new()
        address = request.client.host if request.client else ""
        wait = self._rates.allow(caller.user_id if caller else f"address {address}", await _cost(request))
        if wait is not None:
            raise ChatError(Code.RATE_LIMITED, retry_after_ms=wait)


def mount(
    app: FastAPI,
    chains: Mapping[str, Chain],
    *,
    playground: bool,
    guard: Guard,
    deadlines: Deadlines,
    runs: Runs,
) -> None:
    """Serve each chain at `/chains/<name>`, and its text view at `/chains/<name>/text`.

    Clients may set nothing of a chain's config. A router of our own keeps LangServe's banner away.
    """
    routes = APIRouter(route_class=_bounded_route(deadlines, runs), dependencies=[Depends(guard)])
    for name, chain in chains.items():
        _add(routes, f"{PREFIX}/{name}", chain.runnable, "default", playground=playground)
        _add(routes, f"{PREFIX}/{name}/text", text_view(chain), "chat", playground=playground)
    app.include_router(routes)


def _add(
    routes: APIRouter,
    path: str,
    runnable: Runnable[Any, Any],  # Any: a stranger's chain
    kind: Literal["default", "chat"],
    *,
    playground: bool,
) -> None:
    # The playground asks for its schemas under a hash of a config; without config_keys it changes nothing.
    off = ["token_feedback", *([] if playground else ["playground", "config_hashes"])]
    add_routes(
        routes,
        _showable(runnable),
        path=path,
        config_keys=(),
        enable_feedback_endpoint=False,
        enable_public_trace_link_endpoint=False,
        disabled_endpoints=cast("Any", off),  # LangServe's own type forgets one of its endpoints
        playground_type=kind,
    )


def _showable(runnable: Runnable[Any, Any]) -> Runnable[Any, Any]:
    """The runnable, its output declared as anything where its own type has no schema to be shown."""
    try:
        runnable.get_output_jsonschema()
    except (PydanticUserError, TypeError, ValueError):
        return runnable.with_types(output_type=cast("type", Any))
    return runnable


async def _cost(request: Request) -> int:
    if not request.url.path.endswith("/batch"):
        return 1
    try:
        body = await request.json()
    except JSONDecodeError as error:
        raise ChatError(Code.BAD_JSON) from error
    inputs = body.get("inputs") if isinstance(body, dict) else None
    if not isinstance(inputs, list):
        raise ChatError(Code.INVALID, "A batch needs `inputs`, a list.")
    return max(1, len(inputs))


def _bounded_route(deadlines: Deadlines, runs: Runs) -> type[APIRoute]:
    """A route whose answers, streamed or not, keep to the deadlines, and whose failures are ChatErrors.

    A chain cannot end the process on this way either.
    """

    class BoundedRoute(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle = super().get_route_handler()

            async def bounded(request: Request) -> Response:
                origin = Origin(request.url.path.partition(f"{PREFIX}/")[2].partition("/")[0])
                with _translated(runs, playground="/playground/" in request.url.path):
                    async with asyncio.timeout(deadlines.total) as limit:
                        with runs.one(limit):
                            response = await contained_task(handle(request), origin)
                if isinstance(response, EventSourceResponse):
                    events = cast(
                        "AsyncGenerator[Any]", response.body_iterator
                    )  # Any: sse-starlette's events
                    response.body_iterator = _bounded(events, deadlines, runs, origin)
                return response

            return bounded

    return BoundedRoute


@contextmanager
def _translated(runs: Runs, *, playground: bool) -> Iterator[None]:
    """LangServe lets some of its clients' mistakes through as errors of its own."""
    try:
        yield
    except TimeoutError as error:
        raise (leaving() if runs.leaving else ChatError(Code.CHAIN_TIMEOUT)) from error
    except ValidationError as error:  # an input of a batch
        raise ChatError(Code.INVALID) from error
    except (OSError, ValueError) as error:
        if playground:  # a folder, or a name that cannot be one
            raise ChatError(Code.NOT_FOUND) from error
        raise


async def _bounded(
    events: AsyncGenerator[Any], deadlines: Deadlines, runs: Runs, origin: Origin
) -> AsyncIterator[Any]:
    """The events of a stream, until it ends, breaks or takes too long; then an `error` event is the last.

    LangServe sends that event itself where a chain breaks, and then raises what we log here.
    """
    clock = asyncio.get_running_loop().time
    end = clock() + deadlines.total
    patience = deadlines.first_piece
    contain(origin)
    async with aclosing(events):
        while True:
            try:
                async with asyncio.timeout_at(min(end, clock() + patience)) as limit:
                    with runs.one(limit):
                        event = await anext(events, None)
            except TimeoutError:
                event = None
            except (Exception, *REFUSED) as error:  # noqa: BLE001 - whatever a stranger's chain raises
                log.error("a chain broke on LangServe's way", error=type(error).__name__, at=places(error))
                return
            if limit.expired():  # LangServe may have answered the cancellation with an event of its own
                yield _too_slow()
            if event is None or limit.expired():
                return
            yield event
            patience = deadlines.gap


def _too_slow() -> Mapping[str, str]:
    message = TABLE[Code.CHAIN_TIMEOUT].message
    return {"event": "error", "data": dumps({"status_code": 504, "message": message})}
