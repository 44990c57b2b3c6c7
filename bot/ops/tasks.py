"""Ownership of background tasks: started by name, logged when they fail, cancelled on close."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, TypeVar

from bot.ops import metrics
from bot.ops.error_report import Where, count_error, report_error
from bot.ops.retry import Backoff

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine
    from typing import Self

__all__ = ["BackgroundTasks"]

logger = logging.getLogger(__name__)

T = TypeVar("T")


class BackgroundTasks:
    """A set of background tasks with one owner.

    The set holds a reference to each task until it ends. Every error of a task is logged, but for
    those of tasks that somebody awaits. As an asynchronous context manager it closes on exit,
    which gives tasks that live as long as a block an owner.

    Args:
        where: the owner's part of the bot, for the count of errors.
        on_error: called, instead of logging, with the exception that ended a task.
    """

    def __init__(
        self, where: Where, *, on_error: Callable[[BaseException], None] | None = None
    ) -> None:
        self._where = where
        self._on_error = on_error
        self._tasks: set[asyncio.Task[Any]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def start(self, work: Coroutine[Any, Any, None], *, name: str) -> asyncio.Task[None]:
        """Start a task. Several may run under one name."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._on_done)
        return task

    def start_awaited(self, work: Coroutine[Any, Any, T], *, name: str) -> asyncio.Task[T]:
        """Start a task whose result or error is taken by whoever awaits it; nothing is logged."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._on_awaited_done)
        return task

    def keep_running(
        self,
        run: Callable[[], Awaitable[None]],
        *,
        name: str,
        transient: type[Exception] | tuple[type[Exception], ...] = (),
        backoff: Backoff = Backoff(first=1.0, longest=5.0),  # noqa: B008 - frozen
        until: Callable[[], bool] | None = None,
    ) -> asyncio.Task[None]:
        """Start a task that calls `run` again and again, whether it returns or fails.

        Args:
            run: one step of a loop, or a loop of its own; it must await something, since it is
                called again at once when it returns.
            name: of the task, for the log and the metric of restarts; one of few.
            transient: errors that are expected; they are logged without a traceback.
            backoff: delays after errors; it is reset once `run` has returned, or has run
                for `backoff.longest` seconds before it failed.
            until: ends the task when it returns True; asked before each call of `run`.
        """
        return self.start(self._keep_running(run, name, transient, backoff, until), name=name)

    def is_running(self, name: str) -> bool:
        """Return whether a task of that name has not ended yet."""
        return any(task.get_name() == name for task in self._tasks)

    async def close(self, *, grace_seconds: float = 0.0) -> None:
        """Wait for the tasks to end, then cancel the others and wait for them.

        Args:
            grace_seconds: how long tasks may go on before they are cancelled.
        """
        if self._tasks and grace_seconds > 0:
            await asyncio.wait(set(self._tasks), timeout=grace_seconds)
        while self._tasks:  # a task may start another one while it ends
            tasks = set(self._tasks)
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            self._tasks -= tasks

    async def _keep_running(
        self,
        run: Callable[[], Awaitable[None]],
        name: str,
        transient: type[Exception] | tuple[type[Exception], ...],
        backoff: Backoff,
        until: Callable[[], bool] | None,
    ) -> None:
        failures = 0
        clock = asyncio.get_running_loop().time
        while until is None or not until():
            started_at = clock()
            try:
                await run()
            except transient as error:
                count_error(self._where, error)
                logger.warning("%s failed, it is restarted: %s", name, error)
            except Exception as error:
                report_error(self._where, name, error)
            else:
                failures = 0
                continue
            metrics.TASK_RESTARTS.labels(name).inc()
            failures = 1 if clock() - started_at > backoff.longest else failures + 1
            await asyncio.sleep(backoff.delay(failures))

    def _on_awaited_done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # asyncio complains of errors that nobody has asked for

    def _on_done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        if self._on_error is not None:
            self._on_error(error)
        else:
            report_error(self._where, task.get_name(), error)
