"""`/api/chat/sessions/{id}/events`: a session's events for networks that break WebSockets."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Response
from sse_starlette import EventSourceResponse, ServerSentEvent

from api.auth.identity import Identity
from api.core.errors import ChatError, Code
from api.core.records import JSON
from api.doors.problems import RESPONSES
from api.doors.rest import WhoAsks
from api.service.chat import Chat
from api.service.follow import NOWHERE, Asked, Follower, Start
from api.service.ports import Hint, Hints, StageHint
from api.wire.outgoing import encode, hint_json, next_frame, subscribed_json

SILENCE_S = 20.0


def router(chat: Chat, hints: Hints, identity: WhoAsks) -> APIRouter:
    routes = APIRouter(prefix="/api/chat", tags=["chat"], responses=RESPONSES)

    @routes.get(
        "/sessions/{session_id}/events",
        response_class=EventSourceResponse,
        responses={200: {"content": {"text/event-stream": {}}, "description": "The session's events."}},
    )
    async def events(
        user: Annotated[Identity, Depends(identity)],
        session_id: str,
        last_event_id: Annotated[str | None, Header()] = None,
        epoch: str | None = None,
        after: Annotated[int | None, Query(ge=0, le=2**53)] = None,
    ) -> Response:
        asked = Asked(epoch, after) if last_event_id is None else parse_event_id(last_event_id)
        start = await chat.begin(user.user_id, session_id, asked)
        return EventSourceResponse(
            stream(chat, hints, user.user_id, start),
            ping=0,  # it would come whether or not there was silence
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )

    return routes


async def stream(chat: Chat, hints: Hints, user_id: str, start: Start) -> AsyncIterator[ServerSentEvent]:
    """`subscribed`, then the events after it; hints between them, without an id."""
    told: list[Hint] = []
    follower = chat.follower("sse")

    def deliver(hint: Hint) -> None:
        if len(told) < 100 and (not isinstance(hint, StageHint) or hint.session_id in follower):  # noqa: PLR2004
            told.append(hint)
            follower.nudge()

    deaf = hints.listen(user_id, deliver)
    try:
        follower.follow(start)
        yield _subscribed(start)
        async for event in _events(chat, follower, told):
            yield event
    finally:
        deaf()
        follower.close()


async def _events(chat: Chat, follower: Follower, told: list[Hint]) -> AsyncIterator[ServerSentEvent]:
    while True:
        try:
            async with asyncio.timeout(SILENCE_S):
                turn = await follower.turn()
        except TimeoutError:
            yield ServerSentEvent(comment="nothing new")
            continue
        for hint in told:
            body = hint_json(hint)
            yield ServerSentEvent(encode(body), event=str(body["type"]))
        told.clear()
        if turn is None and follower.parting:
            return
        if turn is None:
            continue
        if turn.gone:
            return
        if turn.lost:
            try:
                start = await chat.begin_again(turn.follow.session_id, NOWHERE)
            except ChatError:  # a stream that ends is opened again by its client, and told the reason then
                return
            follower.follow(start)
            yield _subscribed(start)
            continue
        frame = next_frame(turn.follow.waiting)
        turn.follow.took(frame.events)
        cursor = turn.follow.cursor
        yield ServerSentEvent(frame.text, event=frame.type, id=f"{cursor.epoch}:{cursor.seq}")


def _subscribed(start: Start) -> ServerSentEvent:
    body: dict[str, JSON] = subscribed_json(start)
    return ServerSentEvent(
        encode(body), event="subscribed", id=f"{start.position.epoch}:{start.position.seq}"
    )


def parse_event_id(value: str) -> Asked:
    """`<epoch>:<seq>`, as it was sent."""
    epoch, _, seq = value.rpartition(":")
    if not epoch or not seq.isascii() or not seq.isdigit() or len(seq) > 18:  # noqa: PLR2004 - fits 64 bits
        raise ChatError(Code.INVALID, "Last-Event-ID must look like <epoch>:<seq>, as the server sent it.")
    return Asked(epoch, int(seq))
