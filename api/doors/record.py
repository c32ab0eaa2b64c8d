"""`/api/chat/sessions/{id}/messages/{message_id}/record`: what happened to a message."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from api.auth.identity import Identity
from api.core.records import JSON
from api.doors.problems import RESPONSES
from api.doors.rest import WhoAsks, answer
from api.service.record import Records
from api.wire import rest
from api.wire.objects import note_json


def router(records: Records, identity: WhoAsks) -> APIRouter:
    routes = APIRouter(prefix="/api/chat", tags=["chat"], responses=RESPONSES)

    @routes.get("/sessions/{session_id}/messages/{message_id}/record", response_model=rest.Record)
    async def get_record(
        user: Annotated[Identity, Depends(identity)], session_id: str, message_id: str
    ) -> Response:
        notes = await records.of(user.user_id, session_id, message_id)
        events: list[JSON] = [note_json(note) for note in notes]
        return answer({"events": events})

    return routes
