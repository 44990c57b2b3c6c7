"""Parse requests: JSON, form and multipart bodies (size-limited), path ids, query numbers."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from aiohttp import BodyPartReader, hdrs, web

from bot.playground.errors import ApiError, ErrorCode, invalid_form
from bot.playground.messages.message_parser import Body, Upload
from bot.playground.state.records import MIB

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.playground.state.records import Json

__all__ = [
    "HOLD_AFTER_BODY",
    "MAX_REQUEST",
    "check_snowflake",
    "integer_query",
    "path_id",
    "read_body",
    "read_json",
    "read_list",
]

HOLD_AFTER_BODY: web.RequestKey[Callable[[], Awaitable[None]]] = web.RequestKey("held")
"""Awaited after the body of a held request was read."""

MAX_REQUEST = 25 * MIB
_DRAIN_LIMIT = 128 * MIB
_FORM_TEXT = frozenset({"content", "nonce", "username", "avatar_url", "thread_name", "name"})
"""Fields of a form whose values are text; those of all others are JSON where they can be."""
_FILE_FIELD = re.compile(r"files\[(\d{1,3})\]|file(\d*)")


async def read_body(request: web.Request, *, file_limit: int = 10 * MIB) -> Body:
    """Read a JSON, form or multipart body to its end.

    Args:
        request: the request to read.
        file_limit: largest file, in bytes.

    Raises:
        ApiError: 413/40005 when a file or the body is too large; 400 when it is malformed.
    """
    if request.content_type == "application/x-www-form-urlencoded":
        return Body(payload=_parse_form(await _read_bytes(request)))
    if request.content_type != "multipart/form-data":
        return Body(payload=await read_json(request))
    maximum = max(MAX_REQUEST, file_limit)
    if (request.content_length or 0) > maximum:
        await _drain(request)
        raise ApiError(ErrorCode.REQUEST_TOO_LARGE)
    body = await _read_multipart(request, file_limit=file_limit, maximum=maximum)
    await _wait_if_held(request)
    return body


async def read_json(request: web.Request) -> Json:
    """Read a body that is one JSON object; an empty one counts as ``{}``.

    Raises:
        ApiError: 400/50109 when it is not JSON, 400/50035 when it is not an object.
    """
    found = await _read_value(request)
    if not isinstance(found, dict):
        raise _wrong_type_error("object")
    return found


async def read_list(request: web.Request) -> list[Json]:
    """Read a body that is a JSON array of objects.

    Raises:
        ApiError: 400/50109 when it is not JSON, 400/50035 when it is not such an array.
    """
    found = await _read_value(request)
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise _wrong_type_error("array")
    return found


async def _read_value(request: web.Request) -> object:
    data = await _read_bytes(request)
    return _parse_json(data) if data else {}


async def _read_bytes(request: web.Request) -> bytes:
    if (request.content_length or 0) > MAX_REQUEST:
        await _drain(request)
        raise ApiError(ErrorCode.REQUEST_TOO_LARGE)
    data = await request.read()
    await _wait_if_held(request)
    return data


async def _wait_if_held(request: web.Request) -> None:
    if (wait := request.get(HOLD_AFTER_BODY)) is not None:
        await wait()


def _parse_json(data: bytes) -> object:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise ApiError(ErrorCode.INVALID_JSON) from None


def _parse_object(data: bytes) -> Json:
    found = _parse_json(data)
    if not isinstance(found, dict):
        raise _wrong_type_error("object")
    return found


def _parse_form(data: bytes) -> Json:
    """Parse a URL-encoded form: ``payload_json``, or one field for each of the object's."""
    try:
        fields = dict(parse_qsl(data.decode(), keep_blank_values=True, errors="strict"))
    except ValueError:
        raise ApiError(ErrorCode.INVALID_FORM, errors={}) from None
    if "payload_json" in fields:
        return _parse_object(fields["payload_json"].encode())
    return {name: _form_value(name, text) for name, text in fields.items()}


def _form_value(name: str, text: str) -> object:
    if name in _FORM_TEXT:
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _wrong_type_error(wanted: str) -> ApiError:
    return invalid_form((), "MODEL_TYPE_CONVERT", f"Only {wanted}s are accepted here.")


async def _read_multipart(request: web.Request, *, file_limit: int, maximum: int) -> Body:
    payload: Json = {}
    uploads: dict[str, Upload] = {}
    total = 0
    too_large = False
    try:
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader):
                raise ApiError(ErrorCode.INVALID_FORM, errors={})
            name = part.name or ""
            data = bytearray()
            while chunk := await part.read_chunk(64 * 1024):
                total += len(chunk)
                if total > _DRAIN_LIMIT:
                    raise ApiError(ErrorCode.REQUEST_TOO_LARGE)
                # Read to the end even when the body is refused: a client that is still
                # sending would get a broken pipe instead of the response.
                if not too_large:
                    data += chunk
                    too_large = len(data) > file_limit or total > maximum
            if name == "payload_json":
                payload = _parse_object(bytes(data))
            elif (match := _FILE_FIELD.fullmatch(name)) and part.filename is not None:
                index = match[1] or match[2] or "0"
                uploads[index] = Upload(index=index, filename=part.filename, data=bytes(data))
            elif hdrs.CONTENT_TYPE not in part.headers or part.filename is None:
                payload[name] = _form_value(name, bytes(data).decode("utf-8", "replace"))
    except ValueError as error:
        raise invalid_form((), "BASE_TYPE_INVALID", f"Malformed multipart body: {error}") from None
    if too_large:
        raise ApiError(ErrorCode.REQUEST_TOO_LARGE)
    return Body(payload=payload, uploads=uploads)


async def _drain(request: web.Request) -> None:
    read = 0
    async for chunk in request.content.iter_chunked(256 * 1024):
        read += len(chunk)
        if read > _DRAIN_LIMIT:
            return


def path_id(request: web.Request, name: str) -> str:
    """Return a path parameter that must be an id.

    Raises:
        ApiError: 400/50035 when it is not an id.
    """
    return check_snowflake(name, request.match_info[name])


def check_snowflake(name: str, value: str) -> str:
    """Return the value if it has the form of an id.

    Raises:
        ApiError: 400/50035 when it does not.
    """
    if not (value.isascii() and value.isdecimal() and int(value) < 1 << 64):
        raise invalid_form((name,), "NUMBER_TYPE_COERCE", f'Value "{value}" is not snowflake.')
    return value


def integer_query(request: web.Request, name: str, default: int, minimum: int, maximum: int) -> int:
    """Return an integer query parameter.

    Raises:
        ApiError: 400/50035 when it is not a number or out of bounds.
    """
    given = request.query.get(name)
    if given is None:
        return default
    try:
        value = int(given)
    except ValueError:
        raise invalid_form((name,), "NUMBER_TYPE_COERCE", f'Value "{given}" is not int.') from None
    if value < minimum:
        raise invalid_form(
            (name,),
            "NUMBER_TYPE_MIN",
            f"int value should be greater than or equal to {minimum}.",
        )
    if value > maximum:
        raise invalid_form(
            (name,), "NUMBER_TYPE_MAX", f"int value should be less than or equal to {maximum}."
        )
    return value
