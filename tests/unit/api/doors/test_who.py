from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI
from starlette.requests import HTTPConnection

from api.auth.identity import Identity
from api.auth.origins import Origins
from api.doors.who import Who

pytestmark = pytest.mark.anyio

FOREIGN = {"Origin": "http://evil.example"}
OWN = {"Origin": "http://chat.example"}


@pytest.fixture
def door(app: FastAPI, tokens: Any) -> FastAPI:
    who = Who(tokens(), Origins())

    async def name(identity: Annotated[Identity, Depends(who.identity)]) -> str:
        return identity.user_id

    async def visitor(identity: Annotated[Identity | None, Depends(who.caller)]) -> str:
        return identity.user_id if identity else "nobody"

    app.add_api_route("/name", name, methods=["GET", "POST", "DELETE"])
    app.add_api_route("/visitor", visitor, methods=["GET", "POST"])
    return app


async def test_a_door_learns_who_asks(door: FastAPI, visit: Any) -> None:
    async with visit(door, "anna") as client:
        assert (await client.get("/name")).json() == "anna"
        assert (await client.get("/name", headers={"Authorization": "Bearer ben"})).json() == "ben"


async def test_whoever_is_unknown_is_unauthorized(door: FastAPI, visit: Any) -> None:
    async with visit(door) as client:
        answer = await client.get("/name")
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
        assert (await client.get("/visitor")).json() == "nobody"


async def test_a_bad_token_is_refused_even_where_nobody_need_be_known(door: FastAPI, visit: Any) -> None:
    async with visit(door) as client:
        assert (await client.get("/visitor", headers={"Authorization": "Bearer bad"})).status_code == 401


@pytest.mark.parametrize("path", ["/name", "/visitor"])
async def test_a_foreign_page_changes_nothing(door: FastAPI, visit: Any, path: str) -> None:
    async with visit(door, "anna") as client:
        answer = await client.post(path, headers=FOREIGN)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
        assert (await client.post(path, headers=OWN)).status_code == 200
        assert (await client.post(path)).status_code == 200


async def test_a_foreign_page_is_refused_before_who_asks_is_looked_at(door: FastAPI, visit: Any) -> None:
    async with visit(door) as client:
        assert (await client.delete("/name", headers=FOREIGN)).status_code == 403


async def test_a_token_is_welcome_from_anywhere(door: FastAPI, visit: Any) -> None:
    async with visit(door) as client:
        answer = await client.post("/name", headers=FOREIGN | {"Authorization": "Bearer ben"})
        assert answer.json() == "ben"


async def test_reading_needs_no_origin(door: FastAPI, visit: Any) -> None:
    async with visit(door, "anna") as client:
        assert (await client.get("/name", headers=FOREIGN)).status_code == 200


async def test_a_socket_is_no_reading(tokens: Any) -> None:
    headers = [(b"origin", b"http://evil.example"), (b"host", b"chat.example")]
    scope = {"type": "websocket", "scheme": "ws", "path": "/", "query_string": b"", "headers": headers}
    with pytest.raises(Exception, match="forbidden"):
        await Who(tokens(), Origins()).same_site(HTTPConnection(scope))
