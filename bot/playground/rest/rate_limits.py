"""Rate limits: a bucket per route and major parameter, and a global one.

Discord publishes no figures and may change them; these are the ones that bots observe.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass

from bot.playground.errors import RateLimited

__all__ = ["GLOBAL_PER_SECOND", "RateLimiter"]

GLOBAL_PER_SECOND = 50

_RULES: dict[tuple[str, str], tuple[str, int, float]] = {
    # (method, route): (name of the bucket, requests, seconds); `*` is any method
    ("POST", "/channels/{channel_id}/messages"): ("message-create", 5, 5.0),
    ("PATCH", "/channels/{channel_id}/messages/{message_id}"): ("message-edit", 5, 5.0),
    ("DELETE", "/channels/{channel_id}/messages/{message_id}"): ("message-delete", 5, 1.0),
    ("*", "/channels/{channel_id}/messages/{message_id}/reactions/{emoji}/@me"): (
        "reaction",
        1,
        0.25,
    ),
    ("*", "/channels/{channel_id}/messages/{message_id}/reactions/{emoji}/{user_id}"): (
        "reaction",
        1,
        0.25,
    ),
    ("POST", "/channels/{channel_id}/typing"): ("typing", 5, 5.0),
    ("*", "/webhooks/{application_id}/{token}"): ("webhook", 5, 2.0),
    ("*", "/webhooks/{application_id}/{token}/messages/{message_id}"): ("webhook", 5, 2.0),
    ("*", "/webhooks/{application_id}/{token}/messages/@original"): ("webhook", 5, 2.0),
}
_DEFAULT = (20, 1.0)
_MAJOR = ("channel_id", "guild_id", "token")
_UNLIMITED = "/interactions/"


@dataclass
class _Bucket:
    limit: int
    window: float
    remaining: int
    resets_at: float


class RateLimiter:
    """Counts requests; ``scale`` multiplies the limits, 0 disables them."""

    def __init__(self, scale: float = 1.0) -> None:
        self.scale = scale
        self._buckets: dict[tuple[str, str], _Bucket] = {}
        self._second = 0
        self._in_second = 0

    def count(self, method: str, route: str, parameters: dict[str, str]) -> dict[str, str]:
        """Count one request and return the rate-limit headers of its bucket.

        Args:
            method: the HTTP method.
            route: the pattern of the path, relative to the API's base path.
            parameters: the values of the pattern's parameters.

        Raises:
            RateLimited: the bucket or the global one is empty.
        """
        if self.scale <= 0 or route.startswith(_UNLIMITED):
            return {}
        now = time.monotonic()
        if not route.startswith("/webhooks/"):
            self._count_global(now)
        name, limit, window = _rule(method, route)
        major = next((parameters[key] for key in _MAJOR if key in parameters), "")
        bucket = self._buckets.get((name, major))
        if bucket is None or bucket.resets_at <= now:
            allowed = max(1, round(limit * self.scale))
            bucket = _Bucket(allowed, window, allowed, now + window)
            self._buckets[name, major] = bucket
            self._remove_expired(now)
        if bucket.remaining == 0:
            refused = RateLimited(bucket.resets_at - now)
            refused.headers |= self._headers(name, bucket, now)
            raise refused
        bucket.remaining -= 1
        return self._headers(name, bucket, now)

    def headers_when_empty(self, method: str, route: str, retry_after: float) -> dict[str, str]:
        """Return the headers of a route's bucket that is empty for ``retry_after`` seconds.

        Args:
            method: the HTTP method.
            route: the pattern of the path, relative to the API's base path.
            retry_after: seconds until the bucket is filled again.
        """
        name, limit, window = _rule(method, route)
        now = time.monotonic()
        return self._headers(name, _Bucket(limit, window, 0, now + retry_after), now)

    def _count_global(self, now: float) -> None:
        second = int(now)
        if second != self._second:
            self._second, self._in_second = second, 0
        self._in_second += 1
        if self._in_second > GLOBAL_PER_SECOND * self.scale:
            raise RateLimited(second + 1 - now, scope="global")

    def _remove_expired(self, now: float) -> None:
        if len(self._buckets) > 1000:
            self._buckets = {k: b for k, b in self._buckets.items() if b.resets_at > now}

    @staticmethod
    def _headers(name: str, bucket: _Bucket, now: float) -> dict[str, str]:
        after = max(0.0, bucket.resets_at - now)
        return {
            "X-RateLimit-Limit": str(bucket.limit),
            "X-RateLimit-Remaining": str(bucket.remaining),
            "X-RateLimit-Reset": f"{time.time() + after:.3f}",
            "X-RateLimit-Reset-After": f"{after:.3f}",
            "X-RateLimit-Bucket": hashlib.sha256(name.encode()).hexdigest()[:32],
        }


def _rule(method: str, route: str) -> tuple[str, int, float]:
    """Return a route's bucket: its name, and how many requests it allows in how many seconds."""
    return (
        _RULES.get((method, route)) or _RULES.get(("*", route)) or (f"{method} {route}", *_DEFAULT)
    )
