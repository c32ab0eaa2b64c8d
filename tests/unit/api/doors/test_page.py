from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from api.doors.page import router

pytestmark = pytest.mark.anyio

INDEX = '<!doctype html><base href="/"><title>Steadychat</title><p>é <base href="/">'
Serve = Callable[..., FastAPI]


@pytest.fixture
def built(tmp_path: Path) -> Path:
    folder = tmp_path / "page"
    (folder / "assets" / "deep").mkdir(parents=True)
    (folder / "index.html").write_text(INDEX, "utf-8")
    (folder / "icon.svg").write_text("<svg/>")
    (folder / "theme.js").write_text("theme()")
    (folder / "assets" / "index-1a2b.js").write_text("chat()")
    (folder / "assets" / "deep" / "font.woff2").write_bytes(b"\0font")
    (tmp_path / "secret").write_text("a secret")
    return folder


@pytest.fixture
def serve(app: FastAPI, tokens: Any, built: Path) -> Serve:
    def served(folder: Path = built, *, bearer_only: bool = False) -> FastAPI:
        app.include_router(router(folder, tokens(bearer_only=bearer_only)))
        return app

    return served


@pytest.mark.parametrize("path", ["/", "/chat/0192-abc", "/chat/<script>"])
async def test_the_page_opens_at_its_addresses(serve: Serve, visit: Any, path: str) -> None:
    async with visit(serve(), "anna") as client:
        answer = await client.get(path)
        assert (answer.status_code, answer.text) == (200, INDEX)
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert answer.headers["cache-control"] == "private, no-cache"
        assert (await client.head(path)).status_code == 200


async def test_assets_are_kept_for_ever(serve: Serve, visit: Any) -> None:
    async with visit(serve()) as client:
        script = await client.get("/assets/index-1a2b.js")
        assert (script.text, script.headers["cache-control"]) == (
            "chat()",
            "public, max-age=31536000, immutable",
        )
        assert script.headers["content-type"].startswith("text/javascript")
        assert (await client.get("/assets/deep/font.woff2")).content == b"\0font"


async def test_the_files_beside_the_page_are_served(serve: Serve, visit: Any) -> None:
    async with visit(serve()) as client:
        icon = await client.get("/icon.svg")
        assert icon.headers["content-type"] == "image/svg+xml"
        assert icon.headers["cache-control"] == "private, no-cache"
        assert (await client.get("/theme.js")).text == "theme()"


@pytest.mark.parametrize(
    "path",
    [
        "/assets/",
        "/assets/deep",
        "/assets/nothing.js",
        "/assets/../index.html",
        "/assets/%2e%2e/%2e%2e/secret",
        "/assets/..%2f..%2fsecret",
        "/assets//etc/passwd",
        "/assets/%2fetc%2fpasswd",
        "/assets/a%00b",
        "/assets/" + "a" * 5000,
    ],
)
async def test_nothing_outside_of_the_assets_is_served_as_one(serve: Serve, visit: Any, path: str) -> None:
    async with visit(serve()) as client:
        answer = await client.get(path)
        assert answer.status_code == 404
        assert "secret" not in answer.text


async def test_a_link_out_of_the_assets_is_not_followed(serve: Serve, visit: Any, built: Path) -> None:
    (built / "assets" / "link").symlink_to(built.parent / "secret")
    async with visit(serve()) as client:
        assert (await client.get("/assets/link")).status_code == 404


@pytest.mark.parametrize("path", ["/nothing", "/index.html", "/chat", "/chat/a/b", "/api/nothing", "/secret"])
async def test_unknown_addresses_are_not_the_page(serve: Serve, visit: Any, path: str) -> None:
    async with visit(serve()) as client:
        answer = await client.get(path)
        assert (answer.status_code, "Steadychat" in answer.text) == (404, False)


@pytest.mark.parametrize("path", ["/", "/icon.svg", "/assets/index-1a2b.js"])
async def test_every_answer_is_strict_about_what_may_run(serve: Serve, visit: Any, path: str) -> None:
    async with visit(serve()) as client:
        headers = (await client.get(path)).headers
        rules = dict(each.strip().split(" ", 1) for each in headers["content-security-policy"].split(";"))
        assert rules["default-src"] == rules["frame-ancestors"] == "'none'"
        assert rules["script-src"] == rules["connect-src"] == "'self'"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"


async def test_a_new_browser_becomes_an_anonymous_user(serve: Serve, visit: Any) -> None:
    async with visit(serve()) as client:
        for path in ("/", "/chat/1"):
            assert "steadychat_identity=token-of-new" in (await client.get(path)).headers["set-cookie"]
        for path in ("/icon.svg", "/assets/index-1a2b.js"):
            assert "set-cookie" not in (await client.get(path)).headers


async def test_a_known_browser_stays_who_it_is(serve: Serve, visit: Any) -> None:
    async with visit(serve(), "anna") as client:
        assert "set-cookie" not in (await client.get("/")).headers


async def test_where_tokens_are_needed_loading_the_page_makes_nobody(serve: Serve, visit: Any) -> None:
    async with visit(serve(bearer_only=True)) as client:
        answer = await client.get("/")
        assert (answer.status_code, "set-cookie" in answer.headers) == (200, False)


@pytest.mark.parametrize(
    ("root_path", "base"),
    [
        ("/chat", '<base href="/chat/">'),
        ('/a"b', '<base href="/a&quot;b/">'),
    ],
)
async def test_under_a_path_the_page_knows_where_it_is(
    serve: Serve, visit: Any, root_path: str, base: str
) -> None:
    app = serve()

    async def proxied(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "root_path": root_path, "path": root_path.rstrip("/") + "/"}, receive, send)

    async with visit(proxied) as client:
        answer = await client.get("/")
        assert answer.text == INDEX.replace('<base href="/">', base, 1)
        assert f"Path={root_path.rstrip('/')}" in answer.headers["set-cookie"]


async def test_a_page_that_is_not_built_says_what_to_do(serve: Serve, visit: Any, tmp_path: Path) -> None:
    async with visit(serve(tmp_path / "nothing")) as client:
        answer = await client.get("/")
        assert answer.status_code == 503
        assert "make setup" in answer.text
        assert (await client.get("/assets/a.js")).status_code == 404
