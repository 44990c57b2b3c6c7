"""Prepare the inputs of a painting: size and recolour the pictures, and render the result."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from stylenet import images
from stylenet.errors import RecipeError
from stylenet.features.weights import MEAN_RGB
from stylenet.preprocessing import colors
from stylenet.preprocessing.regions import Region, coverage, make_regions
from stylenet.recipe import Recipe, Start, StyleFit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stylenet.arrays import Pixels, Values


__all__ = ["Inputs", "prepare_inputs"]

_NOISE_CELLS = 16
"""Cells of smooth noise along a picture's longest side."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Inputs:
    """The pictures as the network sees them, each (height, width, 3) in 0..255.

    Attributes:
        content: the content picture at the size that is painted.
        styles: the style pictures, of any size.
        target: the picture whose features are the content term's target.
        start: the picture the optimization starts from.
        given_start: whether the caller gave the start, instead of the recipe.
        original: the content picture whose hues are kept; None if colours are painted too.
        alpha: opacity (height, width, 1) that the result gets; None if it is opaque.
        regions: the parts of the picture, each with its mix of the styles.
    """

    content: Values
    styles: list[Values]
    target: Values
    start: Values
    given_start: bool
    original: Values | None
    alpha: Pixels | None
    regions: tuple[Region, ...]

    def render(self, picture: Values) -> Pixels:
        """Convert an optimized picture (height, width, 3) to the pixels that are written.

        Returns:
            (height, width, 3), or (height, width, 4) where transparency is kept.
        """
        if self.original is not None:
            picture = colors.with_luminance(self.original, picture)
        pixels = images.to_pixels(picture)
        return pixels if self.alpha is None else np.concatenate([pixels, self.alpha], axis=2)

    def fingerprint(self, recipe: Recipe, weights: str) -> str:
        """Return a hash of recipe, weights and pictures: what a checkpoint must match."""
        digest = hashlib.sha256(f"{recipe.to_json()}\0{weights}".encode())
        content = self.content if self.original is None else self.original
        given = [content, *self.styles, *([self.start] if self.given_start else [])]
        shares = [r.share * 255 for r in self.regions if r.share is not None]
        for picture in (*given, *shares):
            digest.update(repr(picture.shape).encode())
            digest.update(images.to_pixels(picture).tobytes())
        return digest.hexdigest()


def prepare_inputs(
    content: Image.Image,
    styles: Sequence[Image.Image],
    recipe: Recipe,
    *,
    masks: Sequence[Image.Image | None] = (),
    start: Image.Image | None = None,
) -> Inputs:
    """Bring the pictures to the sizes and colours that the recipe asks for.

    Args:
        content: the content picture, in mode RGBA if its transparency may be kept.
        styles: one style picture or more.
        recipe: sizes, colours, and the start if none is given.
        masks: for each style, a grey picture of any size, white where the style goes, or None;
            see `stylenet.preprocessing.regions.make_regions`.
        start: the picture to start from; it is resized to the content picture's size.

    Raises:
        RecipeError: the recipe or the masks do not fit the pictures.
        EmptyMaskError: a mask leaves its style no pixels.
    """
    if not styles:
        raise RecipeError("styles", 0, "one style picture or more")
    resized = images.fit_longest_side(content.convert("RGB"), recipe.size)
    canvas = _array(resized)
    regions = make_regions(masks, len(styles), recipe, width=resized.width, height=resized.height)
    fitted = [_array(_fit_style(style.convert("RGB"), resized, recipe)) for style in styles]
    original = None
    if recipe.keep_colors:
        original, canvas = canvas, colors.luminance(canvas)
        fitted = [
            colors.match_luminance(
                colors.luminance(style), canvas, share=_share_of_style(index, regions)
            )
            for index, style in enumerate(fitted)
        ]
    # With keep_colors the styles' luminance was matched to the content's, not the other way round.
    recolored = canvas if recipe.keep_colors else _recolored(canvas, fitted, regions)
    if start is None:
        # From the proportions at full size, so that all scales have the same noise.
        cells = _noise_cells(content.width, content.height)
        begin = _start(canvas, recolored, fitted, recipe, cells=cells)
    else:
        begin = _array(images.fit_exactly(start.convert("RGB"), resized.width, resized.height))
        begin = colors.luminance(begin) if recipe.keep_colors else begin
    covered = coverage(regions)
    return Inputs(
        content=canvas,
        styles=fitted,
        target=_composite(covered, recolored, canvas) if recipe.recolor_content else canvas,
        start=_composite(covered, begin, canvas),
        given_start=start is not None,
        original=original,
        alpha=_alpha(content, resized.size) if recipe.keep_transparency else None,
        regions=regions,
    )


