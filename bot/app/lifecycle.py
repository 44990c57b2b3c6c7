"""The life of one bot process: start, run until a signal or a fatal error, stop in order."""

from __future__ import annotations

import asyncio
import logging
import signal
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING, Any, Final

from bot.app.composition import compose, make_data_folder
from bot.app.login import connect, log_in, read_token
from bot.app.monitoring import health_server
from bot.delivery.service import DeliveryService
from bot.errors import (
    ConfigurationError,
    DiscordError,
    StoreUnavailableError,
    StyleBotError,
)
from bot.intake.intake import default_size
from bot.ops.error_report import Where, count_error, report_error
from bot.ops.event_loop_lag import measure_lag
from bot.ops.garbage_collection import exempt_loaded_objects
from bot.ops.logging import configure_logging
from bot.ops.retry import retry
from bot.ops.tasks import BackgroundTasks
from bot.presets.thumbnail_painter import ThumbnailPainter
from bot.settings_check import find_unknown_variables
from bot.views.text import errors

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from bot.app.composition import Components
    from bot.client import StyleBot
    from bot.scheduler.scheduler import Scheduler
    from bot.settings import Settings

__all__ = ["App", "run"]

logger = logging.getLogger(__name__)

REQUESTS_SHARE: Final = 0.6
ANSWERS_SHARE: Final = 0.7
CARDS_SHARE: Final = 0.8
DELIVERIES_SHARE: Final = 0.84
LAST_ANSWERS_SHARE: Final = 0.87
DISCONNECTED_SHARE: Final = 0.9
TASKS_SHARE: Final = 0.92
"""Shares of `shutdown_seconds` by which each part of the shutdown has ended: requests and
paintings in progress, answers to the other requests, cards, deliveries, answers to whoever asked
meanwhile, the connection, background tasks. The rest is for the workers, the database and the
storage."""

SHORTEST_STEP_SECONDS: Final = 0.5
"""What a step has where the steps before it took all the time."""


