"""Health and metrics over HTTP: ``/healthz``, ``/readyz``, ``/metrics``.

A web page can make a browser on this machine or network send requests here under a name of its own
that resolves to this address. So only hosts that are meant are answered.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
from typing import TYPE_CHECKING, Final

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from bot.errors import ConfigurationError, StyleBotError
from bot.ops import metrics

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping

    Check = Callable[[], Awaitable[None]]

__all__ = ["HealthServer"]

logger = logging.getLogger(__name__)

CHECK_SECONDS: Final = 5.0


class HealthServer:
    """An HTTP server for liveness, readiness and metrics.

    ``/healthz`` answers 200 while the event loop runs. ``/readyz`` answers 200 if every check
    passes, else 503 with the result of each check. ``/metrics`` is for Prometheus. Requests for
    other hosts than this machine's address, the loopback and `allowed_hosts` are answered 421.

    Args:
        host: address to listen on.
        port: port to listen on; 0 for any free port.
        checks: by name; a check fails if it raises or takes longer than 5 s.
        refresh: called before metrics are served, to update gauges.
        allowed_hosts: names by which it may be reached, in lower case and without port.
    """

    def __init__(
        self,
        host: str,
        port: int,
        checks: Mapping[str, Check],
        *,
        refresh: Check | None = None,
        allowed_hosts: Collection[str] = (),
    ) -> None:
        self._host = host
        self._port = port
        self._checks = checks
        self._refresh = refresh
        self._allowed_hosts = {"localhost", host.lower(), *allowed_hosts}
        self._runner: web.AppRunner | None = None
        self._problems: dict[str, str | None] = {}

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
        app = web.Application(middlewares=[self._check_host])
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

    @web.middleware
    async def _check_host(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Answer only requests whose `Host` is meant.

        Raises:
            HTTPMisdirectedRequest: it is another one.
        """
        host = _without_port(request.host)
        own = request.transport.get_extra_info("sockname") if request.transport else None
        if host in self._allowed_hosts or _is_loopback(host) or (own and host == own[0]):
            return await handler(request)
        raise web.HTTPMisdirectedRequest(text="STYLEBOT_HEALTH_HOSTS does not name this host.\n")

    async def _healthz(self, _request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def _readyz(self, _request: web.Request) -> web.Response:
        problems = await self._run_checks()
        is_ready = not any(problems.values())
        return web.json_response(
            {
                "status": "ok" if is_ready else "not ready",
                "checks": {name: problem or "ok" for name, problem in problems.items()},
            },
            status=200 if is_ready else 503,
        )

    async def _metrics(self, _request: web.Request) -> web.Response:
        for name, problem in (await self._run_checks()).items():
            metrics.READY.labels(name).set(problem is None)
        if self._refresh is not None:
            await self._find_problem("metrics", self._refresh)
        return web.Response(
            body=generate_latest(metrics.REGISTRY), headers={"Content-Type": CONTENT_TYPE_LATEST}
        )

    async def _run_checks(self) -> dict[str, str | None]:
        """Return why each check fails, None if it passes."""
        problems = await asyncio.gather(
            *(self._find_problem(name, check) for name, check in self._checks.items())
        )
        return dict(zip(self._checks, problems, strict=True))

    async def _find_problem(self, name: str, check: Check) -> str | None:
        """Return why a check fails, None if it passes; log when that changes.

        Only the bot's own errors are quoted, by their first line; others are in the log alone.
        """
        problem, details = None, "passes again"
        try:
            await asyncio.wait_for(check(), CHECK_SECONDS)
        except TimeoutError:
            problem = details = f"no answer within {CHECK_SECONDS:g} s"
        except Exception as error:  # a check may raise anything
            is_own = isinstance(error, StyleBotError) and str(error)
            problem = str(error).splitlines()[0] if is_own else type(error).__name__
            details = f"{type(error).__name__}: {error}"
        if problem != self._problems.get(name):
            self._problems[name] = problem
            logger.log(logging.WARNING if problem else logging.INFO, "check %s: %s", name, details)
        return problem


def _without_port(host: str) -> str:
    """Return the host of a `Host` header in lower case, an IPv6 address without its brackets."""
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() else host
    return name.removeprefix("[").removesuffix("]").removesuffix(".").lower()


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
