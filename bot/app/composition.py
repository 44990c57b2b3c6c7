"""The composition root: builds every room, opens and closes them in order, and owns the tasks."""

from __future__ import annotations

import asyncio
import logging
import signal
from contextlib import AsyncExitStack, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import discord

from bot.artefacts.folder import open_artefacts
from bot.client import StyleBot
from bot.delivery.service import DeliveryService
from bot.discord_errors import translate_discord_errors
from bot.errors import ConfigurationError, DiscordError, StyleBotError
from bot.executors.process import ProcessExecutor, default_size
from bot.exts.backend.dependencies import Dependencies
from bot.intake.acceptance import JobAcceptance
from bot.intake.inspection import Inspector
from bot.intake.intake import Intake
from bot.intake.repeats import JobRepeater
from bot.jobs.change_feed import JobFeed
from bot.jobs.store import JobStore
from bot.ops.health import HealthServer
from bot.ops.logging import configure_logging, redact
from bot.presets.catalog import PresetCatalog
from bot.presets.editor import GuildPresetEditor
from bot.presets.thumbnail_painter import ThumbnailPainter
from bot.scheduler.scheduler import Scheduler

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from bot.settings import Settings

__all__ = ["App", "logged_in", "read_token", "run"]

logger = logging.getLogger(__name__)

FIRST_LOGIN_PAUSE_SECONDS: Final = 2.0
MOST_LOGIN_PAUSE_SECONDS: Final = 60.0
CLOSE_SECONDS: Final = 10.0

REFUSED: Final = (
    "Discord refused the token: copy it anew from https://discord.com/developers/applications "
    "→ your application → Bot → Reset Token, into DISCORD_TOKEN"
)
MISSING_INTENT: Final = (
    "the Message Content intent is switched off: switch it on at "
    "https://discord.com/developers/applications → your application → Bot → Privileged Gateway "
    "Intents, and start again"
)
NOT_GIVEN: Final = (
    "there is no token: set DISCORD_TOKEN, or STYLEBOT_DISCORD_TOKEN_FILE to a file that holds it"
)


class App:
    """The whole bot in one process.

    ``await start()``, then ``await wait()``, and in every case ``await stop()``. What paints is
    brought up first, so that it warms while the bot logs in.

    Attributes:
        ready: set once the bot is connected and answers members.
    """

    def __init__(self, settings: Settings) -> None:
        self.ready = asyncio.Event()
        self._settings = settings
        self._stack = AsyncExitStack()
        self._tasks: list[asyncio.Task[Any]] = []
        self._failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._bot: StyleBot | None = None
        self._delivery: DeliveryService | None = None
        self._scheduler: Scheduler | None = None

    async def start(self) -> None:
        """Open everything and begin to connect; returns once Discord accepted the token.

        Raises:
            ConfigurationError: something an operator must set right first.
            StyleBotError: the database cannot be reached.
            OSError: a folder cannot be written, or a port is taken.
        """
        settings, stack = self._settings, self._stack
        token = read_token(settings)
        await asyncio.to_thread(settings.data_dir.mkdir, parents=True, exist_ok=True)
        store = JobStore(
            settings.resolved_database_url,
            feed=JobFeed(),
            ageing=timedelta(seconds=settings.ageing_seconds),
        )
        stack.push_async_callback(store.close)
        await store.open()
        artefacts = open_artefacts(settings.resolved_artefacts_url)
        stack.push_async_callback(artefacts.close)
        executor = ProcessExecutor.of(settings)
        stack.push_async_callback(executor.close)
        await executor.start()
        inspector = Inspector(settings)
        stack.push_async_callback(inspector.close)
        await inspector.start()
        session = await stack.enter_async_context(aiohttp.ClientSession())
        catalog = PresetCatalog(store.presets, artefacts)
        acceptance = JobAcceptance(settings, store=store, artefacts=artefacts)
        intake = Intake(
            settings,
            acceptance=acceptance,
            artefacts=artefacts,
            inspector=inspector,
            presets=catalog,
            session=session,
        )
        scheduler = Scheduler(
            store=store, artefacts=artefacts, executor=executor, settings=settings
        )
        dependencies = Dependencies(
            settings=settings,
            store=store,
            artefacts=artefacts,
            intake=intake,
            repeats=JobRepeater(acceptance, artefacts),
            scheduler=scheduler,
            catalog=catalog,
            preset_editor=GuildPresetEditor(
                store.presets, artefacts, limit=settings.max_presets_per_guild
            ),
        )
        await self._serve_health(store, executor)
        self._own(self._warm(executor, intake), name="warming")
        self._scheduler = scheduler
        await scheduler.start()
        if settings.paint_samples:
            samples = ThumbnailPainter(
                store.presets,
                artefacts,
                executor,
                is_busy=lambda: len(scheduler.running) >= executor.slots,
            )
            samples.start()
            stack.push_async_callback(samples.close)
        bot = self._bot = await logged_in(dependencies, token)
        self._delivery = DeliveryService(
            bot,
            store,
            artefacts,
            estimate=scheduler.estimate,
            edit_interval=settings.edit_interval_seconds,
            largest_size=settings.largest_size,
            process_id=scheduler.process_id,
        )
        # By its token alone it can post: nobody's card waits for the gateway to say hello.
        self._delivery.start()
        self._own(_connect(bot), name="gateway")
        self._own(self._when_connected(bot), name="when connected")

    async def wait(self) -> None:
        """Wait until the bot cannot go on; being cancelled is the usual way out.

        Raises:
            ConfigurationError: found only while running: an intent or weights are missing.
        """
        await asyncio.shield(self._failed)

    async def stop(self) -> None:
        """Close in order: take nothing new, keep checkpoints, say what is to be said, hang up."""
        seconds = self._settings.shutdown_seconds
        if self._scheduler is not None:
            await _within(seconds, self._scheduler.stop(), "stopping the painting")
        if self._delivery is not None:
            await _within(seconds, self._delivery.stop(seconds=CLOSE_SECONDS / 2), "delivery")
        if self._bot is not None:
            await _within(CLOSE_SECONDS, self._bot.close(), "leaving Discord")
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._stack.aclose()
        if self._failed.done():
            self._failed.exception()  # seen, whether or not anyone waited for it
        logger.info("stopped")

    def _own(self, work: Coroutine[Any, Any, None], *, name: str) -> None:
        """Run a task until the app stops; its error ends the app."""

        def ended(task: asyncio.Task[None]) -> None:
            if task.cancelled() or self._failed.done():
                return
            error = task.exception()
            if error is not None:
                self._failed.set_exception(error)

        task = asyncio.create_task(work, name=name)
        task.add_done_callback(ended)
        self._tasks.append(task)

    async def _warm(self, executor: ProcessExecutor, intake: Intake) -> None:
        """Wait for the painter; what it paints on decides the size painted by default."""
        try:
            devices = await executor.ready()
        except ConfigurationError:
            raise
        except StyleBotError as error:
            logger.warning("the painter is not up yet, jobs wait for it: %s", error)
            return
        intake.default_size = default_size(self._settings, devices)
        logger.info("painting on %s, %d px by default", ", ".join(devices), intake.default_size)

    async def _when_connected(self, bot: StyleBot) -> None:
        await bot.wait_until_ready()
        logger.info("connected as %s in %d guilds", bot.user, len(bot.guilds))
        if self._settings.sync_commands:
            try:
                await bot.publish_commands()
            except DiscordError as error:
                logger.warning("the slash commands were not published: %s", error)
        self.ready.set()
        await bot.draw_ahead()

    async def _serve_health(self, store: JobStore, executor: ProcessExecutor) -> None:
        settings = self._settings
        if settings.health_port is None:
            return

        async def connected() -> None:
            if self._bot is None or not self._bot.is_ready():
                raise StyleBotError("not connected to Discord")

        async def has_workers() -> None:
            await executor.ready(timeout=0.5)

        health = HealthServer(
            settings.health_host,
            settings.health_port,
            {"discord": connected, "database": store.ping, "workers": has_workers},
        )
        await health.start()
        self._stack.push_async_callback(health.close)


