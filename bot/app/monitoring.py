"""The health endpoint of the bot: what makes it ready, and the gauges read at each scrape."""

from __future__ import annotations

import asyncio
import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bot.errors import ConfigurationError, StyleBotError, WorkerDiedError
from bot.ops import metrics
from bot.ops.health import HealthServer

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.app.composition import Components
    from bot.settings import Settings

__all__ = ["health_server"]

WORKER_SECONDS = 0.5
"""How long a readiness check waits for a worker."""


def health_server(
    settings: Settings, port: int, components: Components, *, discord_problem: Callable[[], str]
) -> HealthServer:
    """Build the endpoint, not started yet.

    Args:
        settings: the operator's settings.
        port: to listen on; 0 for any free one.
        components: what is checked and measured.
        discord_problem: returns why the bot is not connected to Discord; empty if it is.
    """
    store, executor = components.dependencies.store, components.executor

    async def check_discord() -> None:
        if problem := discord_problem():
            raise StyleBotError(problem)

    async def check_workers() -> None:
        try:
            await executor.ready(timeout=WORKER_SECONDS)
        except ConfigurationError:
            raise
        except WorkerDiedError as error:
            raise StyleBotError("no worker is ready; queued jobs wait") from error

    async def refresh() -> None:
        await _measure_disk(settings, components)
        await _count_jobs_and_deliveries(components)

    return HealthServer(
        settings.health_host,
        port,
        {"discord": check_discord, "database": store.ping, "workers": check_workers},
        refresh=refresh,
        allowed_hosts=settings.health_hosts,
    )


async def _measure_disk(settings: Settings, components: Components) -> None:
    usage = await asyncio.to_thread(shutil.disk_usage, settings.data_dir)
    metrics.FREE_DISK.labels("data").set(usage.free)
    free = await components.dependencies.artefacts.free_bytes()
    if free is not None:  # object storage has no limit
        metrics.FREE_DISK.labels("pictures").set(free)


async def _count_jobs_and_deliveries(components: Components) -> None:
    """Update the gauges that are read from the database.

    Raises:
        StoreUnavailableError: it cannot be reached.
    """
    store = components.dependencies.store
    for state, number in (await store.count_by_state()).items():
        metrics.JOBS.labels(state.value).set(number)
    backlog = await store.outbox.get_backlog()
    metrics.DELIVERIES_PENDING.set(backlog.pending)
    age = 0.0
    if backlog.oldest_at is not None:
        age = max(0.0, (datetime.now(UTC) - backlog.oldest_at).total_seconds())
    metrics.OLDEST_DELIVERY.set(age)
