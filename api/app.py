"""The ASGI app: doors mounted on parts, and the lifespan that they share."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import APIRouter, FastAPI
from fastapi_swagger import patch_fastapi  # type: ignore[import-untyped]  # it has no types
from starlette.types import ASGIApp

from api.core.errors import ChatError
from api.data import new_id
from api.doors import (
    documents,
    health,
    identity,
    langserve,
    library,
    links,
    metrics,
    page,
    problems,
    record,
    rest,
    sse,
)
from api.doors.leavers import Leavers
from api.doors.limits import BodyLimit
from api.doors.root import UnderPath
from api.doors.who import Who
from api.parts import Parts

PAGE = Path(__file__).parent / "page"


def create_app(parts: Parts) -> FastAPI:
    """The whole server over `parts`; its lifespan brings them to life and lays them down."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with parts.running():
            yield

    app = FastAPI(
        title="Steadychat",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
    )
    patch_fastapi(
        app, "/docs", redirect_from_root_to_docs=False
    )  # with its files, so nothing is fetched elsewhere
    who = Who(parts.who, parts.origins)
    problems.install(app, new_id)
    app.add_middleware(
        BodyLimit,
        limit=parts.settings.limit_frame_bytes,
        uploads={documents.PATH: documents.REQUEST_BYTES},
        refuse=_refusal,
    )
    app.add_middleware(Leavers)
    app.add_middleware(UnderPath, root_path=parts.settings.root_path)
    for router in _routers(parts, who):
        app.include_router(router)
    langserve.mount(
        app,
        parts.chains,
        playground=parts.playground,
        guard=langserve.Guard(who, parts.rates, parts.runs, bearer_only=parts.who.bearer_only),
        deadlines=_deadlines(parts),
        runs=parts.runs,
    )
    return app


def _routers(parts: Parts, who: Who) -> list[APIRouter]:
    return [
        identity.router(parts.who, who, parts.forgetting),
        links.router(parts.who, who, parts.links),
        rest.router(parts.chat, parts.chains, who.identity),
        library.router(parts.library, who.identity),
        record.router(parts.records, who.identity),
        sse.router(parts.chat, parts.hints, who.identity),
        parts.sockets.router(),
        documents.router(parts.documents, who, parts.may_write_documents),
        health.router(parts.why_not_ready, metrics.registry(_gauges(parts), _counters(parts))),
        page.router(PAGE, parts.who),
    ]


def _gauges(parts: Parts) -> metrics.Figures:
    return {
        "generations_running": ("Answers that are being written.", lambda: len(parts.runner)),
        "notes_lost": ("Notes for the records of messages that could not be kept.", lambda: parts.notes.lost),
        "sockets_open": ("WebSockets that are open.", lambda: len(parts.sockets.places)),
        "tasks": (
            "Tasks of the event loop; they grow with connections and answers, and go with them.",
            lambda: len(asyncio.all_tasks()),
        ),
        "threads_abandoned": (
            "Threads of stopped synchronous chains that have not come back.",
            lambda: sum(chain.abandoned_threads for chain in parts.chains.values()),
        ),
    }


def _counters(parts: Parts) -> metrics.Figures:
    return {
        "event_loop_blocked": (
            "How often the event loop was held up for half a second or more.",
            lambda: parts.watchdog.blocked,
        ),
        "event_loop_blocked_seconds": ("For how long in all.", lambda: parts.watchdog.blocked_seconds),
    }


def _refusal(error: ChatError) -> ASGIApp:
    return problems.problem(error)


def _deadlines(parts: Parts) -> langserve.Deadlines:
    settings = parts.settings
    return langserve.Deadlines(settings.timeout_first_piece, settings.timeout_gap, settings.timeout_total)
