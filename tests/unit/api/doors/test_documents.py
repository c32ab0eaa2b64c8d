import errno
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi import FastAPI

from api.auth.identity import Identity
from api.auth.origins import Origins
from api.core.errors import ChatError, Code
from api.documents.model import FILE_BYTES, Document, Upload
from api.doors.documents import FILES, router
from api.doors.who import Who

pytestmark = pytest.mark.anyio

NOW = datetime(2030, 1, 1, tzinfo=UTC)
SHOWN = {
    "id": "d1",
    "title": "notes",
    "filename": "notes.md",
    "media_type": "text/markdown",
    "bytes": 4,
    "status": "queued",
    "progress": 0.0,
    "passages": 0,
    "error": None,
    "created_at": "2030-01-01T00:00:00Z",
}


class FakeDocuments:
    def __init__(self) -> None:
        self.added: list[tuple[str, str, str, bytes]] = []
        self.deleted: list[str] = []

    async def list(self) -> Sequence[Document]:
        return [Document("d1", "notes", "notes.md", "text/markdown", 4, NOW)]

    async def get(self, document_id: str) -> Document:
        if document_id != "d1":
            raise ChatError(Code.NOT_FOUND)
        return (await self.list())[0]

    async def add(self, user_id: str, uploads: Sequence[Upload]) -> Sequence[Document]:
        self.added += [(user_id, each.filename, each.media_type, each.file.read()) for each in uploads]
        return await self.list()

    async def delete(self, document_id: str) -> None:
        await self.get(document_id)
        self.deleted.append(document_id)


@pytest.fixture
def documents() -> FakeDocuments:
    return FakeDocuments()


@pytest.fixture
async def client(app: FastAPI, documents: Any, tokens: Any, visit: Any) -> AsyncIterator[Any]:
    def may_write(identity: Identity) -> bool:
        return identity.user_id == "anna"

    app.include_router(router(documents, Who(tokens(), Origins()), may_write))
    async with visit(app, "anna") as client:
        yield client


def file(name: str, data: bytes = b"text", kind: str = "application/octet-stream") -> tuple[str, Any]:
    return ("file", (name, data, kind))


def as_user(name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {name}"}


async def test_documents_are_shown_as_the_protocol_says(client: Any) -> None:
    assert (await client.get("/api/documents")).json() == {"documents": [SHOWN]}
    assert (await client.get("/api/documents/d1")).json() == SHOWN
    assert (await client.get("/api/documents/d2")).json()["code"] == "not_found"


async def test_one_or_more_files_are_taken_in_at_once(client: Any, documents: FakeDocuments) -> None:
    answer = await client.post("/api/documents", files=[file("notes.md", b"one"), file("../b.PDF", b"two")])
    assert (answer.status_code, answer.json()) == (202, {"documents": [SHOWN]})
    assert documents.added == [
        ("anna", "notes.md", "text/markdown", b"one"),
        ("anna", "b.PDF", "application/pdf", b"two"),
    ]


async def test_a_document_is_deleted(client: Any, documents: FakeDocuments) -> None:
    answer = await client.delete("/api/documents/d1")
    assert (answer.status_code, answer.content, documents.deleted) == (204, b"", ["d1"])
    assert (await client.delete("/api/documents/d2")).status_code == 404


async def test_a_file_may_have_20_mb_and_no_more(client: Any, documents: FakeDocuments) -> None:
    assert (await client.post("/api/documents", files=[file("a.txt", bytes(FILE_BYTES))])).status_code == 202
    answer = await client.post("/api/documents", files=[file("b.md"), file("a.txt", bytes(FILE_BYTES + 1))])
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert "a.txt is larger than 20 MB" in answer.json()["message"]
    assert len(documents.added) == 1


async def test_an_unsupported_file_refuses_all_that_came_with_it(
    client: Any, documents: FakeDocuments
) -> None:
    answer = await client.post("/api/documents", files=[file("a.md"), file("b.docx")])
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    assert "b.docx" in answer.json()["message"]
    assert documents.added == []


async def test_reading_needs_an_identity_and_writing_permission(
    client: Any, documents: FakeDocuments
) -> None:
    assert (await client.get("/api/documents", headers=as_user("ben"))).status_code == 200
    refused = [
        await client.post("/api/documents", files=[file("a.md")], headers=as_user("ben")),
        await client.delete("/api/documents/d1", headers=as_user("ben")),
    ]
    assert [(each.status_code, each.json()["code"]) for each in refused] == [(403, "forbidden")] * 2
    client.cookies.clear()
    answers = [
        await client.get("/api/documents"),
        await client.get("/api/documents/d1"),
        await client.post("/api/documents", files=[file("a.md")]),
        await client.delete("/api/documents/d1"),
    ]
    assert [each.status_code for each in answers] == [401] * 4
    assert documents.added == []
    assert documents.deleted == []


async def test_the_list_says_who_may_change_it(client: Any) -> None:
    assert (await client.get("/api/documents")).headers["allow"] == "GET, POST"
    assert (await client.get("/api/documents", headers=as_user("ben"))).headers["allow"] == "GET"


async def test_a_foreign_page_adds_nothing(client: Any, documents: FakeDocuments) -> None:
    headers = {"Origin": "http://evil.example"}
    answer = await client.post("/api/documents", files=[file("a.md")], headers=headers)
    assert (answer.status_code, documents.added) == (403, [])


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("application/json", b"{}", 415),
        ("multipart/form-data", b"", 422),
        ("multipart/form-data; boundary=x", b"", 422),
        ("multipart/form-data; boundary=x", b"nonsense", 422),
        ("multipart/form-data; boundary=x", b"--x\r\nBroken\r\n\r\n", 422),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\n\r\n--x--", 422),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\ntext\r\n--x--\r\n',
            422,
        ),
    ],
)
async def test_what_is_no_form_with_files_is_refused(
    client: Any, kind: str, body: bytes, status: int
) -> None:
    answer = await client.post("/api/documents", content=body, headers={"Content-Type": kind})
    assert answer.status_code == status


async def test_too_many_files_are_refused(client: Any, documents: FakeDocuments) -> None:
    answer = await client.post("/api/documents", files=[file("a.md")] * (FILES + 1))
    assert (answer.status_code, documents.added) == (422, [])


async def test_a_server_without_room_for_the_form_says_so(
    client: Any, documents: FakeDocuments, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> object:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("starlette.formparsers.SpooledTemporaryFile", full)
    answer = await client.post("/api/documents", files=[file("a.md")])
    assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
    assert documents.added == []


async def test_the_openapi_says_how_to_upload(client: Any) -> None:
    schema = (await client.get("/openapi.json")).json()
    assert "multipart/form-data" in schema["paths"]["/api/documents"]["post"]["requestBody"]["content"]