async def run(settings: Settings) -> None:
    """Run the bot until SIGTERM or SIGINT; a second one ends it at once.

    Raises:
        ConfigurationError: something an operator must set right first.
        StyleBotError: it cannot go on.
        OSError: a folder cannot be written, or a port is taken.
    """
    configure_logging(settings)
    loop = asyncio.get_running_loop()
    asked_to_stop = asyncio.Event()

    def stop() -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
        logger.info("stopping")
        asked_to_stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    app = App(settings)
    life = asyncio.create_task(_live(app), name="app")
    asked = asyncio.create_task(asked_to_stop.wait(), name="signals")
    try:
        await asyncio.wait({life, asked}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        asked.cancel()
        life.cancel()
        with suppress(asyncio.CancelledError):
            await life


async def _live(app: App) -> None:
    try:
        await app.start()
        await app.wait()
    finally:
        await app.stop()


def read_token(settings: Settings) -> str:
    """The token; from here on it is never logged.

    Raises:
        ConfigurationError: there is none.
    """
    try:
        token = settings.token()
    except OSError as error:
        msg = f"STYLEBOT_DISCORD_TOKEN_FILE cannot be read: {error}"
        raise ConfigurationError(msg) from error
    if token is None:
        raise ConfigurationError(NOT_GIVEN)
    redact(token)
    return token


async def logged_in(dependencies: Dependencies, token: str) -> StyleBot:
    """A client that Discord accepted; tried again for as long as Discord cannot be reached.

    Raises:
        ConfigurationError: Discord refused the token.
    """
    pause = FIRST_LOGIN_PAUSE_SECONDS
    while True:
        bot = StyleBot(dependencies)
        try:
            with translate_discord_errors():
                await bot.login(token)
        except discord.LoginFailure as error:
            await bot.close()
            raise ConfigurationError(REFUSED) from error
        except DiscordError as error:
            await bot.close()
            logger.warning("Discord cannot be reached, next try in %.0f s: %s", pause, error)
            await asyncio.sleep(pause)
            pause = min(MOST_LOGIN_PAUSE_SECONDS, 2 * pause)
        except BaseException:
            await bot.close()
            raise
        else:
            return bot


async def _connect(bot: StyleBot) -> None:
    """Hold the gateway until the bot is closed.

    Raises:
        ConfigurationError: a privileged intent is switched off, or the token was revoked.
    """
    try:
        await bot.connect(reconnect=True)
    except discord.PrivilegedIntentsRequired as error:
        raise ConfigurationError(MISSING_INTENT) from error
    except discord.ConnectionClosed as error:
        if error.code == 4004:
            raise ConfigurationError(REFUSED) from error
        raise ConfigurationError(f"Discord closed the connection for good: {error}") from error


async def _within(seconds: float, work: Coroutine[Any, Any, None], doing: str) -> None:
    """Do one step of the shutdown; one that fails or hangs does not keep the others."""
    try:
        async with asyncio.timeout(seconds):
            await work
    except TimeoutError:
        logger.warning("%s took longer than %.0f s and was cut short", doing, seconds)
    except Exception:
        logger.exception("%s failed", doing)
