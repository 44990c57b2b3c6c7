r"""The effort of a painting: the quantities by which the costs of a device are multiplied.

A painting of :math:`m` megapixels takes about

.. math:: T = a + b\,(n_r + n_e) + m\,(c\,q + d\,p_r + e\,p_e)

seconds: a constant; a cost per evaluation whatever its size; and per megapixel, the cost of
measuring the targets of its :math:`2q` pictures and of the passes on the reduced network and on
the exact one. These differ in time, since a pass counts arithmetic and the reduced network's many
small convolutions take longer than their arithmetic suggests. The numbers of evaluations
:math:`n` and passes :math:`p` come from the schedule that the engine follows at each scale.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from stylenet.budget import NetworkKind, Schedule
from stylenet.recipe import Recipe
from stylenet.scales import Scale, scales_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from bot.jobs.models import Job
    from bot.jobs.queue import QueueEntry
    from stylenet.budget import Stage

    Vector = NDArray[np.float64]

__all__ = ["Workload", "effort_done", "total_effort"]

UNKNOWN_ASPECT: Final = 0.75
UNKNOWN_SIZE: Final = 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class _ScaleEffort:
    """Megapixels of a scale, its stages, and the number of evaluations of each stage."""

    megapixels: float
    stages: tuple[Stage, ...]
    evaluations: tuple[int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Workload:
    """What the effort of a painting depends on.

    Attributes:
        recipe: its recipe.
        content_size: width and height of the content image in pixels, if known.
        styles: number of style images.
        has_start: whether it starts from an earlier pastiche, at the final size.
    """

    recipe: Recipe
    content_size: tuple[int, int] | None
    styles: int
    has_start: bool

    @classmethod
    def of_job(cls, job: Job) -> Workload:
        """Return the workload of a job."""
        return cls(
            recipe=job.recipe,
            content_size=job.content_size,
            styles=len(job.style_keys),
            has_start=job.start_key is not None,
        )

    @classmethod
    def of_entry(cls, entry: QueueEntry) -> Workload:
        """Return the workload of a queue's entry."""
        return _workload(entry.recipe, entry.content_size, entry.styles, entry.has_start)


@functools.lru_cache(maxsize=4096)
def _workload(
    recipe: str, content_size: tuple[int, int] | None, styles: int, has_start: bool
) -> Workload:
    return Workload(
        recipe=Recipe.from_json(recipe),
        content_size=content_size,
        styles=styles,
        has_start=has_start,
    )


@functools.lru_cache(maxsize=4096)
def total_effort(workload: Workload) -> Vector:
    """Return the effort of a whole painting.

    Returns:
        (5,) float64, read-only: 1; evaluations; megapixels times half the number of pictures;
        megapixels times passes on the reduced network; megapixels times passes on the exact
        network.
    """
    scales = _scale_efforts(workload)
    effort = _sum_effort(workload, [(scale, scale.evaluations) for scale in scales], share_once=1.0)
    effort.setflags(write=False)
    return effort


def effort_done(workload: Workload, *, step: int, total: int) -> Vector:
    """Return the effort of the steps that were done so far; see `total_effort`."""
    if not total or not step:
        return np.zeros(5)
    scales = _scale_efforts(workload)
    done = sum(sum(scale.evaluations) for scale in scales) * min(step / total, 1.0)
    parts = []
    for scale in scales:
        counts = []
        for count in scale.evaluations:
            counts.append(min(done, count))
            done -= counts[-1]
        parts.append((scale, counts))
    # Half of what is paid once is paid at the start, and half at the end.
    return _sum_effort(workload, parts, share_once=0.5)


def _sum_effort(
    workload: Workload,
    parts: Sequence[tuple[_ScaleEffort, Sequence[float]]],
    *,
    share_once: float,
) -> Vector:
    """Return the effort of these numbers of evaluations of each stage of each scale.

    Args:
        workload: the painting, for its number of pictures.
        parts: scales, each with a number of evaluations per stage.
        share_once: share of the effort that does not depend on the evaluations, from 0 to 1.
    """
    total = np.array([share_once, 0.0, 0.0, 0.0, 0.0])
    for scale, evaluations in parts:
        total[2] += scale.megapixels * share_once * (1 + workload.styles) / 2
        for stage, count in zip(scale.stages, evaluations, strict=True):
            network = 3 if stage.network is NetworkKind.REDUCED else 4
            total[1] += count
            total[network] += scale.megapixels * count * stage.cost
    return total


def _scale_efforts(workload: Workload) -> list[_ScaleEffort]:
    width, height = _painted_size(workload)
    recipe = workload.recipe
    scales = [Scale(recipe=recipe, share=1.0)]
    if not workload.has_start:
        scales = scales_of(recipe, width, height)
    efforts = []
    for scale in scales:
        schedule = Schedule.of(scale.recipe, styles=workload.styles)
        efforts.append(
            _ScaleEffort(
                megapixels=scale.share * width * height / 1e6,
                stages=schedule.stages,
                evaluations=schedule.evaluations(),
            )
        )
    return efforts


def _painted_size(workload: Workload) -> tuple[int, int]:
    """Return the width and height of the pastiche in pixels."""
    width, height = workload.content_size or (UNKNOWN_SIZE, round(UNKNOWN_SIZE * UNKNOWN_ASPECT))
    if workload.recipe.size is None:
        return width, height
    scale = workload.recipe.size / max(width, height)
    return round(width * scale), round(height * scale)
