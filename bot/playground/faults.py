"""Weather: what can go wrong between a bot and Discord, switched on per test or by hand."""

from __future__ import annotations

import asyncio
import random
import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from bot.playground.errors import ApiError, Code, RateLimited

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web

    from bot.playground.records import Json

__all__ = ["Drop", "Fault", "Faults", "Kind"]


class Kind(StrEnum):
    """What befalls a request."""

    FAIL = "fail"
    """Answered with an error; nothing is done."""
    HOLD = "hold"
    """Kept waiting until released, then served, even if whoever sent it is gone by then."""
    LOSE_ANSWER = "lose_answer"
    """Served, but the connection breaks before the answer: the client cannot know."""


class Drop(StrEnum):
    """How the gateway lets go of its connections."""

    ABORT = "abort"
    """The line goes dead without a word."""
    RECONNECT = "reconnect"
    """The server asks politely (opcode 7) to come back and resume."""
    INVALIDATE = "invalidate"
    """The session is over (opcode 9): identify anew."""


@dataclass(kw_only=True)
class Fault:
    """One rule over requests to the API and the gateway's door.

    Attributes:
        kind: what befalls a request that matches.
        path: regular expression searched in ``METHOD /path``; None matches all.
        rate: chance from 0 to 1 that a matching request is hit.
        count: hits left before the rule has spent itself; None for no end.
        status: HTTP status of a failure; 429 is a rate limit.
        retry_after: seconds a 429 asks for.
        scope: of a 429: ``user``, ``shared`` or ``global``.
        hits: requests hit so far.
        arrived: set once the first request is hit.
    """

    kind: Kind
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
        """Let the held requests go on, and hold no more."""
        self.count = 0
        self._released.set()

    async def wait(self) -> None:
        """Wait until released."""
        await self._released.wait()

    def refusal(self) -> ApiError:
        """The error a failing request is answered with."""
        if self.status == 429:
            return RateLimited(self.retry_after, scope=self.scope)
        error = ApiError(Code.GENERAL)
        error.status = self.status
        error.body = {"message": f"{self.status}: the playground's weather is bad", "code": 0}
        return error

    def describe(self) -> Json:
        """The rule as the page shows it."""
        return {
            "kind": self.kind.value,
            "path": self.path,
            "rate": self.rate,
            "count": self.count,
            "status": self.status,
            "hits": self.hits,
        }


class Faults:
    """The faults that are switched on; none at first."""

    def __init__(self) -> None:
        self.rules: list[Fault] = []
        self.cdn_delay_seconds = 0.0
        self.cdn_status: int | None = None
        self.on_drop: Callable[[Drop], None] | None = None
        # Seeded: a test that failed on a bad day can be run again on the same one.
        self._random = random.Random(20150901)  # noqa: S311 - weather, not secrets

    def fail(
        self,
        status: int = 503,
        *,
        path: str | None = None,
        rate: float = 1.0,
        count: int | None = None,
    ) -> Fault:
        """Answer matching requests with an error status."""
        return self._add(Fault(kind=Kind.FAIL, status=status, path=path, rate=rate, count=count))

    def rate_limit(
        self,
        retry_after: float,
        *,
        path: str | None = None,
        count: int | None = None,
        rate: float = 1.0,
        scope: str = "user",
    ) -> Fault:
        """A storm of 429s over matching requests."""
        return self._add(
            Fault(
                kind=Kind.FAIL,
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
        return self._add(Fault(kind=Kind.HOLD, path=path, count=count))

    def lose_answer(self, *, path: str | None = None, count: int | None = 1) -> Fault:
        """Serve matching requests but break the connection before the answer."""
        return self._add(Fault(kind=Kind.LOSE_ANSWER, path=path, count=count))

    def drop_gateway(self, how: Drop = Drop.ABORT) -> None:
        """Cut every gateway connection now."""
        if self.on_drop is not None:
            self.on_drop(how)

    def clear(self) -> None:
        """Fair weather again: held requests go on, everything else is forgotten."""
        for rule in self.rules:
            rule.release()
        self.rules.clear()
        self.cdn_delay_seconds = 0.0
        self.cdn_status = None

    def pick(self, request: web.Request) -> Fault | None:
        """The fault that befalls this request, counted as a hit; None in fair weather."""
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

    async def before_cdn(self) -> None:
        """Delay or refuse a download, as the weather is.

        Raises:
            ApiError: downloads are failing.
        """
        if self.cdn_delay_seconds > 0:
            await asyncio.sleep(self.cdn_delay_seconds)
        if self.cdn_status is not None:
            raise Fault(kind=Kind.FAIL, status=self.cdn_status).refusal()

    def apply(self, wanted: Json) -> None:
        """Switch faults on and off by the page's JSON.

        Keys: ``clear``, ``drop_gateway`` (true or a way to drop), ``http_5xx`` and ``hold``
        and ``lose_answer`` (objects with ``rate``, ``count``, ``path``, ``status``),
        ``rate_limit`` (also ``retry_after`` and ``scope``), ``slow_cdn`` (``seconds``),
        ``broken_cdn`` (``status``).

        Raises:
            ValueError, TypeError: a value is not what its key needs.
        """
        if wanted.get("clear"):
            self.clear()
        if drop := wanted.get("drop_gateway"):
            self.drop_gateway(Drop.ABORT if drop is True else Drop(drop))
        for key, kind in (
            ("http_5xx", Kind.FAIL),
            ("rate_limit", Kind.FAIL),
            ("hold", Kind.HOLD),
            ("lose_answer", Kind.LOSE_ANSWER),
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
        """What is switched on, as the page shows it."""
        return {
            "rules": [rule.describe() for rule in self.rules if rule.count != 0],
            "slow_cdn": {"seconds": self.cdn_delay_seconds},
            "broken_cdn": {"status": self.cdn_status},
        }

    def _add(self, rule: Fault) -> Fault:
        self.rules.append(rule)
        return rule
