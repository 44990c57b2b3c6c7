"""Compare recipes on pairs of pictures: losses, passes, time, and a contact sheet.

    python benchmarks/quality.py --size 256 --out build/quality

For every pair of a content and a style picture, the cookbook's recipe is painted first. Every
other recipe is compared with it, on the written pixels:

- ``passes``: convolution arithmetic in full-size passes of VGG-19, forward and backward;
- ``clock``: seconds divided by those of one cookbook generation in the same run;
- ``loss`` and ``content``: the cookbook's total loss and its content term, relative to the
  cookbook recipe's result after 100 generations. Below 1 is better. The cookbook does not limit
  values to 0..255, and its loss is taken before clipping; clipped, it is up to 1.4 times as large.

``--until`` also measures the written pixels of every step, at no cost to the budget, and reports
the passes and the ``clock`` at which a recipe first reached the cookbook's loss.

``--json FILE`` writes the figures. ``sheet.png`` shows content, style and pastiches.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from stylenet.threads import wait_passively

wait_passively()

import numpy as np
import torch
from PIL import Image, ImageDraw

import stylenet
from stylenet import images
from stylenet.engine import devices
from stylenet.engine.objective import Objective
from stylenet.features.vgg import VGG19
from stylenet.features.weights import bundled_weights
from stylenet.losses.targets import measure_targets
from stylenet.recipe import Recipe

if TYPE_CHECKING:
    from collections.abc import Callable

COOKBOOK = Recipe.named("cookbook")
CONTENTS = ("tubingen", "hoovertowernight")
STYLES = ("starry_night_google", "the_scream")
SHARED = Path(__file__).resolve().parents[2] / "shared" / "images"


@dataclass(frozen=True)
class Row:
    """Result of one recipe on one pair."""

    content: str
    style: str
    recipe: str
    passes: float
    seconds: float
    clock: float
    loss: float
    content_term: float
    passes_until: float | None = None
    clock_until: float | None = None


class Evaluator:
    """Computes the cookbook's loss of pictures of one pair, painted with any recipe."""

    def __init__(self, network: VGG19, content: Image.Image, style: Image.Image) -> None:
        style = images.fit_exactly(style, *content.size)
        self._device = network.get_buffer("mean").device
        targets = measure_targets(network, self._tensor(content), [self._tensor(style)], COOKBOOK)
        self._objective = Objective(network, targets, COOKBOOK)

    def __call__(self, pixels: images.Pixels) -> stylenet.Losses:
        """Return the cookbook's terms at (height, width, 3) uint8 pixels."""
        return self._objective.measure(self._tensor(Image.fromarray(pixels)))

    def _tensor(self, image: Image.Image) -> torch.Tensor:
        values = np.asarray(image, dtype=np.float32)
        return torch.from_numpy(values.copy()).permute(2, 0, 1)[None].to(self._device)


def main() -> int:
    options = _parser().parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    network = VGG19(bundled_weights()).to(devices.resolve(options.device))
    recipes = [_recipe(text) for text in options.recipes.split(",")]
    rows: list[Row] = []
    tiles: list[list[tuple[str, Image.Image]]] = []
    names = ["passes", "seconds", "clock", "loss", "content", "passes until", "clock until"]
    print(_line("content", "style", "recipe", *names))
    print(_line(*["---"] * (3 + len(names))), flush=True)
    for content_path in options.contents:
        for style_path in options.styles:
            content, style = (images.decode(p.read_bytes()) for p in (content_path, style_path))
            content = images.fit_longest_side(content, options.size)
            evaluator = Evaluator(network, content, style)
            cookbook = _cookbook(options, content_path, style_path, content, style)
            reached = cookbook.losses
            tile = [("content", content), ("style", images.fit_exactly(style, *content.size))]
            for recipe in (COOKBOOK, *recipes):
                painting = cookbook
                if recipe is not COOKBOOK:
                    painting = _paint(content, style, recipe, options.device)
                losses = evaluator(painting.pixels)
                generation = cookbook.seconds / cookbook.passes
                until = None
                if options.until and recipe is not COOKBOOK:
                    is_reached = partial(_is_reached, evaluator, reached.total)
                    until = _until(content, style, recipe, is_reached, options.device)
                row = Row(
                    content_path.stem,
                    style_path.stem,
                    f"{recipe.name} {recipe.passes:g}",
                    painting.passes,
                    painting.seconds,
                    painting.seconds / generation,
                    losses.total / reached.total,
                    losses["content"] / reached["content"],
                    until[0] if until else None,
                    until[1] / generation if until else None,
                )
                rows.append(row)
                print(_line(*(_cell(value) for value in asdict(row).values())), flush=True)
                tile.append((f"{row.recipe}: {row.loss:.2f}", Image.fromarray(painting.pixels)))
            tiles.append(tile)
    for recipe in recipes:
        _summarise(f"{recipe.name} {recipe.passes:g}", rows)
    _sheet(tiles).save(options.out / "sheet.png")
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=1))
    print(f"\nsheet: {options.out / 'sheet.png'}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Compare recipes on pairs of pictures.")
    parser.add_argument("--size", type=int, default=256, help="longest side, in pixels")
    parser.add_argument(
        "--recipes",
        default="cookbook-fast,fast,default,fine",
        help="names, optionally with a budget of passes: cookbook-fast:7,default:12",
    )
    parser.add_argument(
        "--contents", type=Path, nargs="+", default=[SHARED / f"{name}.jpg" for name in CONTENTS]
    )
    parser.add_argument(
        "--styles", type=Path, nargs="+", default=[SHARED / f"{name}.jpg" for name in STYLES]
    )
    parser.add_argument("--device", default="auto")
    parser.add_argument("--out", type=Path, default=Path("build/quality"))
    parser.add_argument("--until", action="store_true", help="when is the cookbook's loss reached?")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--reuse", action="store_true", help="reuse cookbook results in --out")
    return parser


