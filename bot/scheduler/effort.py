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

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from stylenet.budget import Network, Schedule
from stylenet.scales import Scale, scales_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from bot.jobs.models import Job
    from stylenet.budget import Stage

    Vector = NDArray[np.float64]

__all__ = ["effort_done", "total_effort"]

UNKNOWN_ASPECT: Final = 0.75
UNKNOWN_SIZE: Final = 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class _ScaleEffort:
    """Megapixels of a scale, its stages, and the number of evaluations of each stage."""

    megapixels: float
    stages: tuple[Stage, ...]
    evaluations: tuple[int, ...]


def total_effort(job: Job) -> Vector:
    """Return the effort of a whole painting.

    Returns:
        (5,) float64: 1; evaluations; megapixels times half the number of pictures; megapixels
        times passes on the reduced network; megapixels times passes on the exact network.
    """
    scales = _scale_efforts(job)
    return _sum_effort(job, [(scale, scale.evaluations) for scale in scales], share_once=1.0)


def effort_done(job: Job) -> Vector:
    """Return the effort of the steps that a job has done so far; see `total_effort`."""
    if not job.total or not job.step:
        return np.zeros(5)
    scales = _scale_efforts(job)
    done = sum(sum(scale.evaluations) for scale in scales) * min(job.step / job.total, 1.0)
    parts = []
    for scale in scales:
        counts = []
        for count in scale.evaluations:
            counts.append(min(done, count))
            done -= counts[-1]
        parts.append((scale, counts))
    # Half of what is paid once is paid at the start, and half at the end.
    return _sum_effort(job, parts, share_once=0.5)


def _sum_effort(
    job: Job, parts: Sequence[tuple[_ScaleEffort, Sequence[float]]], *, share_once: float
) -> Vector:
    """Return the effort of these numbers of evaluations of each stage of each scale.

    Args:
        job: the job, for its number of pictures.
        parts: scales, each with a number of evaluations per stage.
        share_once: share of the effort that does not depend on the evaluations, from 0 to 1.
    """
    total = np.array([share_once, 0.0, 0.0, 0.0, 0.0])
    for scale, evaluations in parts:
        total[2] += scale.megapixels * share_once * (1 + len(job.style_keys)) / 2
        for stage, count in zip(scale.stages, evaluations, strict=True):
            network = 3 if stage.network is Network.REDUCED else 4
            total[1] += count
            total[network] += scale.megapixels * count * stage.cost
    return total


def _scale_efforts(job: Job) -> list[_ScaleEffort]:
    width, height = _painted_size(job)
    scales = [Scale(recipe=job.recipe, share=1.0)]
    if job.start_key is None:
        scales = scales_of(job.recipe, width, height)
    efforts = []
    for scale in scales:
        schedule = Schedule.of(scale.recipe, styles=len(job.style_keys))
        efforts.append(
            _ScaleEffort(
                megapixels=scale.share * width * height / 1e6,
                stages=schedule.stages,
                evaluations=schedule.evaluations(),
            )
        )
    return efforts


def _painted_size(job: Job) -> tuple[int, int]:
    """Return the width and height of the pastiche in pixels."""
    width, height = job.content_size or (UNKNOWN_SIZE, round(UNKNOWN_SIZE * UNKNOWN_ASPECT))
    if job.recipe.size is None:
        return width, height
    scale = job.recipe.size / max(width, height)
    return round(width * scale), round(height * scale)
