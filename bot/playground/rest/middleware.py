"""Middlewares of every request: local access only, faults, token and rate limits."""

from __future__ import annotations

import hmac
import logging
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aiohttp import web

from bot.playground.errors import ApiError, ErrorCode, RateLimited
from bot.playground.faults import FaultKind
from bot.playground.rest.request_parsing import HOLD_AFTER_BODY
from bot.playground.rest.responses import error_response

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.playground.faults import Fault, Faults
    from bot.playground.rest.rate_limits import RateLimiter
    from bot.playground.state.records import Application
    from bot.playground.state.state import State

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

__all__ = ["Middlewares"]

API_PREFIXES = ("/api/v10", "/api/v9")
_ANY_PREFIX = re.compile(r"^/api/v\d+")
_PUBLIC = ("/interactions/", "/webhooks/{application_id}/{token}")
_LOCAL_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})
logger = logging.getLogger(__name__)


class Middlewares:
    """The middlewares of the playground's server."""

    def __init__(self, state: State, faults: Faults, limits: RateLimiter) -> None:
        self._state = state
        self._faults = faults
        self._rate_limiter = limits

    @web.middleware
    async def local_only(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse requests from other sites' pages (DNS rebinding, request forgery)."""
        if not _is_local(f"//{request.headers.get('Host', '')}"):
            return web.Response(status=421, text="This is a local playground.")
        origin = request.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc != request.headers["Host"]:
            return web.Response(status=403, text="Only the playground's own page may do that.")
        try:
            return await handler(request)
        except ApiError as error:
            return error_response(error)

    @web.middleware
    async def apply_faults(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Apply a matching fault to the request."""
        fault = self._faults.match(request)
        if fault is None:
            return await handler(request)
        return await self._apply_fault(fault, request, handler)

    @web.middleware
    async def enforce_api_rules(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Check the token and rate limits; return errors in Discord's format."""
        headers: dict[str, str] = {}
        try:
            headers, response = await self._authorize_and_handle(request, handler)
        except ApiError as error:
            response = error_response(error)
        except web.HTTPException as error:
            response = error_response(_to_api_error(error))
        except ConnectionResetError as error:
            logger.debug("%s %s was disconnected: %s", request.method, request.path, error)
            response = error_response(ApiError(ErrorCode.GENERAL))
        except Exception:
            logger.exception("%s %s failed", request.method, request.path)
            response = error_response(ApiError(ErrorCode.GENERAL))
        if not response.prepared:
            response.headers.update(headers)
        return response

    async def _authorize_and_handle(
        self, request: web.Request, handler: Handler
    ) -> tuple[dict[str, str], web.StreamResponse]:
        resource = request.match_info.route.resource
        if resource is None:  # no such route: the handler raises the error
            return {}, await handler(request)
        route = _route_of(request)
        if route != "/gateway" and not route.startswith(_PUBLIC):
            _check_token(request, self._state.application)
            self._check_outage(request)
        headers = self._rate_limiter.count(request.method, route, dict(request.match_info))
        try:
            return headers, await handler(request)
        except ApiError as error:
            error.headers = headers | error.headers
            raise

    def _check_outage(self, request: web.Request) -> None:
        """Refuse a request about a guild that has an outage.

        Raises:
            ApiError: 503.
        """
        path = request.match_info
        channel = self._state.channels.get(path.get("channel_id", ""))
        guild_id = path.get("guild_id") or (channel.guild_id if channel else None)
        guild = self._state.guilds.get(guild_id or "")
        if guild is not None and guild.unavailable:
            raise ApiError(ErrorCode.UNAVAILABLE)

    async def _apply_fault(
        self, fault: Fault, request: web.Request, handler: Handler
    ) -> web.StreamResponse:
        if fault.kind is FaultKind.FAIL:
            await request.read()
            error = fault.error()
            if isinstance(error, RateLimited) and not error.is_global:
                error.headers |= self._rate_limiter.headers_when_empty(
                    request.method, _route_of(request), fault.retry_after
                )
            return error_response(error)
        if fault.kind is FaultKind.HOLD:
            if request.body_exists:
                # The body is read first, so that it takes effect even if the client dies.
                request[HOLD_AFTER_BODY] = fault.wait
            else:
                await fault.wait()
            return await handler(request)
        response = await handler(request)
        if request.transport is not None:
            request.transport.abort()
        return response


def _route_of(request: web.Request) -> str:
    """Return the pattern of the request's path, relative to the API's base path."""
    resource = request.match_info.route.resource
    return _ANY_PREFIX.sub("", resource.canonical if resource is not None else request.path)


def _check_token(request: web.Request, application: Application) -> None:
    """Refuse a request without the bot's token.

    Raises:
        ApiError: 401.
    """
    given = request.headers.get("Authorization", "")
    if not hmac.compare_digest(given.encode(), f"Bot {application.token}".encode()):
        raise ApiError(ErrorCode.UNAUTHORIZED)


def _is_local(url: str) -> bool:
    try:
        return urlsplit(url).hostname in _LOCAL_NAMES
    except ValueError:
        return False


def _to_api_error(error: web.HTTPException) -> ApiError:
    """Convert an aiohttp error to Discord's."""
    code = {
        404: ErrorCode.NOT_FOUND,
        405: ErrorCode.METHOD_NOT_ALLOWED,
        413: ErrorCode.REQUEST_TOO_LARGE,
    }.get(error.status, ErrorCode.INVALID_FORM)
    return ApiError(code)
