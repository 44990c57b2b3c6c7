"""Faults between a bot and Discord, switched on by tests or on the page."""

from __future__ import annotations

import asyncio
import random
import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from bot.playground.errors import ApiError, ErrorCode, RateLimited

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web

    from bot.playground.state.records import Json

__all__ = ["Fault", "FaultKind", "Faults", "GatewayDrop"]


class FaultKind(StrEnum):
    """How a request is disturbed."""

    FAIL = "fail"
    """Refused with an error status, without any effect."""
    HOLD = "hold"
    """Delayed until released, then served, even if the client has gone by then."""
    LOSE_RESPONSE = "lose_response"
    """Served, but the connection breaks before the response."""


class GatewayDrop(StrEnum):
    """How the gateway drops its connections."""

    ABORT = "abort"
    """Abort the TCP connections."""
    RECONNECT = "reconnect"
    """Ask the clients to reconnect and resume (opcode 7)."""
    INVALIDATE = "invalidate"
    """Invalidate the sessions (opcode 9): clients must identify again."""


@dataclass(kw_only=True)
class Fault:
    """One rule for requests to the API and for gateway connections.

    Attributes:
        kind: how a matching request is disturbed.
        path: regular expression searched in ``METHOD /path``; None matches all.
        rate: probability (0 to 1) that a matching request is hit.
        count: remaining hits; None for no limit.
        status: HTTP status of a failure; 429 is a rate limit.
        retry_after: seconds, for a 429.
        scope: of a 429: ``user``, ``shared`` or ``global``.
        hits: requests hit so far.
        arrived: set once the first request is hit.
    """

    kind: FaultKind
    path: str | None = None
    rate: float = 1.0
    count: int | None = None
    status: int = 503
    retry_after: float = 1.0
    scope: str = "user"
    hits: int = 0
    arrived: asyncio.Event = field(default_factory=asyncio.Event, repr=False)
    _released: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    def release(self) -> None:
        """Let the held requests continue and hold no further ones."""
        self.count = 0
        self._released.set()

    async def wait(self) -> None:
        """Wait until released."""
        await self._released.wait()

    def error(self) -> ApiError:
        """Return the error for a failing request."""
        if self.status == 429:
            return RateLimited(self.retry_after, scope=self.scope)
        error = ApiError(ErrorCode.GENERAL)
        error.status = self.status
        error.body = {"message": f"{self.status}: fault injected by the playground", "code": 0}
        return error

    def describe(self) -> Json:
        """Return the rule as JSON for the page."""
        return {
            "kind": self.kind.value,
            "path": self.path,
            "rate": self.rate,
            "count": self.count,
            "status": self.status,
            "hits": self.hits,
        }


class Faults:
    """The active faults; none at first."""

    def __init__(self) -> None:
        self.rules: list[Fault] = []
        self.cdn_delay_seconds = 0.0
        self.cdn_status: int | None = None
        self.on_drop: Callable[[GatewayDrop], None] | None = None
        # Seeded, so that a failed test can be repeated with the same faults.
        self._random = random.Random(20150901)  # noqa: S311 - faults, not secrets

    def fail(
        self,
        status: int = 503,
        *,
        path: str | None = None,
        rate: float = 1.0,
        count: int | None = None,
    ) -> Fault:
        """Answer matching requests with an error status."""
        return self._add(
            Fault(kind=FaultKind.FAIL, status=status, path=path, rate=rate, count=count)
        )

    def rate_limit(
        self,
        retry_after: float,
        *,
        path: str | None = None,
        count: int | None = None,
        rate: float = 1.0,
        scope: str = "user",
    ) -> Fault:
        """Answer matching requests with 429."""
        return self._add(
            Fault(
                kind=FaultKind.FAIL,
                status=429,
                retry_after=retry_after,
                path=path,
                count=count,
                rate=rate,
                scope=scope,
            )
        )

    def hold(self, *, path: str | None = None, count: int | None = None) -> Fault:
        """Keep matching requests waiting until the returned fault is released."""
        return self._add(Fault(kind=FaultKind.HOLD, path=path, count=count))

    def lose_response(self, *, path: str | None = None, count: int | None = 1) -> Fault:
        """Serve matching requests but break the connection before the answer."""
        return self._add(Fault(kind=FaultKind.LOSE_RESPONSE, path=path, count=count))

    def drop_gateway(self, how: GatewayDrop = GatewayDrop.ABORT) -> None:
        """Drop every gateway connection now."""
        if self.on_drop is not None:
            self.on_drop(how)

    def clear(self) -> None:
        """Switch all faults off and release held requests."""
        for rule in self.rules:
            rule.release()
        self.rules.clear()
        self.cdn_delay_seconds = 0.0
        self.cdn_status = None

    def match(self, request: web.Request) -> Fault | None:
        """Return the fault to apply to this request and count it as a hit; None without a match."""
        line = f"{request.method} {request.path}"
        for rule in self.rules:
            if rule.count == 0 or (rule.path is not None and not re.search(rule.path, line)):
                continue
            if self._random.random() >= rule.rate:
                continue
            rule.hits += 1
            rule.arrived.set()
            if rule.count is not None:
                rule.count -= 1
            return rule
        return None

    async def apply_to_cdn(self) -> None:
        """Delay or refuse a download, as configured.

        Raises:
            ApiError: downloads are failing.
        """
        if self.cdn_delay_seconds > 0:
            await asyncio.sleep(self.cdn_delay_seconds)
        if self.cdn_status is not None:
            raise Fault(kind=FaultKind.FAIL, status=self.cdn_status).error()

    def apply(self, wanted: Json) -> None:
        """Switch faults on and off as the page's JSON asks.

        Keys: ``clear``, ``drop_gateway`` (true or a `GatewayDrop`), ``http_5xx`` and ``hold``
        and ``lose_response`` (objects with ``rate``, ``count``, ``path``, ``status``),
        ``rate_limit`` (also ``retry_after`` and ``scope``), ``slow_cdn`` (``seconds``),
        ``broken_cdn`` (``status``).

        Raises:
            ValueError, TypeError: a value does not fit its key.
        """
        if wanted.get("clear"):
            self.clear()
        if drop := wanted.get("drop_gateway"):
            self.drop_gateway(GatewayDrop.ABORT if drop is True else GatewayDrop(drop))
        for key, kind in (
            ("http_5xx", FaultKind.FAIL),
            ("rate_limit", FaultKind.FAIL),
            ("hold", FaultKind.HOLD),
            ("lose_response", FaultKind.LOSE_RESPONSE),
        ):
            if key not in wanted:
                continue
            options = dict(wanted[key] or {})
            if key == "rate_limit":
                options["status"] = 429
            if options.get("path") is not None:
                re.compile(options["path"])
            self._add(Fault(kind=kind, **options))
        if "slow_cdn" in wanted:
            self.cdn_delay_seconds = float((wanted["slow_cdn"] or {}).get("seconds", 0))
        if "broken_cdn" in wanted:
            status = (wanted["broken_cdn"] or {}).get("status")
            self.cdn_status = None if status is None else int(status)

    def describe(self) -> Json:
        """Return the active faults as JSON for the page."""
        return {
            "rules": [rule.describe() for rule in self.rules if rule.count != 0],
            "slow_cdn": {"seconds": self.cdn_delay_seconds},
            "broken_cdn": {"status": self.cdn_status},
        }

    def _add(self, rule: Fault) -> Fault:
        self.rules.append(rule)
        return rule
