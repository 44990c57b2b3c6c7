"""What every REST handler needs: who asks, path ids, and answers in Discord's form."""

from __future__ import annotations

import hmac
import json
from typing import TYPE_CHECKING

from aiohttp import web

from bot.playground.errors import ApiError, Code, invalid_form

if TYPE_CHECKING:
    from bot.playground.records import Application

__all__ = ["answer", "authenticate", "integer_query", "no_content", "refuse", "snowflake"]


def answer(data: object, *, status: int = 200) -> web.Response:
    """A JSON answer; clients compare its type with exactly ``application/json``."""
    return web.Response(
        body=json.dumps(data).encode(),
        status=status,
        headers={"Content-Type": "application/json"},
    )


def no_content() -> web.Response:
    """A 204."""
    return web.Response(status=204)


def refuse(error: ApiError) -> web.Response:
    """The error as an answer."""
    response = answer(error.body, status=error.status)
    response.headers.update(error.headers)
    return response


def authenticate(request: web.Request, application: Application) -> None:
    """Refuse a request that does not carry the bot's token.

    Raises:
        ApiError: 401.
    """
    given = request.headers.get("Authorization", "")
    if not hmac.compare_digest(given.encode(), f"Bot {application.token}".encode()):
        raise ApiError(Code.UNAUTHORIZED)


def snowflake(request: web.Request, name: str) -> str:
    """A path parameter that must be an id.

    Raises:
        ApiError: 400/50035 when it is not one.
    """
    return check_snowflake(name, request.match_info[name])


def check_snowflake(name: str, value: str) -> str:
    """The value, when it has an id's form.

    Raises:
        ApiError: 400/50035 when it has not.
    """
    if not (value.isascii() and value.isdecimal() and int(value) < 1 << 64):
        raise invalid_form((name,), "NUMBER_TYPE_COERCE", f'Value "{value}" is not snowflake.')
    return value


def integer_query(request: web.Request, name: str, default: int, least: int, most: int) -> int:
    """A number from the query.

    Raises:
        ApiError: 400/50035 when it is no number or out of bounds.
    """
    given = request.query.get(name)
    if given is None:
        return default
    try:
        value = int(given)
    except ValueError:
        raise invalid_form((name,), "NUMBER_TYPE_COERCE", f'Value "{given}" is not int.') from None
    if value < least:
        raise invalid_form(
            (name,),
            "NUMBER_TYPE_MIN",
            f"int value should be greater than or equal to {least}.",
        )
    if value > most:
        raise invalid_form(
            (name,), "NUMBER_TYPE_MAX", f"int value should be less than or equal to {most}."
        )
    return value
