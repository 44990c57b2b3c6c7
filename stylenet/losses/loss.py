"""The loss of a picture: the sum of its terms, and its gradient."""

from __future__ import annotations

import functools
import operator
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from stylenet.architecture import down_to
from stylenet.losses.content import ContentTerm
from stylenet.losses.pixels import GamutTerm, TotalVariationTerm
from stylenet.losses.style import StyleTerm
from stylenet.losses.term import Term, TermInputs
from stylenet.losses.tiling import make_measurer

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from stylenet.features.vgg import Network
    from stylenet.losses.measurement import Guides
    from stylenet.losses.targets import Targets
    from stylenet.recipe import Recipe

__all__ = ["TERMS", "Loss"]

TERMS: tuple[Callable[[TermInputs], Term], ...] = (
    TotalVariationTerm,
    ContentTerm,
    StyleTerm,
    GamutTerm,
)
"""Every term of the loss, in the order in which they are added up. A new one is registered here."""


class Loss:
    """A recipe's loss over pictures of one size.

    Args:
        network: whose features are compared; the targets were measured with it.
        targets: what they are compared with.
        recipe: weights and layers.
        deepest: the deepest layer whose terms are minimised; None minimises them all.
        damping: τ of the whitened style loss; None disables whitening.
        guides: of the targets' regions; None for a single region, the whole picture.
        side: side of the tiles in which pictures are measured, in pixels; None for whole pictures.

    Attributes:
        layers: all that have a term.
        minimised: those whose term is minimised.
        names: of the terms that are reported, in the order of `TERMS`.
    """

    def __init__(
        self,
        network: Network,
        targets: Targets,
        recipe: Recipe,
        *,
        deepest: str | None = None,
        damping: float | None = None,
        guides: Guides | None = None,
        side: int | None = None,
    ) -> None:
        content = _weights(recipe.content_layers, recipe.content_weight, targets.content)
        style = _weights(recipe.style_layers, recipe.style_weight, targets.style)
        self.layers = frozenset(content) | frozenset(style)
        self.minimised = down_to(self.layers, deepest)
        self._measure = make_measurer(
            network,
            side,
            style=frozenset(style),
            content={name: targets.content[name] for name in content},
            guides=guides,
        )
        inputs = TermInputs(
            recipe=recipe,
            targets=targets,
            content_weights=content,
            style_weights=style,
            minimised=self.minimised,
            areas=(1.0,) if guides is None else guides.areas,
            damping=damping,
        )
        self._terms = [build(inputs) for build in TERMS]
        self.names = tuple(term.name for term in self._terms if term.is_reported)

    def differentiate(self, picture: Tensor) -> tuple[Tensor, ...]:
        """Return the values of `evaluate` at the minimised layers, and the loss's gradient.

        Args:
            picture: (1, 3, height, width) in 0..255; values outside are allowed.

        Returns:
            (1 + names,), and (1, 3, height, width).
        """
        picture = picture.detach().requires_grad_()
        values = self.evaluate(picture, self.minimised)
        (gradient,) = torch.autograd.grad(values[0], picture)
        return values.detach(), gradient

    def evaluate(self, picture: Tensor, layers: frozenset[str]) -> Tensor:
        """Return the minimised loss, then the reported value of each term in `names`.

        The reported values cover all of `layers` and are never whitened.

        Args:
            picture: (1, 3, height, width) in 0..255; values outside are allowed.
            layers: those to measure.

        Returns:
            (1 + names,), on the picture's device, so that the host need not wait for each term.
        """
        measured = self._measure(picture, layers)
        values = [term(measured) for term in self._terms]
        loss = functools.reduce(operator.add, [part for v in values for part in v.minimised])
        reported = [
            v.reported for term, v in zip(self._terms, values, strict=True) if term.is_reported
        ]
        return torch.stack([loss, *reported])


def _weights(
    layers: Sequence[tuple[str, float]], factor: float, targets: Collection[str]
) -> dict[str, float]:
    """Return the weight of each layer that has one above 0 and a target."""
    return {
        name: weight * factor
        for name, weight in layers
        if weight > 0 and factor > 0 and name in targets
    }
