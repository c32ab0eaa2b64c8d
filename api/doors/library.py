"""`/api/chat`: searching one's chats, judging answers, taking a chat along."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Response
from fastapi.responses import StreamingResponse

from api.auth.identity import Identity
from api.core.records import JSON
from api.doors.downloads import attachment
from api.doors.problems import RESPONSES
from api.doors.rest import Limit, WhoAsks, answer
from api.service.library import Library
from api.wire import rest
from api.wire.export import FORMATS
from api.wire.objects import hit_json

_FILES = {"text/markdown": {"schema": {"type": "string"}}, "application/json": {"schema": {"type": "object"}}}


def router(library: Library, identity: WhoAsks) -> APIRouter:
    routes = APIRouter(prefix="/api/chat", tags=["chat"], responses=RESPONSES)
    User = Annotated[Identity, Depends(identity)]  # noqa: N806 - a type

    @routes.get("/search", response_model=rest.Hits)
    async def search(user: User, q: str, limit: Limit = 20) -> Response:
        hits: list[JSON] = [hit_json(hit) for hit in await library.search(user.user_id, q, limit)]
        return answer({"hits": hits})

    @routes.put("/sessions/{session_id}/messages/{message_id}/feedback", status_code=204)
    async def judge(user: User, session_id: str, message_id: str, body: rest.Judgement) -> Response:
        await library.judge(user.user_id, session_id, message_id, body.value, body.comment)
        return Response(status_code=204)

    @routes.get(
        "/sessions/{session_id}/export",
        response_class=StreamingResponse,
        responses={200: {"content": _FILES, "description": "The session as a file."}},
    )
    async def export(user: User, session_id: str, format: Literal["md", "json"] = "md") -> Response:  # noqa: A002 - the protocol's word
        session, pages = await library.export(user.user_id, session_id)
        chosen = FORMATS[format]
        return StreamingResponse(
            chosen.write(session, pages),
            media_type=chosen.media_type,
            headers={
                "Content-Disposition": attachment(session.title, format),
                "Cache-Control": "no-store",
                "X-Content-Type-Options": "nosniff",
            },
        )

    return routes
