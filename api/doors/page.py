"""The page that people see, served by the server itself."""

from collections.abc import Callable, Mapping
from html import escape
from pathlib import Path

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse, HTMLResponse

from api.auth.cookie import set_cookie
from api.auth.identity import Authenticator
from api.core.errors import ChatError, Code

BASE = '<base href="/">'
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'self'; form-action 'self'; "
    "frame-ancestors 'none'"
)  # 'self' of connect-src has the WebSocket of the same origin in it
SECURITY: Mapping[str, str] = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
FRESH = {**SECURITY, "Cache-Control": "private, no-cache"}  # private: it may come with a cookie
FOREVER = {**SECURITY, "Cache-Control": "public, max-age=31536000, immutable"}
NOT_BUILT = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Steadychat</title>
<h1>The page is not built yet</h1>
<p>The server is running, but its page is missing. Run <code>make setup</code>, then reload.</p>
"""


def router(folder: Path, auth: Authenticator) -> APIRouter:
    """The page that was built into `folder`, at `/` and `/chat/<session id>`, with its files.

    Loading it makes an anonymous user of a browser that is none yet. Its top-level files are those that are
    there when the server starts.
    """
    routes = APIRouter(include_in_schema=False)

    async def page(request: Request) -> Response:
        response = _index(folder, request.scope.get("root_path", ""))
        await _remember(auth, request, response)
        return response

    async def asset(path: str) -> Response:
        return FileResponse(_inside(folder / "assets", path), headers=FOREVER)

    _get(routes, "/", page)
    _get(routes, "/chat/{session_id}", page)
    _get(routes, "/assets/{path:path}", asset)
    for file in sorted(folder.iterdir()) if folder.is_dir() else ():
        if file.is_file() and file.name != "index.html":
            _get(routes, f"/{file.name}", _file(file))
    return routes


def _get(routes: APIRouter, path: str, answer: Callable[..., object]) -> None:
    routes.add_api_route(path, answer, methods=["GET", "HEAD"], response_class=Response)


def _file(file: Path) -> Callable[[], object]:
    async def answer() -> Response:
        return FileResponse(file, headers=FRESH)

    return answer


def _index(folder: Path, root_path: str) -> Response:
    try:
        html = (folder / "index.html").read_text("utf-8")
    except FileNotFoundError:
        return HTMLResponse(NOT_BUILT, 503, FRESH)
    based = html.replace(BASE, f'<base href="{escape(root_path.rstrip("/"))}/">', 1)
    return HTMLResponse(based, headers=FRESH)


def _inside(folder: Path, path: str) -> Path:
    """The file of that path in the folder. Raises `not_found`, also for what lies outside of it."""
    try:
        file = (folder / path).resolve()
        found = file.is_relative_to(folder.resolve()) and file.is_file()
    except (OSError, ValueError):  # too long, or NUL in it
        found = False
    if not found:
        raise ChatError(Code.NOT_FOUND)
    return file


async def _remember(auth: Authenticator, request: Request, response: Response) -> None:
    if await auth.identify(request) is None and (issued := auth.issue()) is not None:
        set_cookie(response, request, issued.token)
