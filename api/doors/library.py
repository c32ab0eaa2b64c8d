"""`/api/chat`: searching one's chats."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from api.auth.identity import Identity
from api.core.records import JSON
from api.doors.problems import RESPONSES
from api.doors.rest import Limit, WhoAsks, answer
from api.service.library import Library
from api.wire import rest
from api.wire.objects import hit_json


def router(library: Library, identity: WhoAsks) -> APIRouter:
    routes = APIRouter(prefix="/api/chat", tags=["chat"], responses=RESPONSES)
    User = Annotated[Identity, Depends(identity)]  # noqa: N806 - a type

    @routes.get("/search", response_model=rest.Hits)
    async def search(user: User, q: str, limit: Limit = 20) -> Response:
        hits: list[JSON] = [hit_json(hit) for hit in await library.search(user.user_id, q, limit)]
        return answer({"hits": hits})

    return routes
