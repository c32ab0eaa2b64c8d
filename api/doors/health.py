"""Whether the server lives, whether it is fit to serve, and how it is doing."""

from collections.abc import Callable

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

UNCACHED = {"Cache-Control": "no-store"}


def router(ready: Callable[[], str | None], registry: CollectorRegistry) -> APIRouter:
    """`ready` returns None, or the reason in words why the server is not fit to serve."""
    routes = APIRouter(tags=["health"])

    @routes.get("/healthz")
    async def alive() -> Response:
        return JSONResponse({"status": "alive"}, headers=UNCACHED)

    @routes.get("/readyz", responses={503: {"description": "Not fit to serve; `reason` says why."}})
    async def fit() -> Response:
        reason = ready()
        if reason is None:
            return JSONResponse({"status": "ready"}, headers=UNCACHED)
        return JSONResponse({"status": "not ready", "reason": reason}, 503, UNCACHED)

    @routes.get("/metrics", response_class=Response)
    async def metrics() -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST, headers=UNCACHED)

    return routes