def _recipe(text: str) -> Recipe:
    name, _, passes = text.partition(":")
    recipe = Recipe.named(name)
    return recipe.evolve(passes=float(passes)) if passes else recipe


@dataclass(frozen=True, kw_only=True)
class Painted:
    """A picture, its cost, and its losses before clipping and rounding."""

    pixels: images.Pixels
    passes: float
    seconds: float
    losses: stylenet.Losses


def _paint(content: Image.Image, style: Image.Image, recipe: Recipe, device: str) -> Painted:
    losses = None
    for event in stylenet.paint(content, [style], recipe, device=device):
        if isinstance(event, stylenet.Progress):
            losses = event.losses
        if isinstance(event, stylenet.Painting):
            return Painted(
                pixels=event.pixels,
                passes=event.passes,
                seconds=event.seconds,
                losses=losses or event.losses,
            )
    msg = "painting ended without a picture"
    raise RuntimeError(msg)


def _is_reached(evaluator: Evaluator, wanted: float, pixels: images.Pixels) -> bool:
    return evaluator(pixels).total <= wanted


def _until(
    content: Image.Image,
    style: Image.Image,
    recipe: Recipe,
    is_reached: Callable[[images.Pixels], bool],
    device: str,
) -> tuple[float, float] | None:
    """Return passes and seconds at which `is_reached` first holds; None if it never does."""
    passes = seconds = 0.0
    watched = recipe.evolve(snapshot_every=1)
    for event in stylenet.paint(content, [style], watched, device=device):
        if isinstance(event, stylenet.Progress):
            passes, seconds = event.passes, event.seconds
        if isinstance(event, stylenet.Snapshot) and is_reached(event.pixels):
            return passes, seconds
    return None


def _cookbook(
    options: argparse.Namespace,
    content_path: Path,
    style_path: Path,
    content: Image.Image,
    style: Image.Image,
) -> Painted:
    """Return the cookbook's painting, from --out where it may be reused."""
    stem = f"cookbook-{content_path.stem}-{style_path.stem}-{options.size}"
    picture, figures = options.out / f"{stem}.png", options.out / f"{stem}.json"
    if options.reuse and figures.exists():
        kept = json.loads(figures.read_text())
        pixels = np.asarray(images.decode(picture.read_bytes()))
        return Painted(
            pixels=pixels,
            passes=kept["passes"],
            seconds=kept["seconds"],
            losses=stylenet.Losses(kept["losses"]),
        )
    painting = _paint(content, style, COOKBOOK, options.device)
    picture.write_bytes(images.encode(painting.pixels, "png"))
    facts = {"passes": painting.passes, "seconds": painting.seconds}
    figures.write_text(json.dumps(facts | {"losses": dict(painting.losses)}))
    return painting


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def _summarise(recipe: str, rows: list[Row]) -> None:
    own = [row for row in rows if row.recipe == recipe]
    for name in ("passes", "clock", "loss", "content_term", "passes_until", "clock_until"):
        values = [getattr(row, name) for row in own]
        if None in values:
            continue
        print(f"{recipe:20} {name:12} mean {np.mean(values):6.2f}   worst {max(values):6.2f}")


def _sheet(tiles: list[list[tuple[str, Image.Image]]]) -> Image.Image:
    width = max(image.width for row in tiles for _, image in row)
    height = max(image.height for row in tiles for _, image in row) + 16
    columns = max(len(row) for row in tiles)
    sheet = Image.new("RGB", (columns * (width + 4), len(tiles) * (height + 4)), "white")
    draw = ImageDraw.Draw(sheet)
    for i, row in enumerate(tiles):
        for j, (label, image) in enumerate(row):
            x, y = j * (width + 4), i * (height + 4)
            draw.text((x + 2, y + 2), label, fill="black")
            sheet.paste(image, (x, y + 16))
    return sheet


if __name__ == "__main__":
    sys.exit(main())
