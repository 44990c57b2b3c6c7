"""Paint the sheet of docs/gallery.md: ``make gallery``.

Every built-in preset on a face, a cat and a cup, as the bot paints them on a CPU. The photographs
are scikit-image's: the astronaut Eileen Collins (NASA, public domain), Chelsea the cat and a cup of
coffee (both CC0).
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PIL import Image
from skimage import data

import stylenet
from bot.presets.library import PRESETS, Preset
from stylenet import images
from stylenet.recipe import Recipe
from stylenet.threads import wait_passively

SHEET: Final = Path(__file__).with_name("images") / "presets.webp"
PAINTED_SIZE: Final = 384
CELL: Final = (288, 216)
GAP: Final = 6


def main() -> None:
    """Paint every preset on every photograph, one row each, and write the sheet."""
    wait_passively()
    photographs = [
        Image.fromarray(pixels) for pixels in (data.astronaut(), data.chelsea(), data.coffee())
    ]
    columns = 1 + len(photographs)
    width, height = CELL[0] + GAP, CELL[1] + GAP
    sheet = Image.new("RGB", (columns * width - GAP, len(PRESETS) * height - GAP), "white")
    for row, preset in enumerate(PRESETS):
        pictures = [images.decode(preset.picture_bytes())]
        pictures += [_paint(photograph, preset) for photograph in photographs]
        for column, picture in enumerate(pictures):
            sheet.paste(_cell(picture), (column * width, row * height))
    sheet.save(SHEET, quality=72, method=6)


def _paint(photograph: Image.Image, preset: Preset) -> Image.Image:
    recipe = Recipe.named("default").evolve(**preset.recipe_changes, size=PAINTED_SIZE)
    style = images.decode(preset.picture_bytes())
    return Image.fromarray(stylenet.stylize(photograph, style, recipe).pixels)


def _cell(picture: Image.Image) -> Image.Image:
    """Return the middle of a picture, a little above its centre, at the size of a cell."""
    scale = max(CELL[0] / picture.width, CELL[1] / picture.height)
    fitted = images.fit_exactly(
        picture, round(picture.width * scale), round(picture.height * scale)
    )
    left, top = (fitted.width - CELL[0]) // 2, (fitted.height - CELL[1]) // 4
    return fitted.crop((left, top, left + CELL[0], top + CELL[1]))


if __name__ == "__main__":
    main()
