"""Errors as `application/problem+json` (RFC 9457), from the one table."""

from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from typing import Any

import orjson
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api.core.errors import TABLE, ChatError, Code
from api.core.failures import places
from api.core.records import JSON
from api.wire.objects import problem_json
from api.wire.rest import ProblemBody

log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"
# What every route may answer besides its own success, for the OpenAPI document.
RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"model": ProblemBody, "content": {MEDIA_TYPE: {}}, "description": HTTPStatus(status).phrase}
    for status in sorted({rule.http for rule in TABLE.values() if rule.http})
}
_BY_STATUS = {
    404: Code.NOT_FOUND,
    413: Code.TOO_LARGE,
    415: Code.UNSUPPORTED_MEDIA_TYPE,
    401: Code.UNAUTHORIZED,
}


def problem(error: ChatError, status: int | None = None, headers: dict[str, str] | None = None) -> Response:
    """The response to a refused request; `Retry-After` where waiting helps."""
    code = status or error.rule.http or HTTPStatus.INTERNAL_SERVER_ERROR
    shown = error.problem
    body: dict[str, JSON] = {
        "type": "about:blank",
        "title": HTTPStatus(code).phrase,
        "status": code,
        "detail": shown.message,
        **problem_json(shown),
        **error.ids,
    }
    headers = dict(headers or {})
    if shown.retry_after_ms is not None:
        headers["Retry-After"] = str(max(1, -(-shown.retry_after_ms // 1000)))
    return Response(orjson.dumps(body), code, headers, MEDIA_TYPE)


def name_request(request: Request, **ids: str) -> None:
    """From now on whatever refuses this request carries these ids, as an error on the WebSocket does."""
    request.state.ids = ids


def _told(
    request: Request, error: ChatError, status: int | None = None, headers: dict[str, str] | None = None
) -> Response:
    ids: dict[str, str] = getattr(request.state, "ids", {})
    return problem(replace(error, ids={**ids, **error.ids}), status, headers)


def install(app: FastAPI, new_id: Callable[[], str]) -> None:
    """Makes every failure of the app's routes a problem."""

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, ChatError)  # noqa: S101 - for mypy: registered for it
        return _told(request, error)

    async def unfit(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101 - for mypy: registered for it
        return _told(request, _unfit(error))

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - for mypy: registered for it
        code = _BY_STATUS.get(error.status_code, Code.INVALID)
        words = "" if error.status_code in _BY_STATUS else _words(request, error)
        return _told(request, ChatError(code, words), error.status_code, dict(error.headers or {}))

    async def broken(request: Request, error: Exception) -> Response:
        error_id = new_id()
        log.error(
            "request broke",
            error_id=error_id,
            path=request.url.path,
            error=type(error).__name__,
            at=places(error),
        )
        return _told(request, ChatError(Code.INTERNAL, error_id=error_id))

    app.add_exception_handler(ChatError, refused)
    app.add_exception_handler(RequestValidationError, unfit)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(Exception, broken)


def _unfit(error: RequestValidationError) -> ChatError:
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return ChatError(Code.BAD_JSON)
    # A place begins with the part of the request it is in, and numbers count within a list.
    place = ".".join(part for part in first["loc"][1:] if isinstance(part, str)) or "body"
    what = first["msg"].removeprefix("Value error, ").replace("Input should", "this must")
    return ChatError(Code.INVALID, f"{place}: {what}. Correct it and send it again.")


def _words(request: Request, error: HTTPException) -> str:
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = (error.headers or {}).get("Allow", "another method")
        return f"This address does not take {request.method}. Use {allowed}, or look it up in /docs."
    return f"{error.detail.rstrip('.')}. Correct it and send it again."
