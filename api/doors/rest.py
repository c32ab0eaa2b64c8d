"""`/api/chat`: the use cases over plain HTTP."""

import base64
import binascii
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Depends, Header, Query, Request, Response
from pydantic import BeforeValidator

from api.auth.identity import Identity
from api.core.errors import ChatError, Code
from api.core.records import JSON, Session
from api.doors.problems import RESPONSES, name_request
from api.service.chat import Chat
from api.service.requests import Accepted
from api.wire import rest
from api.wire.frames import Ack, Message
from api.wire.frames import Session as SessionObject
from api.wire.objects import message_json, session_json, time_json
from api.wire.outgoing import ack_json
from chains.contract import Chain


def digits(value: object) -> object:
    """Whole numbers are written in digits alone: no signs, points or spaces."""
    if isinstance(value, str) and not (value.isascii() and value.isdigit()):
        raise ValueError("this must be a whole number, in digits")
    return value


Limit = Annotated[int, BeforeValidator(digits), Query(ge=1, le=200)]
Offset = Annotated[int, BeforeValidator(digits), Query(ge=0, le=2**53)]
Include = Annotated[list[Literal["superseded"]] | None, Query()]
IdempotencyKeys = Annotated[list[str] | None, Header(alias="Idempotency-Key")]
CLIENT_ID_CHARS = 128
Prefer = Annotated[list[str] | None, Header()]
WhoAsks = Callable[[Request], Awaitable[Identity]]


async def one_key(request: Request, idempotency_key: IdempotencyKeys = None) -> str | None:
    """The id of a send or retry, from its body or its headers; two that differ are an error.

    Whatever refuses the request from here on carries it.
    """
    found = {*await _key_in_body(request), *(idempotency_key or [])}
    if len(found) > 1:
        raise ChatError(Code.INVALID, "client_message_id and Idempotency-Key differ. Send only one of them.")
    key = found.pop() if found else None
    if key is not None and len(key) <= CLIENT_ID_CHARS:
        name_request(request, client_message_id=key)
    return key


async def _key_in_body(request: Request) -> list[str]:
    """Read before the body is checked, so that a body that does not fit is refused under its id as well."""
    try:
        body = await request.json()
    except ValueError:  # no body, or no JSON: whoever checks it will say so
        return []
    key = body.get("client_message_id") if isinstance(body, dict) else None
    return [key] if isinstance(key, str) else []


Key = Annotated[str | None, Depends(one_key)]


def answer(body: Mapping[str, JSON] | dict[str, Any], status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, media_type="application/json")


def router(chat: Chat, chains: Mapping[str, Chain], identity: WhoAsks) -> APIRouter:
    routes = APIRouter(prefix="/api/chat", tags=["chat"], responses=RESPONSES)
    _sessions(routes, chat, identity)
    _messages(routes, chat, identity)
    _sending(routes, chat, identity)

    @routes.get("/chains", response_model=rest.Chains)
    async def list_chains() -> Response:
        default = next(iter(chains), None)
        listed: list[JSON] = [
            {"name": name, "title": chain.title, "description": chain.description, "default": name == default}
            for name, chain in chains.items()
        ]
        return answer({"chains": listed})

    return routes


def _sessions(routes: APIRouter, chat: Chat, identity: WhoAsks) -> None:
    User = Annotated[Identity, Depends(identity)]  # noqa: N806 - a type

    @routes.post("/sessions", status_code=201, response_model=SessionObject)
    async def create_session(user: User, body: rest.NewSession) -> Response:
        session = await chat.create_session(user.user_id, body.title, body.chain)
        return answer(session_json(session), 201)

    @routes.get("/sessions", response_model=rest.SessionPage)
    async def list_sessions(
        user: User, limit: Limit = 50, offset: Offset = 0, before: str | None = None
    ) -> Response:
        place = None if before is None else parse_cursor(before)
        found = await chat.sessions(user.user_id, limit + 1, offset, place)
        page = found[:limit]
        more = len(found) > limit
        cursor = make_cursor(page[-1]) if more else None
        listed: list[JSON] = [session_json(session) for session in page]
        return answer({"sessions": listed, "has_more": more, "next_cursor": cursor})

    @routes.get("/sessions/{session_id}", response_model=SessionObject)
    async def get_session(user: User, session_id: str) -> Response:
        return answer(session_json(await chat.session(user.user_id, session_id)))

    @routes.patch("/sessions/{session_id}", response_model=SessionObject)
    async def rename_session(user: User, session_id: str, body: rest.Rename) -> Response:
        return answer(session_json(await chat.rename(user.user_id, session_id, body.title)))

    @routes.delete("/sessions/{session_id}", status_code=204)
    async def delete_session(user: User, session_id: str) -> Response:
        await chat.delete(user.user_id, session_id)
        return Response(status_code=204)