def _fit_style(style: Image.Image, content: Image.Image, recipe: Recipe) -> Image.Image:
    """Cut off the style picture's margins and resize it as the recipe asks."""
    scale = recipe.style_scale
    left, top = round(style.width * recipe.style_trim), round(style.height * recipe.style_trim)
    style = style.crop((left, top, style.width - left, style.height - top))
    if recipe.style_fit is StyleFit.STRETCH:
        return images.fit_exactly(
            style, round(content.width * scale), round(content.height * scale)
        )
    return images.fit_area(style, content.width * content.height * scale**2)


def _share_of_style(style: int, regions: Sequence[Region]) -> Values | None:
    """Return the share of the region that a style is in; None for the whole picture."""
    return next((region.share for region in regions if region.mix[style] > 0), None)


def _start(
    content: Values,
    recolored: Values,
    styles: Sequence[Values],
    recipe: Recipe,
    *,
    cells: tuple[int, int],
) -> Values:
    """Return the picture that the optimization starts from.

    Args:
        content: the content picture.
        recolored: the same in the styles' colours.
        styles: the style pictures.
        recipe: the kind of start, and its noise.
        cells: rows and columns of the cells of smooth noise.
    """
    if recipe.start is Start.NOISE:
        noise = np.random.default_rng(recipe.seed).standard_normal(content.shape)
        start: Values = np.array(MEAN_RGB) + recipe.start_noise * noise
        return start
    start = recolored if recipe.start is Start.RECOLORED else content
    amount = np.full(start.shape[:2], recipe.variety if recipe.seed else 0.0)
    if recipe.least_variation:
        missing = recipe.least_variation**2 - _local_variance(start, cells)
        amount = np.sqrt(np.maximum(amount**2, missing))
    if not amount.any():
        return start
    noise = colors.color_noise(_smooth_noise(start.shape, cells, recipe.seed), styles)
    return start + amount[..., None] * noise


def _noise_cells(width: int, height: int) -> tuple[int, int]:
    """Return rows and columns of the cells of smooth noise in a picture of these proportions."""
    cell = max(width, height) / _NOISE_CELLS
    return max(2, round(height / cell)), max(2, round(width / cell))


def _local_variance(picture: Values, cells: tuple[int, int]) -> Values:
    """Return the variance of brightness around each pixel, over about a cell: (height, width)."""
    height, width, _ = picture.shape
    brightness = colors.luminance(picture)[..., 0]
    mean, square = (
        np.asarray(
            Image.fromarray(plane.astype(np.float32))
            .resize(cells[::-1], Image.Resampling.BOX)
            .resize((width, height), Image.Resampling.BILINEAR),
            dtype=np.float64,
        )
        for plane in (brightness, brightness**2)
    )
    return (square - mean**2).clip(0)


def _smooth_noise(shape: tuple[int, ...], cells: tuple[int, int], seed: int) -> Values:
    """Return smooth noise with standard deviation 1 in each channel.

    The first steps would remove noise of single pixels. Noise as coarse as the parts of the picture
    leads the optimization to another result.
    """
    height, width, _ = shape
    random = np.random.default_rng(seed)
    planes = []
    for _ in range(3):
        plane = Image.fromarray(random.standard_normal(cells).astype(np.float32))
        planes.append(np.asarray(plane.resize((width, height), Image.Resampling.BICUBIC)))
    noise: Values = np.stack(planes, axis=-1).astype(np.float64)  # (height, width, 3)
    noise /= noise.std(axis=(0, 1)).clip(1e-9)  # a single pixel has none
    return noise


def _recolored(content: Values, styles: list[Values], regions: Sequence[Region]) -> Values:
    """Give each region of the content picture its styles' colours; keep pixels in no region."""
    recolored = np.zeros_like(content)
    covered = np.zeros(content.shape[:2])
    for region in regions:
        matched = colors.match_colors(content, styles, region.mix, share=region.share)
        if region.share is None:
            return matched
        recolored += region.share[..., None] * matched
        covered += region.share
    return np.where(covered[..., None] > 0, recolored / covered.clip(1e-9)[..., None], content)


def _composite(covered: Values | None, painted: Values, content: Values) -> Values:
    """Return the painted picture where it covers, and the content picture elsewhere."""
    if covered is None:
        return painted
    composite: Values = content + covered[..., None] * (painted - content)  # (height, width, 3)
    return composite


def _alpha(content: Image.Image, size: tuple[int, int]) -> Pixels | None:
    """Return the opacity (height, width, 1) of a picture, resized; None if it has none."""
    if not content.has_transparency_data:
        return None
    alpha = content.convert("RGBA").getchannel("A").resize(size, Image.Resampling.LANCZOS)
    return np.asarray(alpha)[..., None]


def _array(image: Image.Image) -> Values:
    return np.asarray(image, dtype=np.float64)
