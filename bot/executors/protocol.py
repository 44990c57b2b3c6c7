"""The interface between the scheduler and executors: work in, events out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from stylenet.events import Checkpoint, Progress

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncGenerator, Mapping

    from stylenet.recipe import Recipe

__all__ = [
    "Cancelled",
    "EncodedSnapshot",
    "Event",
    "Executor",
    "Failed",
    "Finished",
    "Work",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """One picture to paint.

    Attributes:
        job_id: for logs only.
        content: the content picture, encoded; already inspected.
        styles: one or more style pictures, encoded.
        recipe: every choice that shapes the picture, including its seed and size.
        masks: for each style picture, an encoded greyscale picture that is white where the
            style applies, or None; empty if no style has a mask.
        start: an encoded picture to start from, such as an earlier job's result; None to start
            as the recipe says.
        checkpoint: state to resume from; None to start from the beginning.
    """

    job_id: str
    content: bytes
    styles: tuple[bytes, ...]
    recipe: Recipe
    masks: tuple[bytes | None, ...] = ()
    start: bytes | None = None
    checkpoint: bytes | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class EncodedSnapshot:
    """The picture after `step` steps, encoded as WebP."""

    step: int
    image: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Finished:
    """The final picture, encoded as PNG, and a report on how it was painted."""

    image: bytes
    report: Mapping[str, float | int | str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Failed:
    """The picture could not be painted.

    Attributes:
        code: short and stable: ``"worker_died"``, ``"out_of_memory"``, ``"diverged"``,
            ``"unreadable_picture"``, ``"empty_mask"``, ``"internal"``.
        message: for the operator's log; members read a sentence chosen by `code`.
        retryable: whether another attempt may succeed.
    """

    code: str
    message: str
    retryable: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Cancelled:
    """The worker stopped on request."""


Event = Progress | EncodedSnapshot | Checkpoint | Finished | Failed | Cancelled


class Executor(Protocol):
    """Runs jobs. A bot process has one."""

    @property
    def slots(self) -> int:
        """How many works can run at once: one per device."""
        ...

    @property
    def devices(self) -> tuple[str, ...]:
        """The device of each slot: ``"cpu"``, ``"cuda:0"``; for estimates."""
        ...

    @property
    def warmup_seconds(self) -> float:
        """Expected seconds until a worker is ready; 0 if one is."""
        ...

    async def start(self) -> None:
        """Start the workers; do not wait until they are ready."""
        ...

    async def ready(self, timeout: float = ...) -> tuple[str, ...]:  # noqa: ASYNC109
        """Wait until the first worker is ready and return the devices.

        Args:
            timeout: seconds.

        Raises:
            ConfigurationError: it cannot paint: unusable weights, no such device.
            WorkerDiedError: it is not ready within `timeout` seconds.
        """
        ...

    async def all_ready(self) -> tuple[str, ...]:
        """Wait until a worker of every device is ready and return the devices.

        Raises:
            ConfigurationError: one cannot paint: unusable weights, no such device.
            WorkerDiedError: one is not ready in time.
        """
        ...

    async def close(self) -> None:
        """Stop every worker and wait until it has exited."""
        ...

    def run(self, work: Work, *, stop: asyncio.Event | None = None) -> AsyncGenerator[Event, None]:
        """Paint and yield events; the last one is Finished, Failed or Cancelled.

        Closing the generator cancels the work: the worker stops at its next step. So does setting
        `stop`; then a last Checkpoint may come before Cancelled. If the worker dies, the last
        event is ``Failed(retryable=True)``, and the worker is replaced.
        """
        ...
