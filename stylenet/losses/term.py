"""The protocol of a loss term: what it is built from, and what it returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from stylenet.losses.measurement import Measurement
    from stylenet.losses.targets import Targets
    from stylenet.recipe import Recipe

__all__ = ["Term", "TermInputs", "TermValue"]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class TermInputs:
    """What a term is built from, once per objective.

    Attributes:
        recipe: the weights.
        targets: measured with the network whose features are compared.
        content_weights: by layer, the weight of its content loss.
        style_weights: by layer, the weight of its style loss.
        minimised: the layers whose terms are minimised.
        areas: each region's share of the picture, in 0..1.
        damping: τ of the whitened style loss; None disables whitening.
    """

    recipe: Recipe
    targets: Targets
    content_weights: Mapping[str, float]
    style_weights: Mapping[str, float]
    minimised: frozenset[str]
    areas: tuple[float, ...] = (1.0,)
    damping: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class TermValue:
    """A term's weighted value at one picture.

    Attributes:
        minimised: scalars that are added to the loss, in this order; gradients flow through them.
        reported: a scalar without a gradient, over every measured layer.
    """

    minimised: tuple[Tensor, ...]
    reported: Tensor


class Term(Protocol):
    """One term of the loss, built from `TermInputs` and listed in `stylenet.losses.loss.TERMS`.

    Attributes:
        name: the key of its value in `stylenet.events.Losses`.
        is_reported: whether its value is part of the reported losses and their total.
    """

    name: str
    is_reported: bool

    def __call__(self, measured: Measurement) -> TermValue:
        """Return the term's value for a measured picture."""
        ...
