"""`/api/documents`: the corpus that answers rest on."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException

from api.auth.identity import Identity
from api.core.errors import ChatError, Code
from api.documents.model import FILE_BYTES, Document, Upload, media_type_of, shown_name
from api.documents.ports import Collection
from api.doors.problems import RESPONSES
from api.doors.who import Who
from api.wire import frames, rest

PATH = "/api/documents"
FILES = 100
BROKEN_FORM = f"This form cannot be read. Send at most {FILES} files as multipart/form-data."
REQUEST_BYTES = 10 * FILE_BYTES + 1024 * 1024  # ten of the largest, and what multipart puts around them

_FORM: dict[str, Any] = {  # OpenAPI's own shape
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {
                            "type": "array",
                            "minItems": 1,
                            "items": {"type": "string", "format": "binary"},
                        }
                    },
                }
            }
        },
    }
}

_ALLOW: dict[int | str, dict[str, Any]] = {  # OpenAPI's own shape
    200: {
        "headers": {
            "Allow": {
                "description": "`GET, POST` for those who may add and delete documents, else `GET`.",
                "schema": {"type": "string"},
            }
        }
    }
}


def router(documents: Collection, who: Who, may_write: Callable[[Identity], bool]) -> APIRouter:
    """Reading needs an identity, writing also `may_write`. Uploads are read here, not by FastAPI.

    So nobody's files are taken in before it is known that they may be.
    """
    routes = APIRouter(prefix=PATH, tags=["documents"], responses=RESPONSES)
    reader = Depends(who.identity)

    async def writer(identity: Annotated[Identity, reader]) -> Identity:
        if not may_write(identity):
            raise ChatError(
                Code.FORBIDDEN, "You may not change the documents here. Ask whoever runs this server."
            )
        return identity

    @routes.get("", responses=_ALLOW)
    async def listing(identity: Annotated[Identity, reader], response: Response) -> rest.Documents:
        response.headers["Allow"] = "GET, POST" if may_write(identity) else "GET"
        return _wire(await documents.list())

    @routes.post("", status_code=202, openapi_extra=_FORM)
    async def upload(request: Request, identity: Annotated[Identity, Depends(writer)]) -> rest.Documents:
        async with _form(request) as form:
            return _wire(await documents.add(identity.user_id, _uploads(form)))

    @routes.get("/{document_id}", dependencies=[reader])
    async def one(document_id: str) -> frames.Document:
        return wire(await documents.get(document_id))

    @routes.delete("/{document_id}", status_code=204, dependencies=[Depends(writer)])
    async def delete(document_id: str) -> Response:
        await documents.delete(document_id)
        return Response(status_code=204)

    return routes


def wire(document: Document) -> frames.Document:
    """A document as REST and the `document` hint show it."""
    return frames.Document(**asdict(document))


def _wire(documents: Sequence[Document]) -> rest.Documents:
    return rest.Documents(documents=[wire(each) for each in documents])


@asynccontextmanager
async def _form(request: Request) -> AsyncIterator[FormData]:
    """The form, whose temporary files go when it is left."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise ChatError(
            Code.UNSUPPORTED_MEDIA_TYPE, "Send files as multipart/form-data, in the field `file`."
        )
    try:
        form = await request.form(max_files=FILES, max_fields=FILES)
    except HTTPException as error:  # the parser's own, with a status of its own
        raise ChatError(Code.INVALID, BROKEN_FORM) from error
    except OSError as error:  # large files wait on the disk
        raise ChatError(Code.STORAGE_UNAVAILABLE) from error
    try:
        yield form
    finally:
        await form.close()


def _uploads(form: FormData) -> Sequence[Upload]:
    """The files of the form. All are looked at before any is kept."""
    files = [each for each in form.getlist("file") if isinstance(each, UploadFile)]
    if not files:
        raise ChatError(Code.INVALID, "There is no file in this form. Send one or more in the field `file`.")
    return [_upload(each) for each in files]


def _upload(file: UploadFile) -> Upload:
    name = shown_name(file.filename or "")
    size = file.size or 0
    if size > FILE_BYTES:
        raise ChatError(Code.TOO_LARGE, f"{name} is larger than {FILE_BYTES >> 20} MB. Split it into parts.")
    kind = media_type_of(name, file.content_type or "")
    if kind is None:
        raise ChatError(
            Code.UNSUPPORTED_MEDIA_TYPE, f"{name} cannot be read. Use Markdown, plain text, HTML or PDF."
        )
    return Upload(name, kind, size, file.file)