class App:
    """The whole bot in one process.

    Call `start`, then `wait`, and in every case `stop`. The workers start first, so that they
    load the weights while the bot logs in.

    Attributes:
        ready: set once the bot is connected and answers members.
    """

    def __init__(self, settings: Settings) -> None:
        self.ready = asyncio.Event()
        self._settings = settings
        self._stack = AsyncExitStack()
        self._tasks = BackgroundTasks(Where.PROCESS, on_error=self._on_fatal_error)
        self._fatal_error: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._bot: StyleBot | None = None
        self._discord_error = ""
        self._delivery: DeliveryService | None = None
        self._scheduler: Scheduler | None = None

    async def start(self) -> None:
        """Open everything, log in and begin to connect.

        The database and Discord are waited for, for as long as they cannot be reached.

        Raises:
            ConfigurationError: the operator must change a setting first.
            OSError: a folder cannot be written, or a port is taken.
        """
        settings, stack = self._settings, self._stack
        token = read_token(settings)
        await asyncio.to_thread(make_data_folder, settings)
        components = await stack.enter_async_context(compose(settings))
        dependencies = components.dependencies
        store, scheduler = dependencies.store, dependencies.scheduler
        await self._serve_health(components)  # first, to tell what the start waits for
        stack.push_async_callback(store.close)
        await retry(
            store.open, on=StoreUnavailableError, what="opening the database", where=Where.PROCESS
        )
        stack.push_async_callback(components.executor.close)
        await components.executor.start()
        stack.push_async_callback(components.inspector.close)
        await components.inspector.start()
        self._tasks.start(self._await_workers(components), name="warm-up")
        self._tasks.keep_running(measure_lag, name="event loop lag")
        self._scheduler = scheduler
        await retry(
            scheduler.start,
            on=StoreUnavailableError,
            what="starting the scheduler",
            where=Where.PROCESS,
        )
        if settings.paint_samples:
            self._start_thumbnail_painter(components)
        bot = await log_in(dependencies, token, on_failure=self._on_discord_failure)
        self._bot, self._discord_error = bot, ""
        self._delivery = DeliveryService(
            bot,
            store,
            dependencies.artefacts,
            estimate=scheduler.estimate,
            edit_interval=settings.edit_interval_seconds,
            largest_size=settings.largest_size,
            lease_seconds=settings.stalled_after_seconds,
            process_id=scheduler.process_id,
            reply_pacer=dependencies.reply_pacer,
        )
        # Posting needs the token only, so cards do not wait for the gateway connection.
        self._delivery.start()
        connecting = connect(bot, on_failure=self._on_discord_failure)
        self._tasks.start(connecting, name="gateway")
        self._tasks.start(self._finish_start(bot), name="after connecting")

    async def wait(self) -> None:
        """Wait for an error that ends the bot; usually this is cancelled instead.

        Raises:
            ConfigurationError: an intent or the weights are missing.
        """
        await asyncio.shield(self._fatal_error)

    async def stop(self) -> None:
        """Stop painting and keep the checkpoints, finish requests and deliveries, disconnect.

        Requests that arrive meanwhile are refused; those in flight are served, and answered with
        a sentence if they take longer than `REQUESTS_SHARE` of the time. All of it takes
        `shutdown_seconds` at most; what takes longer is cancelled.
        """
        began = asyncio.get_running_loop().time()

        async def step(work: Coroutine[Any, Any, None], name: str, *, share: float) -> None:
            await _run_step(work, name, until=began + share * self._settings.shutdown_seconds)

        steps: list[Coroutine[Any, Any, None]] = []
        running: tuple[str, ...] = ()
        if self._scheduler is not None:
            running = self._scheduler.running
            steps.append(
                step(self._scheduler.stop(), "stopping the paintings", share=ANSWERS_SHARE)
            )
        if self._bot is not None:
            self._bot.reply_pacer.close()  # the waiting replies are sent now
            draining = self._bot.in_flight.drain(
                grace_seconds=REQUESTS_SHARE * self._settings.shutdown_seconds,
                sentence=errors.CUT_OFF,
            )
            steps.append(step(draining, "finishing the requests", share=ANSWERS_SHARE))
        await asyncio.gather(*steps)
        if self._delivery is not None:
            pausing = self._delivery.show_paused(running)
            await step(pausing, "pausing the cards", share=CARDS_SHARE)
            grace = (DELIVERIES_SHARE - CARDS_SHARE) * self._settings.shutdown_seconds
            stopping = self._delivery.stop(seconds=grace)
            await step(stopping, "stopping the delivery", share=DELIVERIES_SHARE)
        if self._bot is not None:
            answering = self._bot.in_flight.wait()
            await step(answering, "answering the last members", share=LAST_ANSWERS_SHARE)
            await step(self._bot.close(), "disconnecting", share=DISCONNECTED_SHARE)
        await step(self._tasks.close(), "ending the background tasks", share=TASKS_SHARE)
        await step(self._stack.aclose(), "closing the workers and the database", share=1.0)
        if self._fatal_error.done():
            self._fatal_error.exception()  # mark it as retrieved even without a waiter
        logger.info("stopped")

    def _on_fatal_error(self, error: BaseException) -> None:
        if not self._fatal_error.done():
            self._fatal_error.set_exception(error)

    async def _await_workers(self, components: Components) -> None:
        """Wait for the workers; their devices decide the default size."""
        try:
            devices = await components.executor.ready()
        except ConfigurationError:
            raise
        except StyleBotError as error:
            count_error(Where.PROCESS, error)
            logger.warning("the worker is not ready yet, jobs wait for it: %s", error)
            return
        size = default_size(self._settings, devices)
        components.dependencies.intake.default_size = size
        logger.info("painting on %s, %d px by default", ", ".join(devices), size)
        try:
            await components.executor.all_ready()
        except ConfigurationError:
            raise
        except StyleBotError as error:
            count_error(Where.PROCESS, error)
            logger.warning("a worker is not ready yet, the others paint: %s", error)

    def _start_thumbnail_painter(self, components: Components) -> None:
        dependencies, executor = components.dependencies, components.executor
        painter = ThumbnailPainter(
            dependencies.store.guild_presets,
            dependencies.artefacts,
            executor,
            is_busy=lambda: len(dependencies.scheduler.running) >= executor.slots,
        )
        painter.start()
        self._stack.push_async_callback(painter.close)

    async def _finish_start(self, bot: StyleBot) -> None:
        """Publish the commands once connected, and prepare what members will ask for first."""
        await bot.wait_until_ready()
        logger.info("connected as %s in %d guilds", bot.user, len(bot.guilds))
        if self._settings.sync_commands:
            try:
                await bot.publish_commands()
            except (DiscordError, OSError) as error:
                count_error(Where.PROCESS, error)
                logger.warning("the slash commands were not published: %s", error)
        self.ready.set()
        try:
            await bot.draw_preset_sheet()
        except (StyleBotError, OSError) as error:
            count_error(Where.PROCESS, error)
            logger.warning("the first sheet of styles is drawn later: %s", error)

    async def _serve_health(self, components: Components) -> None:
        port = self._settings.health_port
        if port is None:
            return
        health = health_server(
            self._settings, port, components, discord_problem=self._find_discord_problem
        )
        await health.start()
        self._stack.push_async_callback(health.close)

    def _on_discord_failure(self, error: Exception) -> None:
        self._discord_error = f": {error}"

    def _find_discord_problem(self) -> str:
        """Return why the bot is not connected to Discord; empty if it is."""
        if self._bot is None:
            return f"not logged in to Discord yet{self._discord_error}"
        if not self._bot.is_ready():
            return f"not connected to Discord's gateway yet{self._discord_error}"
        return self._bot.gateway_problem


