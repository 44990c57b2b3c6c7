"""Paint the built-in presets' thumbnails: ``python -m bot.presets.thumbnails [NAME ...]``.

Each is a small painting of the same photograph, made with `stylenet` as the bot does it. The
photograph is Chelsea the cat by Stéfan van der Walt (CC0), from scikit-image. Painting all of
them takes some minutes.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

from bot.presets.library import PRESETS, Preset
from stylenet.recipe import Recipe

__all__ = ["main", "paint_thumbnail"]

PICTURES = Path(__file__).with_name("pictures")
PAINTED_SIZE = 256
THUMBNAIL_SIZE = (216, 144)


def paint_thumbnail(preset: Preset, content: Path, *, passes: int) -> None:
    """Paint the content picture with the preset and save the reduced result as its thumbnail.

    Raises:
        subprocess.CalledProcessError: painting failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "painting.png"
        style = PICTURES / preset.picture_filename
        recipe = Recipe.named("default").evolve(
            **preset.recipe_changes, size=PAINTED_SIZE, passes=passes
        )
        options = ["--out", str(out), "--recipe", str(Path(folder) / "recipe.json")]
        Path(options[-1]).write_text(recipe.to_json(), encoding="utf-8")
        arguments = ["paint", str(content), str(style), *options, "--no-snapshots"]
        command = [sys.executable, "-m", "stylenet", *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own command
        with Image.open(out) as painting:
            small = painting.convert("RGB").resize(THUMBNAIL_SIZE, Image.Resampling.LANCZOS)
    small.save(PICTURES / f"{preset.name}.thumbnail.webp", quality=88, method=6)


def main() -> None:
    """Paint the thumbnails of the given presets, or of all."""
    from skimage import data  # noqa: PLC0415 - a demo dependency

    parser = argparse.ArgumentParser(prog="python -m bot.presets.thumbnails", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="presets (default: all)")
    parser.add_argument("--passes", type=int, default=24, help="default: %(default)s")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        content = Path(folder) / "chelsea.png"
        photograph = data.chelsea()  # type: ignore[no-untyped-call]
        Image.fromarray(photograph).save(content)
        for preset in PRESETS:
            if not options.names or preset.name in options.names:
                paint_thumbnail(preset, content, passes=options.passes)
                sys.stdout.write(f"{preset.name}\n")


if __name__ == "__main__":
    main()
