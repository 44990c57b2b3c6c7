"""Coarse to fine: first a small painting, then each larger one from where the last one ended.

The network's deepest features see some hundred pixels. In a small picture that is a swirl of a
sky, in a large one a stroke of it: a large picture painted at once has the style's strokes and
little of its sweep, and a small one costs next to nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stylenet.recipe import Recipe

__all__ = ["Scale", "scales_of"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Scale:
    """One of the sizes that a picture is painted at.

    Attributes:
        recipe: the painting's, with this scale's size, and its budget in passes of this size.
        share: its pixels, as a part of the full picture's.
    """

    recipe: Recipe
    share: float


def scales_of(recipe: Recipe, width: int, height: int) -> list[Scale]:
    """Return the scales of a painting, the coarsest first: each half of the next.

    The recipe's budget is divided so that every scale is given as many passes of its own size.

    Args:
        recipe: of the painting.
        width: of the full picture, in pixels.
        height: likewise.
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
