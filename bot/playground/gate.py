"""Every request passes here: who may speak to the playground at all, weather, token, limits."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aiohttp import web

from bot.playground.bodies import HELD
from bot.playground.errors import ApiError, Code
from bot.playground.faults import Kind
from bot.playground.rest import authenticate, refuse

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.playground.faults import Fault, Faults
    from bot.playground.limits import Limits
    from bot.playground.state import State

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

__all__ = ["Gate"]

API = "/api/v10"
_LOCAL_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})
logger = logging.getLogger(__name__)


class Gate:
    """The middlewares of the playground's server."""

    def __init__(self, state: State, faults: Faults, limits: Limits) -> None:
        self._state = state
        self._faults = faults
        self._limits = limits

    @web.middleware
    async def local_only(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse requests that another site makes a browser send (DNS rebinding, forgery)."""
        if not _is_local(f"//{request.headers.get('Host', '')}"):
            return web.Response(status=421, text="This is a local playground.")
        origin = request.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc != request.headers["Host"]:
            return web.Response(status=403, text="Only the playground's own page may do that.")
        try:
            return await handler(request)
        except ApiError as error:
            return refuse(error)

    @web.middleware
    async def weather(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let the faults that are switched on befall the request."""
        fault = self._faults.pick(request)
        if fault is None:
            return await handler(request)
        return await self._befall(fault, request, handler)

    @web.middleware
    async def discord(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Check the token and the rate limits, and answer refusals in Discord's shape."""
        headers: dict[str, str] = {}
        try:
            headers, response = await self._admit(request, handler)
        except ApiError as error:
            response = refuse(error)
        except web.HTTPException as error:
            response = refuse(_translated(error))
        except ConnectionResetError as error:
            logger.debug("%s %s broke off: %s", request.method, request.path, error)
            response = refuse(ApiError(Code.GENERAL))
        except Exception:
            logger.exception("%s %s failed", request.method, request.path)
            response = refuse(ApiError(Code.GENERAL))
        if not response.prepared:
            response.headers.update(headers)
        return response

    async def _admit(
        self, request: web.Request, handler: Handler
    ) -> tuple[dict[str, str], web.StreamResponse]:
        resource = request.match_info.route.resource
        if resource is None:  # no such route: the handler raises what it is
            return {}, await handler(request)
        route = resource.canonical.removeprefix(API)
        if not route.startswith(("/interactions/", "/webhooks/")):
            authenticate(request, self._state.application)
        headers = self._limits.count(request.method, route, dict(request.match_info))
        try:
            return headers, await handler(request)
        except ApiError as error:
            error.headers = headers | error.headers
            raise

    async def _befall(
        self, fault: Fault, request: web.Request, handler: Handler
    ) -> web.StreamResponse:
        if fault.kind is Kind.FAIL:
            await request.read()
            return refuse(fault.refusal())
        if fault.kind is Kind.HOLD:
            if request.body_exists:
                # Taken off the wire first: it takes effect even if its sender dies meanwhile.
                request[HELD] = fault.wait
            else:
                await fault.wait()
            return await handler(request)
        response = await handler(request)
        if request.transport is not None:
            request.transport.abort()
        return response


def _is_local(url: str) -> bool:
    try:
        return urlsplit(url).hostname in _LOCAL_NAMES
    except ValueError:
        return False


def _translated(error: web.HTTPException) -> ApiError:
    """The refusals of aiohttp itself in Discord's words."""
    code = {
        404: Code.NOT_FOUND,
        405: Code.METHOD_NOT_ALLOWED,
        413: Code.REQUEST_TOO_LARGE,
    }.get(error.status, Code.INVALID_FORM)
    return ApiError(code)
