"""The style term: how far the picture's Gram matrices are from the style pictures'."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from stylenet.losses.functional import style_loss
from stylenet.losses.term import TermValue
from stylenet.losses.whitening import DampedWhitening
from stylenet.recipe import WHITENED_LAYER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from stylenet.losses.measurement import Measurement
    from stylenet.losses.targets import Targets
    from stylenet.losses.term import TermInputs
    from stylenet.recipe import Recipe

__all__ = ["StyleTerm", "relative_energy", "style_energy"]

_USUAL_ENERGY = 1e5
"""Style energy of the pictures for which the recipes' weights were chosen, at any size."""


class StyleTerm:
    """Σ_l w_l · Σ_r b_r · mean((G_lr − G*_lr)²) over the style layers l and the regions r.

    If the inputs have a damping, the minimised value of `WHITENED_LAYER` is whitened. The
    reported value never is.
    """

    name = "style"
    is_reported = True

    def __init__(self, inputs: TermInputs) -> None:
        self._weights = inputs.style_weights
        self._minimised = inputs.minimised
        self._targets = inputs.targets.style
        self._region_weights = _region_weights(inputs)
        self._whitened: tuple[DampedWhitening, ...] = ()
        if (
            inputs.damping is not None
            and WHITENED_LAYER in inputs.minimised
            and WHITENED_LAYER in inputs.style_weights
        ):
            targets = inputs.targets.style[WHITENED_LAYER]
            self._whitened = tuple(DampedWhitening(target, inputs.damping) for target in targets)

    def __call__(self, measured: Measurement) -> TermValue:
        """See `Term`."""
        reported = measured.picture.new_zeros(())
        minimised = []
        for layer, weight in self._weights.items():
            if layer not in measured.grams:
                continue
            grams = measured.grams[layer]
            plain = self._plain(layer, grams)
            reported = reported + weight * plain.detach()
            if layer in self._minimised:
                is_whitened = layer == WHITENED_LAYER and self._whitened
                minimised.append(weight * (self._damped(grams) if is_whitened else plain))
        return TermValue(minimised=tuple(minimised), reported=reported)

    def _plain(self, layer: str, grams: Sequence[Tensor]) -> Tensor:
        regions = zip(self._region_weights, grams, self._targets[layer], strict=True)
        values = [weight * style_loss(gram, target) for weight, gram, target in regions]
        return torch.stack(values).sum()

    def _damped(self, grams: Sequence[Tensor]) -> Tensor:
        regions = zip(self._region_weights, grams, self._whitened, strict=True)
        return torch.stack([weight * whitened(gram) for weight, gram, whitened in regions]).sum()


def relative_energy(inputs: TermInputs) -> float:
    """Return the energy of the styles, averaged over the picture, relative to the usual one.

    The usual one is that of the pictures for which the recipes' weights were chosen.
    """
    energies = zip(inputs.areas, _energies(inputs), strict=True)
    return sum(area * energy for area, energy in energies) / (sum(inputs.areas) * _USUAL_ENERGY)


def style_energy(inputs: TermInputs) -> float:
    """Return the style term, at `style_weight` 1, of a picture whose features are all 0."""
    energies = _energies(inputs)
    return sum(w * e for w, e in zip(_region_weights(inputs), energies, strict=True))


def _region_weights(inputs: TermInputs) -> list[float]:
    """Weight a region by its area, so that a pixel is pulled as strongly as without masks."""
    return [
        area * _contrast_balance(energy, inputs.recipe.contrast_power)
        for area, energy in zip(inputs.areas, _energies(inputs), strict=True)
    ]


def _energies(inputs: TermInputs) -> list[float]:
    return [_energy(inputs.targets, inputs.recipe, region) for region in range(len(inputs.areas))]


def _energy(targets: Targets, recipe: Recipe, region: int) -> float:
    """Return Σ_l w_l · mean(G*_l²) of one region."""
    return sum(
        weight * float(targets.style[name][region].square().mean())
        for name, weight in recipe.style_layers
        if name in targets.style
    )


def _contrast_balance(energy: float, power: float) -> float:
    """Return the factor that makes a style loss grow with this power of the style's contrast.

    The energy is a fourth power of the contrast. Below a hundredth of the usual energy the style
    is nearly a plain colour, whose contrast is not to be amplified any further.
    """
    balance: float = max(energy / _USUAL_ENERGY, 0.01) ** (power / 4 - 1)
    return balance
