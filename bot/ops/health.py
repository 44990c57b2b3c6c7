"""Health and metrics over HTTP: ``/healthz``, ``/readyz``, ``/metrics``."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from bot.errors import ConfigurationError
from bot.ops import metrics

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    Check = Callable[[], Awaitable[None]]

__all__ = ["HealthServer"]

logger = logging.getLogger(__name__)

CHECK_SECONDS: Final = 5.0


class HealthServer:
    """An HTTP server for liveness, readiness and metrics.

    ``/healthz`` answers 200 while the event loop runs. ``/readyz`` answers 200 if every check
    passes, else 503 with the result of each check. ``/metrics`` is for Prometheus.

    Args:
        host: address to listen on.
        port: port to listen on; 0 for any free port.
        checks: by name; a check fails if it raises or takes longer than 5 s.
        refresh: called before metrics are served, to update gauges.
    """

    def __init__(
        self,
        host: str,
        port: int,
        checks: Mapping[str, Check],
        *,
        refresh: Check | None = None,
    ) -> None:
        self._host = host
        self._port = port
        self._checks = checks
        self._refresh = refresh
        self._runner: web.AppRunner | None = None

    @property
    def port(self) -> int:
        """The port that it listens on, once started."""
        if self._runner is None or not self._runner.addresses:
            return self._port
        port: int = self._runner.addresses[0][1]
        return port

    async def start(self) -> None:
        """Start to listen.

        Raises:
            ConfigurationError: the port is in use, or the address is not one of this machine.
        """
        app = web.Application()
        app.add_routes(
            [
                web.get("/healthz", self._healthz),
                web.get("/readyz", self._readyz),
                web.get("/metrics", self._metrics),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
        except OSError as error:
            await self.close()
            msg = (
                f"STYLEBOT_HEALTH_HOST and STYLEBOT_HEALTH_PORT: cannot listen on "
                f"{self._host}:{self._port}: {error.strerror}"
            )
            raise ConfigurationError(msg) from error
        logger.info("health and metrics on http://%s:%d", self._host, self.port)

    async def close(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _healthz(self, _request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def _readyz(self, _request: web.Request) -> web.Response:
        passed = await asyncio.gather(*(_check_passes(*named) for named in self._checks.items()))
        results = dict(zip(self._checks, passed, strict=True))
        ready = all(results.values())
        return web.json_response(
            {"status": "ok" if ready else "not ready", "checks": results},
            status=200 if ready else 503,
        )

    async def _metrics(self, _request: web.Request) -> web.Response:
        if self._refresh is not None:
            await _check_passes("metrics", self._refresh)
        return web.Response(
            body=generate_latest(metrics.REGISTRY), headers={"Content-Type": CONTENT_TYPE_LATEST}
        )


async def _check_passes(name: str, check: Check) -> bool:
    """Return whether a check passes; the error is logged, and not sent to the client."""
    try:
        await asyncio.wait_for(check(), CHECK_SECONDS)
    except Exception as error:  # a check may raise anything
        logger.warning("check %s: %s: %s", name, type(error).__name__, error)
        return False
    return True
