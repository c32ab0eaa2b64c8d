from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeAlias

import httpx
import pytest
from fastapi import FastAPI
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp

from api.auth.identity import Identity, Issued, bearer
from api.core.errors import ChatError, Code

Visit: TypeAlias = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


def refuse(error: ChatError) -> JSONResponse:
    """A stand-in for the problem door: the code, and the status of the table."""
    return JSONResponse({"code": error.code, "message": error.problem.message}, error.rule.http or 500)


class KnownTokens:
    """An authenticator for tests: a bearer token or the cookie `who` is the user's id; `scopes` by user."""

    def __init__(
        self, scopes: Mapping[str, frozenset[str]] | None = None, *, bearer_only: bool = False
    ) -> None:
        self.bearer_only = bearer_only
        self._scopes = scopes or {}

    async def identify(self, connection: HTTPConnection) -> Identity | None:
        if (token := bearer(connection)) is not None:
            return await self.check(token)
        user_id = None if self.bearer_only else connection.cookies.get("who")
        return Identity(user_id, None, self._scopes.get(user_id, frozenset())) if user_id else None

    async def check(self, token: str) -> Identity:
        if token == "bad":
            raise ChatError(Code.UNAUTHORIZED)
        return Identity(token, None, self._scopes.get(token, frozenset()))

    def issue(self) -> Issued | None:
        return None if self.bearer_only else Issued("new", "token-of-new")

    def vouch(self, user_id: str) -> Issued | None:
        return None if self.bearer_only else Issued(user_id, f"token-of-{user_id}")


@pytest.fixture(scope="session")
def tokens() -> type[KnownTokens]:
    return KnownTokens


@pytest.fixture(scope="session")
def make_app() -> Callable[[], FastAPI]:
    """An app without doors that answers a ChatError with its code."""

    async def problem(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, ChatError)
        return refuse(error)

    def make() -> FastAPI:
        app = FastAPI()
        app.add_exception_handler(ChatError, problem)
        return app

    return make


@pytest.fixture
def app(make_app: Callable[[], FastAPI]) -> FastAPI:
    return make_app()


@pytest.fixture(scope="session")
def visit() -> Visit:
    """A client of an app, without a network; `user` is brought as the cookie."""

    @asynccontextmanager
    async def visiting(app: ASGIApp, user: str = "", **headers: str) -> AsyncIterator[httpx.AsyncClient]:
        cookies = {"who": user} if user else None
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://chat.example", cookies=cookies, headers=headers
        ) as client:
            yield client

    return visiting
