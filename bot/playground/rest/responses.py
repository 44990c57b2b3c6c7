"""JSON responses in the form that Discord sends them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from bot.playground.errors import ApiError

__all__ = ["error_response", "json_response", "no_content"]


def json_response(data: object, *, status: int = 200) -> web.Response:
    """Return a JSON response of type ``application/json``, without a charset.

    Discord's clients compare the content type for equality.
    """
    return web.Response(
        body=json.dumps(data).encode(),
        status=status,
        headers={"Content-Type": "application/json"},
    )


def no_content() -> web.Response:
    """Return an empty 204 response."""
    return web.Response(status=204)


def error_response(error: ApiError) -> web.Response:
    """Return the response for an error, with its status, body and headers."""
    response = json_response(error.body, status=error.status)
    response.headers.update(error.headers)
    return response