async def run(settings: Settings) -> None:
    """Run the bot until SIGTERM or SIGINT; a second signal ends it at once.

    Raises:
        ConfigurationError: the operator must change a setting first.
        StyleBotError: the bot cannot go on.
        OSError: a folder cannot be written, or a port is taken.
    """
    configure_logging(settings)
    for sentence in find_unknown_variables():
        logger.warning("%s", sentence)
    exempt_loaded_objects()
    loop = asyncio.get_running_loop()
    stop_requested = asyncio.Event()

    def on_signal() -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
        logger.info("stopping")
        stop_requested.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal)
    async with BackgroundTasks(Where.PROCESS) as tasks:
        running = tasks.start_awaited(_run_app(App(settings)), name="app")
        signalled = tasks.start_awaited(stop_requested.wait(), name="signals")
        await asyncio.wait({running, signalled}, return_when=asyncio.FIRST_COMPLETED)
    with suppress(asyncio.CancelledError):
        running.result()


async def _run_app(app: App) -> None:
    try:
        await app.start()
        await app.wait()
    except (StyleBotError, OSError) as error:  # the command line names it once more
        count_error(Where.PROCESS, error)
        logger.critical("the bot cannot go on: %s", error)
        raise
    except Exception as error:
        report_error(Where.PROCESS, "the bot", error)
        raise
    finally:
        await app.stop()


async def _run_step(work: Coroutine[Any, Any, None], name: str, *, until: float) -> None:
    """Run one step of the shutdown; if it fails or takes too long, go on with the next.

    Args:
        work: the step.
        name: for the log.
        until: when it is cancelled, by the event loop's clock.
    """
    earliest = asyncio.get_running_loop().time() + SHORTEST_STEP_SECONDS
    try:
        async with asyncio.timeout_at(max(until, earliest)):
            await work
    except TimeoutError as error:
        count_error(Where.PROCESS, error)
        logger.warning("%s took too long and was cancelled", name)
    except Exception as error:
        report_error(Where.PROCESS, name, error)
