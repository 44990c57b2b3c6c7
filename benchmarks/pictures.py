"""Paint every pair of contents and styles and lay two versions of the program side by side.

    PYTHONPATH=../old python benchmarks/pictures.py --label old --contents … --styles …
    PYTHONPATH=. python benchmarks/pictures.py --label new --contents … --styles … --against old

Pictures are written to ``OUT/LABEL-RECIPE-SIZE``, one per pair, and are not painted again: a long
run may be stopped and continued. Their losses and passes are in ``losses.jsonl`` there. With
``--against``, one sheet per content is written to ``OUT``: for each style, the older version's
picture above the newer one's.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

import stylenet
from stylenet import images
from stylenet.recipe import Recipe
from stylenet.threads import wait_passively

if TYPE_CHECKING:
    from collections.abc import Sequence

_COLUMNS = 4
_LABEL_HEIGHT = 14
_GAP = 4


def main() -> int:
    wait_passively()
    options = _parser().parse_args()
    recipe = Recipe.named(options.recipe).evolve(size=options.size, **json.loads(options.changes))
    folder = _folder(options, options.label)
    folder.mkdir(parents=True, exist_ok=True)
    for content in options.contents:
        for style in options.styles:
            _paint(content, style, recipe, folder)
        if options.against:
            folders = [_folder(options, options.against), folder]
            sheet = _sheet(folders, content, options.styles)
            sheet.save(
                options.out / f"{content.stem}-{options.recipe}-{options.size}.jpg", quality=92
            )
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description="Paint every pair and lay two versions side by side."
    )
    parser.add_argument("--label", required=True, help="name of this version")
    parser.add_argument("--against", help="name of the version to compare with")
    parser.add_argument("--contents", type=Path, nargs="+", required=True)
    parser.add_argument("--styles", type=Path, nargs="+", required=True)
    parser.add_argument("--recipe", default="default")
    parser.add_argument("--changes", default="{}", help="fields of the recipe to change, as JSON")
    parser.add_argument("--size", type=int, default=384, help="longest side, in pixels")
    parser.add_argument("--out", type=Path, default=Path("build/pictures"))
    return parser


def _folder(options: argparse.Namespace, label: str) -> Path:
    folder: Path = options.out / f"{label}-{options.recipe}-{options.size}"
    return folder


def _picture(folder: Path, content: Path, style: Path) -> Path:
    return folder / f"{content.stem}-{style.stem}.png"


def _paint(content: Path, style: Path, recipe: Recipe, folder: Path) -> None:
    target = _picture(folder, content, style)
    if target.exists():
        return
    painting = stylenet.stylize(
        images.decode(content.read_bytes()), images.decode(style.read_bytes()), recipe
    )
    target.write_bytes(images.encode(painting.pixels, "png"))
    losses = {name: round(value) for name, value in painting.losses.items()}
    row = {"pair": target.stem, "passes": round(painting.passes, 2), "losses": losses}
    with (folder / "losses.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")
    print(folder.name, *row.values(), flush=True)


def _sheet(folders: Sequence[Path], content: Path, styles: Sequence[Path]) -> Image.Image:
    """Return the pictures of one content: for each row of styles, a row per version."""
    rows = [styles[start : start + _COLUMNS] for start in range(0, len(styles), _COLUMNS)]
    with Image.open(_picture(folders[0], content, styles[0])) as picture:
        width, height = picture.width + _GAP, picture.height + _LABEL_HEIGHT + _GAP
    size = (min(len(styles), _COLUMNS) * width, len(rows) * len(folders) * height)
    sheet = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(sheet)
    cells = [(folder, row) for row in rows for folder in folders]
    for i, (folder, row) in enumerate(cells):
        for j, style in enumerate(row):
            draw.text((j * width, i * height), f"{style.stem}, {folder.name}", fill="black")
            with Image.open(_picture(folder, content, style)) as picture:
                sheet.paste(picture, (j * width, i * height + _LABEL_HEIGHT))
    return sheet


if __name__ == "__main__":
    sys.exit(main())
