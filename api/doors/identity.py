"""`/api/chat/identity`: who I am, making me somebody if I am nobody yet; and to be forgotten."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from starlette.requests import HTTPConnection

from api.auth.cookie import NAME, clear_cookie, set_cookie
from api.auth.identity import Authenticator, Identity, Issued, bearer
from api.core.errors import ChatError, Code
from api.doors.problems import RESPONSES
from api.doors.rest import answer
from api.doors.who import Who
from api.service.forgetting import Forgetting
from api.wire.rest import IdentityBody


def router(auth: Authenticator, who: Who, forgetting: Forgetting) -> APIRouter:
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

    @routes.delete("/identity", status_code=204)
    async def forget(request: Request, user: Annotated[Identity, Depends(who.identity)]) -> Response:
        """Takes a cookie back that named the user; a token goes on naming somebody who has nothing."""
        await forgetting(user.user_id)
        response = Response(status_code=204)
        if bearer(request) is None and not auth.bearer_only:
            clear_cookie(response, request)
        return response

    return routes


async def _known(auth: Authenticator, who: Who, connection: HTTPConnection) -> Issued | None:
    """The caller as they already are, with the token that they brought."""
    caller = await who.caller(connection)
    token = bearer(connection) or connection.cookies.get(NAME)
    if caller is None:
        return None
    return auth.issue() if token is None else Issued(caller.user_id, token)
