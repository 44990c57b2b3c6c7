"""What passes between the scheduler and whatever paints: work in, events out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncGenerator, Mapping

    from stylenet.recipe import Recipe

__all__ = [
    "Cancelled",
    "Checkpoint",
    "Event",
    "Executor",
    "Failed",
    "Finished",
    "Progress",
    "Snapshot",
    "Work",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """One picture to paint.

    Attributes:
        job_id: for logs only; the executor keeps nothing by it.
        content: the content picture's encoded bytes, already inspected.
        styles: one encoded style picture or more.
        recipe: every choice that shapes the picture, seed and size included.
        masks: for each style picture, an encoded grey picture, white where the style goes, or
            None; empty for none at all.
        start: an encoded picture that painting begins from, such as an earlier job's; None
            begins as the recipe says.
        checkpoint: where to go on from; None to start afresh.
    """

    job_id: str
    content: bytes
    styles: tuple[bytes, ...]
    recipe: Recipe
    masks: tuple[bytes | None, ...] = ()
    start: bytes | None = None
    checkpoint: bytes | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """A step is done. `losses` are the weighted terms by name, and ``"total"``."""

    step: int
    total: int
    scale: int
    losses: Mapping[str, float]
    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """The picture as it stands after `step` steps, encoded (WebP)."""

    step: int
    image: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Checkpoint:
    """Resumable state after `step` steps."""

    step: int
    state: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Finished:
    """The final picture, encoded without loss (PNG), and how it came to be."""

    image: bytes
    report: Mapping[str, float | int | str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Failed:
    """The picture could not be painted.

    Attributes:
        code: stable and short: ``"worker_died"``, ``"out_of_memory"``, ``"diverged"``,
            ``"unreadable_picture"``, ``"empty_mask"``, ``"internal"``.
        message: for the operator's log; members read a sentence made of `code`.
        retryable: whether another attempt may succeed.
    """

    code: str
    message: str
    retryable: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Cancelled:
    """The worker stopped because it was asked to."""


Event = Progress | Snapshot | Checkpoint | Finished | Failed | Cancelled


class Executor(Protocol):
    """Where jobs run. One of these per bot process."""

    @property
    def slots(self) -> int:
        """How many works may run at once: one per device."""
        ...

    @property
    def devices(self) -> tuple[str, ...]:
        """What paints, one name per slot: ``"cpu"``, ``"cuda:0"``; for estimates."""
        ...

    @property
    def warmup_seconds(self) -> float:
        """Seconds until a worker can begin, as far as is known; 0 once one can."""
        ...

    async def start(self) -> None:
        """Bring the workers up, or begin to."""
        ...

    async def close(self) -> None:
        """Stop every worker and wait for it to be gone."""
        ...

    def run(self, work: Work, *, stop: asyncio.Event | None = None) -> AsyncGenerator[Event, None]:
        """Paint, yielding events; the last is one of Finished, Failed and Cancelled.

        Closing the generator cancels: the worker stops at its next step. So does setting
        `stop`, after which a last Checkpoint may still come before Cancelled. A worker that
        dies is a ``Failed(retryable=True)`` and is replaced.
        """
        ...
