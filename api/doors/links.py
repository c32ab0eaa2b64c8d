"""`/api/chat/identity/links`: a link, good once, that carries one's chats to another browser."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from api.auth.cookie import set_cookie
from api.auth.identity import Authenticator, Identity, Issued
from api.core.errors import ChatError, Code
from api.doors.problems import RESPONSES
from api.doors.rest import answer
from api.doors.who import Who
from api.service.links import Links
from api.wire.objects import time_json
from api.wire.rest import IdentityBody, LinkBody, LinkClaim

ELSEWHERE = "No link is needed here: sign in with the same account in the other browser."
EVERYBODY = "No link is needed here: whoever opens this server sees the same chats."


def router(auth: Authenticator, who: Who, links: Links) -> APIRouter:
    routes = APIRouter(prefix="/api/chat/identity/links", tags=["chat"], responses=RESPONSES)

    @routes.post("", status_code=201, response_model=LinkBody)
    async def make(user: Annotated[Identity, Depends(who.identity)]) -> Response:
        _vouched(auth, user.user_id)
        link = await links.make(user.user_id)
        return answer({"code": link.code, "expires_at": time_json(link.expires_at)}, 201)

    @routes.post("/claim", response_model=IdentityBody, dependencies=[Depends(who.same_site)])
    async def claim(request: Request, body: LinkClaim) -> Response:
        """Whoever brings the code is its user from now on, whoever they were before."""
        _vouched(auth, "")
        issued = _vouched(auth, await links.claim(body.code))
        response = answer({"user_id": issued.user_id, "token": issued.token})
        set_cookie(response, request, issued.token)
        return response

    return routes


def _vouched(auth: Authenticator, user_id: str) -> Issued:
    """Raises `forbidden` where identities are not this server's to give."""
    issued = auth.vouch(user_id)
    if issued is None:
        raise ChatError(Code.FORBIDDEN, ELSEWHERE if auth.bearer_only else EVERYBODY)
    return issued
