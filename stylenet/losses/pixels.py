"""The terms that look at pixels only: total variation, and the penalty outside 0..255."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stylenet.losses.functional import out_of_gamut, total_variation
from stylenet.losses.style import relative_energy, style_energy
from stylenet.losses.term import TermValue

if TYPE_CHECKING:
    from stylenet.losses.measurement import Measurement
    from stylenet.losses.term import TermInputs

__all__ = ["GamutTerm", "TotalVariationTerm"]


class TotalVariationTerm:
    """tv_weight · max(1, E / 10⁵)^tv_energy_power · total variation: evens out neighbours.

    E is the style's energy. A style of hard edges and flat areas, such as a line drawing or pixel
    art, has much of it, and otherwise leaves a fine mesh or specks in areas that should be flat.
    """

    name = "total_variation"
    is_reported = True

    def __init__(self, inputs: TermInputs) -> None:
        recipe = inputs.recipe
        excess = max(1.0, relative_energy(inputs)) if recipe.tv_energy_power else 1.0
        self._weight = recipe.tv_weight * excess**recipe.tv_energy_power

    def __call__(self, measured: Measurement) -> TermValue:
        """See `Term`."""
        value = self._weight * total_variation(measured.picture)
        return TermValue(minimised=(value,), reported=value.detach())


class GamutTerm:
    """A penalty on values outside 0..255, which cannot be written to a file.

    It is no part of the recipe's loss, so it is not reported. Its weight grows with the style's
    energy, as the style term itself does, so that it stays as effective for any style.
    """

    name = "gamut"
    is_reported = False

    def __init__(self, inputs: TermInputs) -> None:
        recipe = inputs.recipe
        self._weight = recipe.gamut_weight * recipe.style_weight * style_energy(inputs)

    def __call__(self, measured: Measurement) -> TermValue:
        """See `Term`."""
        picture = measured.picture
        if self._weight == 0:
            return TermValue(minimised=(), reported=picture.new_zeros(()))
        value = self._weight * out_of_gamut(picture) / 255**2
        return TermValue(minimised=(value,), reported=value.detach())
