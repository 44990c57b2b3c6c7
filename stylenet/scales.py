"""Coarse to fine: paint a small picture first, then start each larger one from its result.

The network's deepest features cover about a hundred pixels. In a small picture that is a whole
swirl of a sky, in a large one a single stroke: painted at full size alone, a large picture gets
the style's strokes but not its large shapes. The small pictures cost little. Free of torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stylenet.recipe import Recipe

__all__ = ["Scale", "scales_of"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Scale:
    """One size that a picture is painted at.

    Attributes:
        recipe: with this scale's size, and its budget in passes of this size.
        share: its number of pixels, relative to the full size.
    """

    recipe: Recipe
    share: float


def scales_of(recipe: Recipe, width: int, height: int) -> list[Scale]:
    """Return the scales of a painting, the coarsest first; each is half the size of the next.

    The recipe's budget is divided so that every scale gets the same number of passes of its own
    size. A budget that is too small to divide is spent at full size.

    Args:
        recipe: of the painting.
        width: of the full picture, in pixels.
        height: of the full picture, in pixels.
    """
    sizes = [max(width, height)]
    while recipe.coarsest > 0 and sizes[0] / 2 >= recipe.coarsest:
        sizes.insert(0, round(sizes[0] / 2))
    shares = [(size / sizes[-1]) ** 2 for size in sizes]
    passes = recipe.passes / sum(shares)
    if len(sizes) == 1 or passes < 1:
        return [Scale(recipe=recipe, share=1.0)]
    return [
        Scale(recipe=recipe.evolve(size=size, passes=passes), share=share)
        for size, share in zip(sizes, shares, strict=True)
    ]
