"""The composition root: builds every long-lived object once, without starting any."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import aiohttp

from bot.artefacts import open_artefacts
from bot.errors import ConfigurationError
from bot.executors.process import create_executor
from bot.exts.backend.dependencies import Dependencies
from bot.exts.backend.prefixes import Prefixes
from bot.intake.acceptance import JobAcceptance
from bot.intake.inspection import Inspector
from bot.intake.intake import Intake
from bot.intake.repeats import JobRepeater
from bot.jobs.change_feed import JobFeed
from bot.jobs.store import JobStore
from bot.ops.private_files import make_private_folder, protect_folder
from bot.ops.reply_pacer import ReplyPacer
from bot.presets.catalog import PresetCatalog
from bot.presets.editor import GuildPresetEditor
from bot.scheduler.scheduler import Scheduler

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.executors.protocol import Executor
    from bot.settings import Settings

__all__ = ["Components", "compose", "make_data_folder", "new_store"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Components:
    """The objects of one process. Whoever starts `store`, `executor` or `inspector` closes it.

    Attributes:
        dependencies: what commands and buttons use; it holds all the others.
        executor: paints; the scheduler uses it.
        inspector: checks pictures; the intake uses it.
    """

    dependencies: Dependencies
    executor: Executor
    inspector: Inspector


@asynccontextmanager
async def compose(settings: Settings) -> AsyncIterator[Components]:
    """Build all components; artefacts and HTTP session are closed on exit.

    Raises:
        ConfigurationError: an address in the settings cannot work.
    """
    store = new_store(settings)
    artefacts = open_artefacts(settings.resolved_artefacts_url)
    executor = create_executor(settings)
    inspector = Inspector(settings)
    catalog = PresetCatalog(store.guild_presets, artefacts)
    acceptance = JobAcceptance(settings, store=store, artefacts=artefacts)
    try:
        async with aiohttp.ClientSession() as session:
            dependencies = Dependencies(
                settings=settings,
                store=store,
                artefacts=artefacts,
                intake=Intake(
                    settings,
                    acceptance=acceptance,
                    artefacts=artefacts,
                    inspector=inspector,
                    presets=catalog,
                    session=session,
                ),
                repeats=JobRepeater(acceptance, artefacts),
                scheduler=Scheduler(
                    store=store, artefacts=artefacts, executor=executor, settings=settings
                ),
                catalog=catalog,
                preset_editor=GuildPresetEditor(
                    store.guild_presets, artefacts, limit=settings.max_presets_per_guild
                ),
                prefixes=Prefixes(store.guilds, settings.prefix),
                reply_pacer=ReplyPacer(
                    messages=settings.max_replies_per_channel,
                    window=settings.reply_window_seconds,
                    max_waiting=settings.max_waiting_replies_per_member,
                ),
            )
            yield Components(dependencies=dependencies, executor=executor, inspector=inspector)
    finally:
        await artefacts.close()


def make_data_folder(settings: Settings) -> None:
    """Make the data folder if it is missing, and close it to other users.

    Raises:
        ConfigurationError: it cannot be made.
    """
    try:
        make_private_folder(settings.data_dir)
    except OSError as error:
        msg = f"STYLEBOT_DATA_DIR: the folder {settings.data_dir} cannot be made: {error.strerror}"
        raise ConfigurationError(msg) from error
    protect_folder(settings.data_dir)


def new_store(settings: Settings) -> JobStore:
    """Make the store at the settings' database; it is not opened.

    Raises:
        ConfigurationError: the address cannot work.
    """
    return JobStore(
        settings.resolved_database_url,
        feed=JobFeed(),
        ageing=timedelta(seconds=settings.ageing_seconds),
    )
