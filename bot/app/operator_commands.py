"""The operator's commands: check, migrate, pause, drain, resume, sync, commands."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bot.app.commands_page import commands_page
from bot.app.composition import compose, new_store
from bot.app.login import log_in, read_token
from bot.artefacts import open_artefacts
from bot.errors import ConfigurationError, StyleBotError
from bot.executors.process import create_executor
from bot.intake.inspection import Inspector
from bot.intake.intake import default_size
from bot.ops.health import HealthServer
from bot.ops.logging import configure_logging
from bot.views.text.units import megabytes

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.jobs.models import QueueMode
    from bot.settings import Settings

__all__ = ["CheckResult", "check", "describe_commands", "migrate", "publish", "set_mode"]

POLL_SECONDS: Final = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckResult:
    """The result of one check: its subject, whether it passed, and details."""

    subject: str
    passed: bool
    text: str


async def check(settings: Settings, *, report: Callable[[CheckResult], None]) -> bool:
    """Check everything that a start needs, without connecting to Discord.

    Args:
        settings: what to check.
        report: called with each result as soon as it is known.

    Returns:
        Whether every check passed.
    """
    configure_logging(settings)
    checks: dict[str, Callable[[Settings], Awaitable[str]]] = {
        "token": _check_token,
        "database": _check_database,
        "disk": _check_disk,
        "health port": _check_health_port,
        "sandbox": _check_sandbox,
        "worker": _check_worker,
    }
    passed = True
    for subject, check_one in checks.items():
        try:
            text = await check_one(settings)
        except (StyleBotError, OSError) as error:
            passed = False
            report(CheckResult(subject=subject, passed=False, text=str(error)))
        else:
            report(CheckResult(subject=subject, passed=True, text=text))
    return passed


async def migrate(settings: Settings) -> str:
    """Migrate the database to the newest schema; return what to print.

    Raises:
        ConfigurationError: another process uses the embedded database.
        StoreUnavailableError: the database cannot be reached.
    """
    configure_logging(settings)
    await asyncio.to_thread(settings.data_dir.mkdir, parents=True, exist_ok=True)
    async with new_store(settings):
        return "the database is up to date"


async def set_mode(settings: Settings, mode: QueueMode, *, wait: bool = False) -> str:
    """Set the queue mode for all bots that use this database, whether they run or not.

    Args:
        settings: names the database.
        mode: the new mode; it outlives restarts.
        wait: return only when no job is queued or running.

    Raises:
        ConfigurationError: there is no database yet, or its schema is not the newest.
        StoreUnavailableError: the database cannot be reached.
    """
    configure_logging(settings)
    store = new_store(settings)
    await store.open(exclusive=False)
    try:
        await store.queue.set_mode(mode)
        while True:
            counts = await store.count_by_state()
            unfinished = sum(number for state, number in counts.items() if not state.is_final)
            if not wait or unfinished == 0:
                return f"the queue is {mode}, {unfinished} jobs are unfinished"
            await asyncio.sleep(POLL_SECONDS)
    finally:
        await store.close()


async def publish(settings: Settings) -> str:
    """Publish the slash commands, changed or not; return what to print.

    Raises:
        ConfigurationError: there is no token, or Discord refused it.
        DiscordError: Discord declined the commands, or cannot be reached.
    """
    configure_logging(settings)
    token = read_token(settings)
    async with compose(settings) as components:
        bot = await log_in(components.dependencies, token)
        try:
            await bot.publish_commands(force=True)
        finally:
            await bot.close()
    return "the slash commands are published"


async def describe_commands(settings: Settings) -> str:
    """Return ``docs/commands.md``: all commands as Markdown."""
    with tempfile.TemporaryDirectory() as folder:
        empty = {"data_dir": Path(folder), "database_url": None, "artefacts_url": None}
        async with compose(settings.model_copy(update=empty)) as components:
            return await commands_page(components.dependencies)


async def _check_token(settings: Settings) -> str:
    token = read_token(settings)
    if token.count(".") != 2 or " " in token:
        raise ConfigurationError(
            "this does not look like a bot token, which has three parts separated by dots"
        )
    return "set"


async def _check_database(settings: Settings) -> str:
    await asyncio.to_thread(settings.data_dir.mkdir, parents=True, exist_ok=True)
    async with new_store(settings) as store:
        jobs = await store.count_by_state()
    unfinished = sum(count for state, count in jobs.items() if not state.is_final)
    return f"{sum(jobs.values())} jobs, {unfinished} of them unfinished"


async def _check_disk(settings: Settings) -> str:
    artefacts = open_artefacts(settings.resolved_artefacts_url)
    try:
        free = await artefacts.free_bytes()
    finally:
        await artefacts.close()
    if free is None:
        return "pictures are kept in object storage"
    if free < settings.min_free_disk_bytes:
        raise ConfigurationError(
            f"{megabytes(free)} free; new jobs are refused below "
            f"{megabytes(settings.min_free_disk_bytes)} (STYLEBOT_MIN_FREE_DISK_BYTES)"
        )
    return f"{megabytes(free)} free"


async def _check_health_port(settings: Settings) -> str:
    if settings.health_port is None:
        return "off (STYLEBOT_HEALTH_PORT)"
    server = HealthServer(settings.health_host, settings.health_port, {})
    await server.start()
    await server.close()
    return f"{settings.health_host}:{settings.health_port} is free"


async def _check_sandbox(settings: Settings) -> str:
    """Say what the processes that decode are held by, and what the kernel lacks for it."""
    async with Inspector(settings) as inspector:
        gaps = inspector.confinement.gaps
    if gaps:  # members' pictures are decoded all the same, so a start does not fail
        return f"incomplete: {'; '.join(gaps)}"
    return "decoders have no files, no network and no secrets (Landlock, seccomp)"


async def _check_worker(settings: Settings) -> str:
    """Start the workers, which load the weights and use the devices."""
    executor = create_executor(settings)
    await executor.start()
    try:
        devices = await executor.all_ready()
    finally:
        await executor.close()
    return f"{', '.join(devices)}, {default_size(settings, devices)} px by default"
