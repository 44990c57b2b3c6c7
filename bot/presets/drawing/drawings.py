"""The drawing function of each preset, and the encoding of its picture."""

from __future__ import annotations

import io
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from bot.presets.drawing import (
    batik,
    crystal,
    discs,
    embroidery,
    halftone,
    ink_wash,
    mosaic,
    neon,
    palette_knife,
    pointillism,
    stained_glass,
    swirls,
    watercolour,
    waves,
    woodcut,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy.typing as npt

    from bot.presets.drawing.noise import Shape
    from bot.presets.drawing.oklab import Colours

__all__ = ["DRAWINGS", "MAX_BYTES", "SHAPE", "draw", "encode"]

SHAPE = (480, 640)
"""Height and width of the pictures, in pixels; the lengths in the drawings assume it."""

MAX_BYTES = 120 * 1024

DRAWINGS: Mapping[str, Callable[[Shape], Colours]] = MappingProxyType(
    {
        "starlight": swirls.draw,
        "stained-glass": stained_glass.draw,
        "mosaic": mosaic.draw,
        "comic": halftone.draw,
        "pointillism": pointillism.draw,
        "woodcut": woodcut.draw,
        "waves": waves.draw,
        "discs": discs.draw,
        "crystal": crystal.draw,
        "ink": ink_wash.draw,
        "neon": neon.draw,
        "blossom": embroidery.draw,
        "batik": batik.draw,
        "palette-knife": palette_knife.draw,
        "watercolour": watercolour.draw,
    }
)
"""The drawing functions by preset name."""


def draw(name: str) -> npt.NDArray[np.uint8]:
    """Draw a preset's picture: (height, width, 3) uint8 sRGB, the same each time."""
    return np.rint(np.clip(DRAWINGS[name](SHAPE), 0, 1) * 255).astype(np.uint8)


def encode(pixels: npt.NDArray[np.uint8]) -> bytes:
    """Encode a drawing as WebP at the best quality within `MAX_BYTES`."""
    image = Image.fromarray(pixels)
    for quality in (92, 88, 84, 80, 75, 70):
        out = io.BytesIO()
        # Sharp chroma: the usual subsampling smears dots and threads of pure colour.
        image.save(out, "WEBP", quality=quality, method=6, use_sharp_yuv=True)
        if out.tell() <= MAX_BYTES:
            break
    return out.getvalue()
