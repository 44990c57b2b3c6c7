"""The API's whole route table: Discord's operations, implemented here or not.

Discord's operations are listed in ``discord_operations.txt``, one method and path a line. The
ones that are not implemented have a route too, so that ``/messages/pins`` is never taken for a
message with the id ``pins``, and so that their use is logged.
"""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

from bot.playground.errors import ApiError, ErrorCode

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["OPERATIONS_FILE", "complete_routes", "discord_operations", "operation_key"]

OPERATIONS_FILE = Path(__file__).with_name("discord_operations.txt")
_PARAMETER = re.compile(r"\{[^}]*\}")
logger = logging.getLogger(__name__)


def discord_operations() -> list[tuple[str, str]]:
    """Return the method and path of every operation of Discord's API."""
    lines = OPERATIONS_FILE.read_text(encoding="utf-8").splitlines()
    return [(method, path) for method, path in (line.split(" ") for line in lines)]


def operation_key(method: str, path: str) -> tuple[str, str]:
    """Return what identifies an operation whatever its parameters are called."""
    return method, _PARAMETER.sub("{}", path)


def complete_routes(implemented: Iterable[web.RouteDef]) -> list[web.RouteDef]:
    """Return a route for every operation of Discord's and for every other method on its path.

    Args:
        implemented: the routes that the playground serves.
    """
    routes = {operation_key(route.method, route.path): route for route in implemented}
    names = {path: route.path for (_, path), route in routes.items()}
    for method, path in discord_operations():
        key = operation_key(method, path)
        if key not in routes:
            routes[key] = web.route(method, names.get(key[1], path), _not_implemented)
            names.setdefault(key[1], path)
    others = [web.route("*", path, _method_not_allowed) for path in names.values()]
    return sorted([*routes.values(), *others], key=_precedence)


def _precedence(route: web.RouteDef) -> tuple[list[tuple[bool, str]], bool]:
    """Sort fixed segments before parameters, and the catch-all after a path's methods."""
    segments = [
        (True, "") if _PARAMETER.fullmatch(part) else (False, part)
        for part in route.path.split("/")
    ]
    return segments, route.method == "*"


async def _not_implemented(request: web.Request) -> web.StreamResponse:
    resource = request.match_info.route.resource
    path = resource.canonical if resource is not None else request.path
    logger.warning("the playground does not implement %s %s", request.method, path)
    raise ApiError(ErrorCode.NOT_FOUND)


async def _method_not_allowed(request: web.Request) -> web.StreamResponse:
    raise ApiError(ErrorCode.METHOD_NOT_ALLOWED)
