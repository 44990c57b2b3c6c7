"""An operator's chores: look before starting, bring the database up to date, publish commands."""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp

from bot.app.commands_page import commands_page
from bot.app.composition import logged_in, read_token
from bot.artefacts.folder import open_artefacts
from bot.errors import ConfigurationError, StyleBotError
from bot.executors.process import ProcessExecutor, default_size
from bot.exts.backend.dependencies import Dependencies
from bot.intake.acceptance import JobAcceptance
from bot.intake.inspection import Inspector
from bot.intake.intake import Intake
from bot.intake.repeats import JobRepeater
from bot.jobs.change_feed import JobFeed
from bot.jobs.store import JobStore
from bot.ops.logging import configure_logging
from bot.presets.catalog import PresetCatalog
from bot.presets.editor import GuildPresetEditor
from bot.scheduler.scheduler import Scheduler
from bot.views.text.units import megabytes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from bot.jobs.models import QueueMode
    from bot.settings import Settings

__all__ = ["Finding", "check", "describe_commands", "migrate", "publish", "set_mode"]

LOOK_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that was looked at, and whether it is as it should be."""

    subject: str
    is_fine: bool
    text: str


async def check(settings: Settings) -> list[Finding]:
    """Look at everything that a start needs, without connecting to Discord."""
    configure_logging(settings)
    looks: dict[str, Callable[[Settings], Awaitable[str]]] = {
        "token": _look_at_token,
        "database": _look_at_database,
        "disk": _look_at_disk,
        "painter": _look_at_painter,
    }
    findings = []
    for subject, look in looks.items():
        try:
            text = await look(settings)
        except (StyleBotError, OSError) as error:
            findings.append(Finding(subject=subject, is_fine=False, text=str(error)))
        else:
            findings.append(Finding(subject=subject, is_fine=True, text=text))
    return findings


async def migrate(settings: Settings) -> str:
    """Bring the database up to date; says what was done.

    Raises:
        ConfigurationError: another process uses the embedded database.
        StoreUnavailableError: the database cannot be reached.
    """
    configure_logging(settings)
    await asyncio.to_thread(settings.data_dir.mkdir, parents=True, exist_ok=True)
    async with JobStore(settings.resolved_database_url, feed=JobFeed()):
        return "the database is up to date"


async def set_mode(settings: Settings, mode: QueueMode, *, wait: bool = False) -> str:
    """Tell the bots at this database, running or not, what their queue may do.

    Args:
        settings: which database.
        mode: what the queue may do from now on, restarts included.
        wait: return only when no job is waiting or being painted any more.

    Raises:
        ConfigurationError: there is no database yet, or it is not up to date.
        StoreUnavailableError: the database cannot be reached.
    """
    configure_logging(settings)
    store = JobStore(settings.resolved_database_url, feed=JobFeed())
    await store.open(beside=True)
    try:
        await store.switches.set_mode(mode)
        while True:
            counts = await store.count()
            unfinished = sum(number for state, number in counts.items() if not state.is_final)
            if not wait or unfinished == 0:
                return f"the queue is {mode}, {unfinished} jobs are unfinished"
            await asyncio.sleep(LOOK_SECONDS)
    finally:
        await store.close()


async def publish(settings: Settings) -> str:
    """Publish the slash commands, changed or not; says so.

    Raises:
        ConfigurationError: there is no token, or Discord refused it.
        DiscordError: Discord declined the commands, or cannot be reached.
    """
    configure_logging(settings)
    token = read_token(settings)
    async with _idle_services(settings) as dependencies:
        bot = await logged_in(dependencies, token)
        try:
            await bot.publish_commands(force=True)
        finally:
            await bot.close()
    return "the slash commands are published"


async def describe_commands(settings: Settings) -> str:
    """Every command as a page of Markdown; it is ``docs/commands.md``."""
    with tempfile.TemporaryDirectory() as folder:
        nowhere = {"data_dir": Path(folder), "database_url": None, "artefacts_url": None}
        async with _idle_services(settings.model_copy(update=nowhere)) as dependencies:
            return await commands_page(dependencies)


@asynccontextmanager
async def _idle_services(settings: Settings) -> AsyncIterator[Dependencies]:
    """Services that are never started: enough to know which commands there are."""
    async with AsyncExitStack() as stack:
        store = JobStore(settings.resolved_database_url, feed=JobFeed())
        artefacts = open_artefacts(settings.resolved_artefacts_url)
        stack.push_async_callback(artefacts.close)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        executor = ProcessExecutor.of(settings)
        catalog = PresetCatalog(store.presets, artefacts)
        acceptance = JobAcceptance(settings, store=store, artefacts=artefacts)
        yield Dependencies(
            settings=settings,
            store=store,
            artefacts=artefacts,
            intake=Intake(
                settings,
                acceptance=acceptance,
                artefacts=artefacts,
                inspector=Inspector(settings),
                presets=catalog,
                session=session,
            ),
            repeats=JobRepeater(acceptance, artefacts),
            scheduler=Scheduler(
                store=store, artefacts=artefacts, executor=executor, settings=settings
            ),
            catalog=catalog,
            preset_editor=GuildPresetEditor(
                store.presets, artefacts, limit=settings.max_presets_per_guild
            ),
        )


async def _look_at_token(settings: Settings) -> str:
    token = read_token(settings)
    if token.count(".") != 2 or " " in token:
        raise ConfigurationError("this does not look like a bot token; it has three parts")
    return "there is one"


async def _look_at_database(settings: Settings) -> str:
    await asyncio.to_thread(settings.data_dir.mkdir, parents=True, exist_ok=True)
    async with JobStore(settings.resolved_database_url, feed=JobFeed()) as store:
        jobs = await store.count()
    unfinished = sum(count for state, count in jobs.items() if not state.is_final)
    return f"{sum(jobs.values())} jobs, {unfinished} of them under way"


async def _look_at_disk(settings: Settings) -> str:
    artefacts = open_artefacts(settings.resolved_artefacts_url)
    try:
        free = await artefacts.free_bytes()
    finally:
        await artefacts.close()
    if free is None:
        return "pictures are kept elsewhere"
    if free < settings.min_free_disk_bytes:
        raise ConfigurationError(
            f"{megabytes(free)} free; new jobs are refused below "
            f"{megabytes(settings.min_free_disk_bytes)} (STYLEBOT_MIN_FREE_DISK_BYTES)"
        )
    return f"{megabytes(free)} free"


async def _look_at_painter(settings: Settings) -> str:
    """Start the workers: that loads the weights and touches the devices."""
    executor = ProcessExecutor.of(settings)
    await executor.start()
    try:
        devices = await executor.ready()
    finally:
        await executor.close()
    return f"{', '.join(devices)}, {default_size(settings, devices)} px by default"
