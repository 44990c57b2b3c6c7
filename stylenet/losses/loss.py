"""The loss of a picture, term by term, and its gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from stylenet.architecture import down_to
from stylenet.losses.functional import out_of_gamut, style_loss, total_variation
from stylenet.losses.targets import measure_of
from stylenet.losses.whitening import DampedWhitening
from stylenet.recipe import WHITENED_LAYER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stylenet.features.vgg import Network
    from stylenet.losses.guides import Guides
    from stylenet.losses.targets import Targets
    from stylenet.recipe import Recipe

__all__ = ["WHITENED", "Loss"]

WHITENED = WHITENED_LAYER
"""The layer whose style term is whitened: at the start it is nearly all of the loss."""

_USUAL_ENERGY = 1e5
"""Of the paintings that the recipes' weights were settled on, at any size."""


class Loss:
    """A recipe's loss over pictures of one size.

    Args:
        network: whose features are compared; the targets were measured with it.
        targets: what they are compared with.
        recipe: weights and layers.
        deepest: the deepest layer whose terms are minimised; None minimises them all.
        damping: τ of the whitening of `WHITENED`; None leaves it plain.
        guides: of the targets' regions; None where there is one, the whole picture.
        side: of the tiles that pictures are looked at in, in pixels; None for whole pictures.

    Attributes:
        layers: all that have a term.
        minimised: those whose term is minimised.
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
        self._targets = targets
        self._content = _weights(recipe.content_layers, recipe.content_weight)
        self._style = _weights(recipe.style_layers, recipe.style_weight)
        self._tv_weight = recipe.tv_weight
        self._content = {name: w for name, w in self._content.items() if name in targets.content}
        self._style = {name: w for name, w in self._style.items() if name in targets.style}
        self.layers = frozenset(self._content) | frozenset(self._style)
        self.minimised = down_to(self.layers, deepest)
        self._measure = measure_of(
            network,
            side,
            style=frozenset(self._style),
            content={name: targets.content[name] for name in self._content},
            guides=guides,
        )
        # A region counts as much as it covers: then a pixel is pulled as it is without a mask.
        areas = (1.0,) if guides is None else guides.areas
        energies = [_energy(targets, recipe, region) for region in range(len(areas))]
        self._regions = [
            area * _balance(energy, recipe.contrast_power)
            for area, energy in zip(areas, energies, strict=True)
        ]
        # The guard rail keeps up with the size of the style term.
        energy = sum(w * e for w, e in zip(self._regions, energies, strict=True))
        self._gamut_weight = recipe.gamut_weight * recipe.style_weight * energy
        self._whitened: tuple[DampedWhitening, ...] = ()
        if damping is not None and WHITENED in self.minimised and WHITENED in self._style:
            self._whitened = tuple(DampedWhitening(g, damping) for g in targets.style[WHITENED])

    def differentiate(self, picture: Tensor) -> tuple[Tensor, ...]:
        """Return the `terms` of what is minimised, and the loss's gradient.

        Args:
            picture: (1, 3, height, width) in 0..255; values outside are allowed.

        Returns:
            (4,), and (1, 3, height, width).
        """
        picture = picture.detach().requires_grad_()
        terms = self.terms(picture, self.minimised)
        (gradient,) = torch.autograd.grad(terms[0], picture)
        return terms.detach(), gradient

    def terms(self, picture: Tensor, layers: frozenset[str]) -> Tensor:
        """What is minimised; and what is reported: all of `layers`, and nothing whitened.

        Returns:
            (4,): the loss, the content term, the style term and the total variation. They stay
            on the device, so that nothing waits for it in the middle.
        """
        measured = self._measure(picture, layers)
        variation = self._tv_weight * total_variation(picture)
        loss = variation
        content = style = picture.new_zeros(())
        for name, weight in self._content.items():
            if name in layers:
                term = weight * measured.content[name]
                content = content + term.detach()
                if name in self.minimised:
                    loss = loss + term
        for name, weight in self._style.items():
            if name in layers:
                plain, minimised = self._style_term(name, measured.grams[name])
                style = style + weight * plain.detach()
                if name in self.minimised:
                    loss = loss + weight * minimised
        if self._gamut_weight > 0:
            loss = loss + self._gamut_weight * out_of_gamut(picture) / 255**2
        return torch.stack([loss, content, style, variation.detach()])

    def _style_term(self, layer: str, grams: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """A layer's term, over all regions: as it is reported, and as it is minimised."""
        targets = self._targets.style[layer]
        regions = list(zip(self._regions, grams, targets, strict=True))
        plain = torch.stack([weight * style_loss(gram, g) for weight, gram, g in regions]).sum()
        if layer != WHITENED or not self._whitened:
            return plain, plain
        damped = [
            weight * whiten(gram)
            for (weight, gram, _), whiten in zip(regions, self._whitened, strict=True)
        ]
        return plain, torch.stack(damped).sum()


def _weights(layers: Sequence[tuple[str, float]], factor: float) -> dict[str, float]:
    return {name: weight * factor for name, weight in layers if weight > 0 and factor > 0}


def _energy(targets: Targets, recipe: Recipe, region: int) -> float:
    """The style term of a picture without any features, of a region and at weight 1."""
    return sum(
        weight * float(targets.style[name][region].square().mean())
        for name, weight in recipe.style_layers
        if name in targets.style
    )


def _balance(energy: float, power: float) -> float:
    """What a style term is multiplied with, so that it grows with this power of contrast.

    The energy is a fourth power. Below a hundredth of the usual one there is a plain colour or
    less, and nothing to make more of.
    """
    balance: float = max(energy / _USUAL_ENERGY, 0.01) ** (power / 4 - 1)
    return balance