def _messages(routes: APIRouter, chat: Chat, identity: WhoAsks) -> None:
    User = Annotated[Identity, Depends(identity)]  # noqa: N806 - a type

    @routes.get("/sessions/{session_id}/messages", response_model=rest.MessagePage)
    async def list_messages(
        user: User, session_id: str, limit: Limit = 50, before: str | None = None, include: Include = None
    ) -> Response:
        page = await chat.page(user.user_id, session_id, limit, before, superseded=bool(include))
        messages: list[JSON] = [message_json(message) for message in page.messages]
        return answer(
            {
                "messages": messages,
                "next_cursor": page.messages[0].id if page.has_more else None,
                "has_more": page.has_more,
                "epoch": page.position.epoch,
                "seq": page.position.seq if before is None else None,
            }
        )

    @routes.get("/sessions/{session_id}/messages/{message_id}", response_model=Message)
    async def get_message(user: User, session_id: str, message_id: str) -> Response:
        return answer(message_json(await chat.message(user.user_id, session_id, message_id)))

    @routes.post("/sessions/{session_id}/messages/{message_id}/stop", response_model=rest.StoppedBody)
    async def stop(user: User, session_id: str, message_id: str) -> Response:
        status = await chat.stop(user.user_id, message_id, session_id)
        return answer({"message_id": message_id, "status": status.value})


def _sending(routes: APIRouter, chat: Chat, identity: WhoAsks) -> None:
    User = Annotated[Identity, Depends(identity)]  # noqa: N806 - a type
    accepted_at_once: dict[int | str, dict[str, Any]] = {202: {"model": Ack}}

    @routes.post("/messages", response_model=rest.Sent, responses=accepted_at_once)
    async def send(key: Key, user: User, body: rest.AnyMessage, prefer: Prefer = None) -> Response:
        accepted = await chat.send(
            user.user_id, body.content, client_message_id=key, session_id=body.session_id, chain=body.chain
        )
        return await _sent(chat, user.user_id, accepted, prefer)

    @routes.post("/sessions/{session_id}/messages", response_model=rest.Sent, responses=accepted_at_once)
    async def send_to_session(
        key: Key, user: User, session_id: str, body: rest.NewMessage, prefer: Prefer = None
    ) -> Response:
        accepted = await chat.send(user.user_id, body.content, client_message_id=key, session_id=session_id)
        return await _sent(chat, user.user_id, accepted, prefer)

    @routes.post(
        "/sessions/{session_id}/messages/{message_id}/retry",
        response_model=rest.Sent,
        responses=accepted_at_once,
    )
    async def retry(
        key: Key,
        user: User,
        session_id: str,
        message_id: str,
        body: rest.NewAttempt | None = None,  # noqa: ARG001 - for the OpenAPI document; `key` has read it
        prefer: Prefer = None,
    ) -> Response:
        accepted = await chat.retry(user.user_id, message_id, client_message_id=key, session_id=session_id)
        return await _sent(chat, user.user_id, accepted, prefer)


async def _sent(chat: Chat, user_id: str, accepted: Accepted, prefer: list[str] | None) -> Response:
    if prefers_async(prefer):
        body = ack_json(accepted)
        response = answer({name: value for name, value in body.items() if name != "type"}, 202)
        response.headers["Preference-Applied"] = "respond-async"
        return response
    ended = await chat.ended(user_id, accepted)
    return answer(
        {
            "pending_message_id": accepted.pending_message_id,
            "user_message": message_json(accepted.question),
            "message": message_json(ended),
            "duplicate": accepted.duplicate,
        }
    )


def prefers_async(headers: list[str] | None) -> bool:
    """Whether one of the preferences (RFC 7240) in these headers is `respond-async`."""
    preferences = ",".join(headers or []).split(",")
    return any(each.partition(";")[0].strip().lower() == "respond-async" for each in preferences)


def make_cursor(session: Session) -> str:
    """A place in the list of sessions: its time of activity and its id, opaque to clients."""
    return base64.urlsafe_b64encode(f"{time_json(session.updated_at)} {session.id}".encode()).decode()


def parse_cursor(cursor: str) -> tuple[datetime, str]:
    try:
        time, _, session_id = base64.urlsafe_b64decode(cursor).decode().partition(" ")
        return datetime.fromisoformat(time).astimezone(UTC), session_id
    except (ValueError, binascii.Error, OverflowError) as error:
        raise ChatError(Code.INVALID, "before is not a cursor of this list. Pass next_cursor.") from error
