"""Turn masks into regions: which style goes where, and where the content picture is kept.

A mask is a grey picture, white where its style goes. A *region* is a part of the picture with its
own mix of styles; neighbouring regions may blend into each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from stylenet.errors import EmptyMaskError, RecipeError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stylenet.arrays import Values
    from stylenet.recipe import Recipe


__all__ = ["Region", "coverage", "make_regions"]

_SMALLEST_REGION = 0.5
"""In pixels of area; a region smaller than this is refused as empty."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Region:
    """A part of the picture that is painted in one mix of styles.

    Attributes:
        share: (height, width) in 0..1, how much of each pixel belongs to the region; None for the
            whole picture.
        mix: the weight of each style picture, with a sum of 1.
    """

    share: Values | None
    mix: tuple[float, ...]


def make_regions(
    masks: Sequence[Image.Image | None], styles: int, recipe: Recipe, *, width: int, height: int
) -> tuple[Region, ...]:
    """Divide the picture into regions.

    Styles with the same mask are blended in one region. Styles without a mask are blended where
    no mask covers the picture. Where masks overlap, their regions share the pixels by `blend`.

    Args:
        masks: a picture of any size, or None, for each style picture; empty if there are no masks.
        styles: number of style pictures.
        recipe: its `blend`, and `mask_softness`.
        width: of the picture that is painted, in pixels.
        height: of the picture that is painted, in pixels.

    Raises:
        RecipeError: the number of masks or weights is not the number of styles.
        EmptyMaskError: a mask leaves its style no pixels.
    """
    if masks and len(masks) != styles:
        raise RecipeError("masks", len(masks), f"{styles}, one per style picture")
    if recipe.blend and len(recipe.blend) != styles:
        raise RecipeError("blend", recipe.blend, f"{styles} weights, one per style picture")
    weights = np.array(recipe.blend or (1.0,) * styles)
    weights /= weights.sum()
    groups = _group_by_mask(masks or (None,) * styles, weights.tolist())
    if len(groups) == 1 and groups[0].mask is None:
        return (Region(share=None, mix=tuple(weights.tolist())),)
    softness = recipe.mask_softness * max(width, height)
    shapes = [
        None if group.mask is None else _soften(group.mask, width, height, softness)
        for group in groups
    ]
    covered = np.sum([shape for shape in shapes if shape is not None], axis=0)
    uncovered = (1 - covered).clip(0, 1)
    wanted = [uncovered if shape is None else shape for shape in shapes]
    mixes = [weights * np.isin(np.arange(styles), group.styles) for group in groups]
    # All (height, width): where masks overlap, the claims are scaled down to what there is.
    claims = [mix.sum() * shape for mix, shape in zip(mixes, wanted, strict=True)]
    total = np.sum(claims, axis=0)
    scale = np.sum(wanted, axis=0).clip(0, 1) / np.where(total > 0, total, 1)
    regions = []
    for group, mix, claim in zip(groups, mixes, claims, strict=True):
        share = claim * scale
        if share.sum() < _SMALLEST_REGION:
            raise EmptyMaskError(group.styles[0])
        regions.append(Region(share=share, mix=tuple((mix / mix.sum()).tolist())))
    return tuple(regions)


def coverage(regions: Sequence[Region]) -> Values | None:
    """Return how much of each pixel is painted, (height, width) in 0..1; None for all of it."""
    shares = [region.share for region in regions if region.share is not None]
    if not shares:
        return None
    covered: Values = np.sum(shares, axis=0).clip(0, 1)
    return covered


@dataclass(kw_only=True, slots=True)
class _Group:
    """Styles that share a mask."""

    mask: Image.Image | None
    styles: list[int]


def _group_by_mask(masks: Sequence[Image.Image | None], weights: Sequence[float]) -> list[_Group]:
    groups: dict[bytes | None, _Group] = {}
    for index, (given, weight) in enumerate(zip(masks, weights, strict=True)):
        mask = None if given is None else given.convert("L")
        if mask is not None:
            darkest, brightest = mask.getextrema()
            if brightest == 0:
                raise EmptyMaskError(index)
            if darkest == 255:  # entirely white, as if there were no mask
                mask = None
        if weight == 0:
            continue
        key = None if mask is None else repr(mask.size).encode() + mask.tobytes()
        groups.setdefault(key, _Group(mask=mask, styles=[])).styles.append(index)
    return list(groups.values())


def _soften(mask: Image.Image, width: int, height: int, softness: float) -> Values:
    """Resize a mask and blur it with this standard deviation in pixels: (height, width) in 0..1."""
    resized = mask.resize((width, height), Image.Resampling.BILINEAR)
    values: Values = np.asarray(resized, dtype=np.float64) / 255
    if softness > 0:
        from scipy import ndimage  # noqa: PLC0415 - slow to import, and rarely needed

        values = ndimage.gaussian_filter(values, softness, mode="nearest")
    return values
