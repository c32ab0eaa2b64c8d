"""`POST /api/chat/identity`: who I am, making me somebody if I am nobody yet."""

from fastapi import APIRouter, Request, Response
from starlette.requests import HTTPConnection

from api.auth.cookie import NAME, set_cookie
from api.auth.identity import Authenticator, Issued, bearer
from api.core.errors import ChatError, Code
from api.doors.problems import RESPONSES
from api.doors.rest import answer
from api.doors.who import Who
from api.wire.rest import IdentityBody


def router(auth: Authenticator, who: Who) -> APIRouter:
    routes = APIRouter(prefix="/api/chat", tags=["chat"], responses=RESPONSES)

    @routes.post("/identity", response_model=IdentityBody)
    async def identity(request: Request) -> Response:
        issued = await _known(auth, who, request) or auth.issue()
        if issued is None:
            raise ChatError(Code.UNAUTHORIZED)
        response = answer({"user_id": issued.user_id, "token": issued.token})
        if not auth.bearer_only:
            set_cookie(response, request, issued.token)
        return response

    return routes


async def _known(auth: Authenticator, who: Who, connection: HTTPConnection) -> Issued | None:
    """The caller as they already are, with the token that they brought."""
    caller = await who.caller(connection)
    token = bearer(connection) or connection.cookies.get(NAME)
    if caller is None:
        return None
    return auth.issue() if token is None else Issued(caller.user_id, token)
