"""When to take a snapshot: after a visible change, and at the latest after some seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch.nn.functional as F  # noqa: N812 - torch's own abbreviation

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

__all__ = ["SnapshotSchedule"]

_VISIBLE_CHANGE = 7.0
"""Mean change, in levels of 0..255 over cells of 4 × 4 pixels, that is visible at a glance."""


class SnapshotSchedule:
    """Decides after each step whether a snapshot is due.

    The time matters where steps are slow: the exact network takes seconds per step on a CPU, and
    the last steps change the picture less than is visible at a glance.

    Args:
        every: steps between two snapshots; None takes one after a visible change.
        seconds: time after which one is taken anyway, at the end of the step.
        clock: returns the time in seconds.
    """

    def __init__(self, *, every: int | None, seconds: float, clock: Callable[[], float]) -> None:
        self._every = every
        self._seconds = seconds
        self._clock = clock
        self._last: Tensor | None = None
        self._last_step = 0
        self._taken_at = clock()

    def begin_scale(self, picture: Tensor, *, step: int) -> None:
        """Compare the pictures of a scale with its start, (1, 3, height, width) in 0..255."""
        self._last = picture
        self._last_step = step

    def is_due(self, step: int, picture: Tensor) -> bool:
        """Return whether to take a snapshot of the picture after this step; if so, it is taken."""
        is_late = self._clock() - self._taken_at >= self._seconds
        if not is_late and not self._is_wanted(step, picture):
            return False
        self._last = picture
        self._last_step = step
        self._taken_at = self._clock()
        return True

    def _is_wanted(self, step: int, picture: Tensor) -> bool:
        if self._every is not None:
            return step // self._every > self._last_step // self._every
        if self._last is None:
            return True
        difference = picture.clamp(0, 255) - self._last.clamp(0, 255)
        change = F.avg_pool2d(difference, 4, ceil_mode=True)
        return float(change.abs().mean()) >= _VISIBLE_CHANGE
