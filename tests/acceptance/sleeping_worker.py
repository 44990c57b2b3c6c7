"""The worker process, with a `paint` that sleeps: the same frames in and out, without torch.

It sends noise of the size that a painting would have. Every result is different, so that a result
that was overwritten by another attempt is noticed.
"""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any

import numpy as np

import stylenet
from bot.executors import worker
from stylenet import images
from stylenet.errors import CheckpointError
from stylenet.events import Checkpoint, Losses, Painting, Progress, Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from PIL import Image

    from stylenet.events import PaintingEvent
    from stylenet.recipe import Recipe

STEP_SECONDS = float(os.environ["SLEEPING_WORKER_STEP_SECONDS"])


def sleep_instead_of_painting(
    content: Image.Image,
    _styles: list[Image.Image],
    recipe: Recipe,
    *,
    resume: bytes | None = None,
    should_stop: Callable[[], bool],
    **_options: Any,
) -> Iterator[PaintingEvent]:
    """Yield what `stylenet.paint` yields.

    Raises:
        CheckpointError: `resume` is not from here.
    """
    total = round(recipe.passes) + 1
    width, height = images.fit_longest_side(content, recipe.size).size
    shape = (height, width, 3)
    losses = Losses({"content": 1.0, "style": 1.0})
    random = np.random.default_rng()
    for step in range(1 + (0 if resume is None else _step_of(resume)), total + 1):
        if should_stop():
            yield Checkpoint(step=step - 1, state=_state(step - 1))
            return
        time.sleep(STEP_SECONDS)
        pixels = random.integers(0, 256, shape, dtype=np.uint8)
        yield Progress(
            step=step, total=total, scale=0, losses=losses, passes=step, seconds=step * STEP_SECONDS
        )
        yield Snapshot(step=step, pixels=pixels, losses=losses)
        yield Checkpoint(step=step, state=_state(step))
    yield Painting(
        pixels=random.integers(0, 256, shape, dtype=np.uint8),
        losses=losses, steps=total, passes=total, seconds=total * STEP_SECONDS, device="cpu",
        weights="none",
    )  # fmt: skip


def _state(step: int) -> bytes:
    return json.dumps({"step": step}).encode()


def _step_of(state: bytes) -> int:
    try:
        return int(json.loads(state)["step"])
    except (ValueError, KeyError, TypeError) as error:
        msg = "a checkpoint of a worker that paints"
        raise CheckpointError(msg) from error


if __name__ == "__main__":
    stylenet.paint = sleep_instead_of_painting
    worker._resolve = lambda _: ("cpu", ["cpu"])
    worker._main()
