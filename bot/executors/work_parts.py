"""Read the parts of a work from its frame, its pictures decoded."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from stylenet.recipe import Recipe

if TYPE_CHECKING:
    from PIL import Image

    from bot.executors.picture_decoder import PictureDecoder, WorkPictures
    from bot.executors.pipe import Frame

__all__ = ["WorkParts", "read_parts"]

_SAMPLES_PER_SIDE: Final = 2
"""Least pixels of a style, mask or start per pixel painted, along each side, if it is reduced."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class WorkParts:
    """What `stylenet.paint` is given.

    Attributes:
        recipe: every choice that shapes the picture.
        content: the content image, no larger than it is painted, RGBA if transparency is kept.
        styles: one style image or more.
        masks: for each style image, a mask or None; empty if no style has one.
        start: the image to start from, or None.
        checkpoint: state to resume from, or None.
    """

    recipe: Recipe
    content: Image.Image
    styles: tuple[Image.Image, ...]
    masks: tuple[Image.Image | None, ...]
    start: Image.Image | None
    checkpoint: bytes | None


def read_parts(frame: Frame, decoder: PictureDecoder) -> WorkParts:
    """Decode the pictures of a work in a confined process, as large as they are needed.

    Args:
        frame: the work, as `bot.executors.execution` encodes it.
        decoder: starts the process.

    Raises:
        DecodingError: one of the pictures cannot be used.
        RecipeError: the recipe is invalid.
        ValueError: the frame is not a work.
        OSError: no process can be started.
    """
    recipe = Recipe.from_json(frame.fields["recipe"])
    images: dict[str, list[Image.Image | None]] = {
        part: [] for part in ("content", "style", "mask", "start")
    }
    checkpoint = None
    with decoder.pictures() as pictures:
        for part, data in zip(frame.fields["parts"], frame.blobs, strict=True):
            if part == "checkpoint":
                checkpoint = data
            elif part in images:
                # An empty mask stands for none; no encoded picture is empty.
                images[part].append(_decode(pictures, data, part, recipe) if data else None)
            else:
                msg = f"unknown part of a work: {part!r}"
                raise ValueError(msg)
    [content] = images["content"]
    styles = tuple(style for style in images["style"] if style is not None)
    if content is None or len(styles) != len(images["style"]):
        raise ValueError("a picture is empty")
    return WorkParts(
        recipe=recipe,
        content=content,
        styles=styles,
        masks=tuple(images["mask"]),
        start=next(iter(images["start"]), None),
        checkpoint=checkpoint,
    )


def _decode(pictures: WorkPictures, data: bytes, part: str, recipe: Recipe) -> Image.Image:
    """Decode a picture, reduced as far as its part in this recipe allows.

    Neither side of a style image is painted longer than the result's longest side, times its scale.
    """
    if part == "content":
        return pictures.decode(
            data, part=part, keep_alpha=recipe.keep_transparency, longest_side=recipe.size
        )
    if recipe.size is None:
        return pictures.decode(data, part=part)
    scale = recipe.style_scale if part == "style" else 1
    shortest_side = math.ceil(_SAMPLES_PER_SIDE * recipe.size * scale)
    return pictures.decode(data, part=part, shortest_side=shortest_side)
