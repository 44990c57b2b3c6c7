"""Request bodies: JSON, or multipart with ``payload_json`` and ``files[n]``; sizes capped."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiohttp import BodyPartReader, hdrs, web

from bot.playground.errors import ApiError, Code, invalid_form

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.playground.records import Json

__all__ = ["HELD", "Body", "Upload", "read_body", "read_json", "read_list"]

HELD: web.RequestKey[Callable[[], Awaitable[None]]] = web.RequestKey("held")
"""What to await once a request's body is read, where the weather holds it up."""

MIB = 1024 * 1024
MAX_REQUEST = 25 * MIB
MAX_FILES = 10
_DRAIN_LIMIT = 128 * MIB
_FILE_FIELD = re.compile(r"files\[(\d{1,3})\]|file(\d*)")


@dataclass(frozen=True, kw_only=True)
class Upload:
    """One uploaded file as it came."""

    index: str
    filename: str
    data: bytes


@dataclass(frozen=True, kw_only=True)
class Body:
    """A request's JSON payload and the files beside it, by their index."""

    payload: Json
    uploads: dict[str, Upload] = field(default_factory=dict)


async def read_body(request: web.Request, *, file_limit: int = 10 * MIB) -> Body:
    """Read a JSON or multipart body whole.

    Args:
        request: whose body.
        file_limit: largest file, in bytes.

    Raises:
        ApiError: 413/40005 when a file or the whole is too large; 400 when it is malformed.
    """
    if request.content_type != "multipart/form-data":
        return Body(payload=await read_json(request))
    most = max(MAX_REQUEST, file_limit)
    if (request.content_length or 0) > most:
        await _drain(request)
        raise ApiError(Code.REQUEST_TOO_LARGE)
    body = await _read_multipart(request, file_limit=file_limit, most=most)
    await _let_through(request)
    return body


async def read_json(request: web.Request) -> Json:
    """Read a body that is one JSON object; an empty one counts as ``{}``.

    Raises:
        ApiError: 400/50109 when it is not JSON, 400/50035 when it is not an object.
    """
    found = await _read_any(request)
    if not isinstance(found, dict):
        raise _wrong_type("object")
    return found


async def read_list(request: web.Request) -> list[Json]:
    """Read a body that is a JSON array of objects.

    Raises:
        ApiError: 400/50109 when it is not JSON, 400/50035 when it is not such an array.
    """
    found = await _read_any(request)
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise _wrong_type("array")
    return found


async def _read_any(request: web.Request) -> object:
    if (request.content_length or 0) > MAX_REQUEST:
        await _drain(request)
        raise ApiError(Code.REQUEST_TOO_LARGE)
    data = await request.read()
    await _let_through(request)
    if not data:
        return {}
    return _parse(data)


async def _let_through(request: web.Request) -> None:
    if (wait := request.get(HELD)) is not None:
        await wait()


def _parse(data: bytes) -> object:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise ApiError(Code.INVALID_JSON) from None


def _wrong_type(wanted: str) -> ApiError:
    return invalid_form((), "MODEL_TYPE_CONVERT", f"Only {wanted}s are accepted here.")


async def _read_multipart(request: web.Request, *, file_limit: int, most: int) -> Body:
    payload: Json = {}
    uploads: dict[str, Upload] = {}
    total = 0
    too_large = False
    try:
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader):
                raise ApiError(Code.INVALID_FORM, errors={})
            name = part.name or ""
            data = bytearray()
            while chunk := await part.read_chunk(64 * 1024):
                total += len(chunk)
                if total > _DRAIN_LIMIT:
                    raise ApiError(Code.REQUEST_TOO_LARGE)
                # Read to the end even when refused: a client that is still sending
                # would see a broken pipe instead of the answer.
                if not too_large:
                    data += chunk
                    too_large = len(data) > file_limit or total > most
            if name == "payload_json":
                found = _parse(bytes(data))
                if not isinstance(found, dict):
                    raise _wrong_type("object")
                payload = found
            elif (match := _FILE_FIELD.fullmatch(name)) and part.filename is not None:
                index = match[1] or match[2] or "0"
                uploads[index] = Upload(index=index, filename=part.filename, data=bytes(data))
            elif hdrs.CONTENT_TYPE not in part.headers or part.filename is None:
                payload[name] = bytes(data).decode("utf-8", "replace")
    except ValueError as error:
        raise invalid_form((), "BASE_TYPE_INVALID", f"Malformed multipart body: {error}") from None
    if too_large:
        raise ApiError(Code.REQUEST_TOO_LARGE)
    return Body(payload=payload, uploads=uploads)


async def _drain(request: web.Request) -> None:
    read = 0
    async for chunk in request.content.iter_chunked(256 * 1024):
        read += len(chunk)
        if read > _DRAIN_LIMIT:
            return
