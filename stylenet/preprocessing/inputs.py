"""The pictures of a painting: sized, coloured, and shown again as what is written."""

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
from stylenet.preprocessing.regions import Region, coverage, divide
from stylenet.recipe import Recipe, Start, StyleFit

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Values = npt.NDArray[np.float64]
    Pixels = npt.NDArray[np.uint8]

__all__ = ["Pictures", "prepare"]

_CLOUDS = 16
"""How many cells of smooth noise there are along a picture's longest side."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Pictures:
    """The pictures as the network will see them, (height, width, 3) in 0..255.

    Attributes:
        target: what the content term is measured against.
        start: what painting begins from.
        given_start: whether it was given, and not made as the recipe says.
        original: the content picture whose hues are kept; None where they are painted too.
        regions: the parts of the picture, each with its mix of the styles.
    """

    content: Values
    styles: list[Values]
    target: Values
    start: Values
    given_start: bool
    original: Values | None
    regions: tuple[Region, ...]

    def show(self, picture: Values) -> Pixels:
        """Turn a picture of the search into the pixels that are written."""
        if self.original is not None:
            picture = colors.with_luminance(self.original, picture)
        return images.to_pixels(picture)

    def fingerprint(self, recipe: Recipe, weights: str) -> str:
        """Identify the painting: the same inputs, or a checkpoint is not its own."""
        digest = hashlib.sha256(f"{recipe.to_json()}\0{weights}".encode())
        content = self.content if self.original is None else self.original
        given = [content, *self.styles, *([self.start] if self.given_start else [])]
        shares = [r.share * 255 for r in self.regions if r.share is not None]
        for picture in (*given, *shares):
            digest.update(repr(picture.shape).encode())
            digest.update(images.to_pixels(picture).tobytes())
        return digest.hexdigest()


def prepare(
    content: Image.Image,
    styles: Sequence[Image.Image],
    recipe: Recipe,
    *,
    masks: Sequence[Image.Image | None] = (),
    start: Image.Image | None = None,
) -> Pictures:
    """Bring the pictures to the sizes and colours that the recipe asks for.

    Args:
        content: the picture that is repainted.
        styles: one picture or more to paint like.
        masks: for each style, a grey picture of any size, white where the style goes, or None;
            see `stylenet.preprocessing.regions.divide`.
        recipe: sizes, colours, and the start where there is no picture of it.
        start: the picture painting begins from; it takes the content picture's size.

    Raises:
        RecipeError: the recipe or the masks do not fit the pictures.
        EmptyMaskError: a mask leaves a style no place.
    """
    if not styles:
        raise RecipeError("styles", 0, "one style picture or more")
    resized = images.fit_longest_side(content.convert("RGB"), recipe.size)
    canvas = _array(resized)
    regions = divide(masks, len(styles), recipe, width=resized.width, height=resized.height)
    fitted = [_array(_fit_style(style.convert("RGB"), resized, recipe)) for style in styles]
    original = None
    if recipe.keep_colors:
        original, canvas = canvas, colors.luminance(canvas)
        fitted = [
            colors.match_luminance(colors.luminance(style), canvas, share=_share_of(index, regions))
            for index, style in enumerate(fitted)
        ]
    # With its own colours, the styles' brightness was matched to the content's.
    recolored = canvas if recipe.keep_colors else _recolored(canvas, fitted, regions)
    if start is None:
        begin = _start(canvas, recolored, fitted, recipe)
    else:
        begin = _array(images.fit_exactly(start.convert("RGB"), resized.width, resized.height))
        begin = colors.luminance(begin) if recipe.keep_colors else begin
    covered = coverage(regions)
    return Pictures(
        content=canvas,
        styles=fitted,
        target=_within(covered, recolored, canvas) if recipe.recolor_content else canvas,
        start=_within(covered, begin, canvas),
        given_start=start is not None,
        original=original,
        regions=regions,
    )


def _fit_style(style: Image.Image, content: Image.Image, recipe: Recipe) -> Image.Image:
    scale = recipe.style_scale
    if recipe.style_fit is StyleFit.STRETCH:
        return images.fit_exactly(
            style, round(content.width * scale), round(content.height * scale)
        )
    return images.fit_area(style, content.width * content.height * scale**2)


def _share_of(style: int, regions: Sequence[Region]) -> Values | None:
    """How much each pixel counts for a style: that of its region; None for all alike."""
    return next((region.share for region in regions if region.mix[style] > 0), None)


def _start(content: Values, recolored: Values, styles: Sequence[Values], recipe: Recipe) -> Values:
    if recipe.start is Start.NOISE:
        noise = np.random.default_rng(recipe.seed).standard_normal(content.shape)
        start: Values = np.array(MEAN_RGB) + recipe.start_noise * noise
        return start
    start = recolored if recipe.start is Start.RECOLORED else content
    if recipe.seed == 0:
        return start
    return start + recipe.variety * colors.in_palette(_clouds(start.shape, recipe), styles)


def _clouds(shape: tuple[int, ...], recipe: Recipe) -> Values:
    """Smooth noise of the recipe's seed, of standard deviation 1.

    Noise pixel by pixel would be painted away; what is as large as the picture's parts leads the
    painting elsewhere.
    """
    height, width, _ = shape
    cell = max(height, width) / _CLOUDS
    grid = (max(2, round(height / cell)), max(2, round(width / cell)))
    random = np.random.default_rng(recipe.seed)
    planes = []
    for _ in range(3):
        plane = Image.fromarray(random.standard_normal(grid).astype(np.float32))
        planes.append(np.asarray(plane.resize((width, height), Image.Resampling.BICUBIC)))
    clouds: Values = np.stack(planes, axis=-1).astype(np.float64)
    clouds /= clouds.std(axis=(0, 1))
    return clouds


def _recolored(content: Values, styles: list[Values], regions: Sequence[Region]) -> Values:
    """The content in its styles' colours, region by region; what lies outside does not show."""
    recolored = np.zeros_like(content)
    covered = np.zeros(content.shape[:2])
    for region in regions:
        matched = colors.match_colors(content, styles, region.mix, share=region.share)
        if region.share is None:
            return matched
        recolored += region.share[..., None] * matched
        covered += region.share
    return np.where(covered[..., None] > 0, recolored / covered.clip(1e-9)[..., None], content)


def _within(covered: Values | None, painted: Values, content: Values) -> Values:
    """What is painted where it covers the picture, and the content elsewhere."""
    if covered is None:
        return painted
    within: Values = content + covered[..., None] * (painted - content)
    return within


def _array(image: Image.Image) -> Values:
    return np.asarray(image, dtype=np.float64)
