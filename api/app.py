"""The ASGI app: doors mounted on parts, and the lifespan that they share."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI

from api.doors import identity, problems, rest, sse
from api.doors.who import Who
from api.parts import Parts, new_id


def create_app(parts: Parts) -> FastAPI:
    """The whole server over `parts`; its lifespan brings them to life and lays them down."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with parts.running():
            yield

    app = FastAPI(title="Steadychat", lifespan=lifespan, root_path=parts.settings.root_path)
    problems.install(app, new_id)
    for router in _routers(parts):
        app.include_router(router)
    return app


def _routers(parts: Parts) -> list[APIRouter]:
    who = Who(parts.who, parts.origins)
    return [
        identity.router(parts.who, who),
        rest.router(parts.chat, parts.chains, who.identity),
        sse.router(parts.chat, parts.hints, who.identity),
        parts.sockets.router(),
    ]
