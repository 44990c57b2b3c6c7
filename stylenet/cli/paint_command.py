"""``paint``: repaint one picture in the style of others."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

from stylenet.cli.painting_request import PaintingRequest
from stylenet.cli.painting_run import run_painting
from stylenet.cli.picture_files import require_new, require_writable
from stylenet.cli.recipes_command import load_recipe
from stylenet.precision import Precision
from stylenet.recipe import RECIPES, Recipe

__all__ = ["add_compute_options", "add_input_options", "add_parser", "masks_of"]

_RECIPE_FIELDS = (
    "size",
    "coarsest",
    "seed",
    "passes",
    "content_weight",
    "style_weight",
    "tv_weight",
    "keep_colors",
    "keep_transparency",
    "style_scale",
    "blend",
)


def add_parser(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
) -> argparse.ArgumentParser:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "paint",
        help="repaint one picture",
        epilog="The defaults shown are the default recipe's; other recipes have their own.",
    )
    parser.add_argument("content", type=Path, help="content picture, which is repainted")
    parser.add_argument("style", type=Path, nargs="+", help="style picture, or several to blend")
    parser.add_argument(
        "-o", "--out", type=Path, default=Path("out.png"), help="a .png, .webp or .jpg file"
    )
    _add_recipe_options(parser)
    add_input_options(parser)
    parser.add_argument(
        "--precision",
        choices=[precision.value for precision in Precision],
        default=Precision.AUTO.value,
        help="number format of the convolutions (default: auto)",
    )
    parser.add_argument("--no-snapshots", action="store_true", help="write only the result")
    add_compute_options(parser)
    parser.set_defaults(run=_paint)
    return parser


def _add_recipe_options(parser: argparse.ArgumentParser) -> None:
    default = Recipe.named("default")
    parser.add_argument(
        "--recipe",
        default=default.name,
        help=f"{', '.join(sorted(RECIPES))}, or a .json file with a recipe (default: default)",
    )
    parser.add_argument("--size", type=int, help="longest side in pixels (default: the content's)")
    parser.add_argument(
        "--coarsest",
        type=int,
        metavar="SIDE",
        help="least longest side of the smaller pictures that are painted first; 0 paints at full "
        f"size only (default: {default.coarsest})",
    )
    parser.add_argument("--seed", type=int, help=f"default: {default.seed}")
    parser.add_argument(
        "--passes",
        type=float,
        help=f"budget in passes of VGG-19 at full size (default: {default.passes:g})",
    )
    parser.add_argument("--content-weight", type=float, help=f"default: {default.content_weight:g}")
    parser.add_argument("--style-weight", type=float, help=f"default: {default.style_weight:g}")
    parser.add_argument("--tv-weight", type=float, help=f"default: {default.tv_weight:g}")
    parser.add_argument(
        "--keep-colors",
        action="store_true",
        default=None,
        help="keep the content picture's colours",
    )
    parser.add_argument(
        "--keep-transparency",
        action="store_true",
        default=None,
        help="keep the content picture's transparency; for .png and .webp",
    )
    parser.add_argument(
        "--blend",
        type=float,
        nargs="+",
        metavar="WEIGHT",
        help="weight of each style picture (default: equal)",
    )
    parser.add_argument("--style-scale", type=float, help="size of the strokes; 2 doubles them")


def add_input_options(parser: argparse.ArgumentParser) -> None:
    """Add the options for further input files: masks and a start."""
    parser.add_argument(
        "--mask",
        type=Path,
        action="append",
        default=[],
        help="grey picture, white where the style goes; one per style picture, - for none",
    )
    parser.add_argument("--start", type=Path, help="picture to start from, such as a result")


def add_compute_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say how to compute and report."""
    parser.add_argument(
        "--weights", type=Path, help="imagenet-vgg-verydeep-19.mat (default: bundled)"
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda:0, … (default: auto)")
    parser.add_argument(
        "--memory-limit",
        type=_mebibytes,
        metavar="MIB",
        help="memory to use, in MiB; a larger picture is painted in tiles",
    )
    parser.add_argument("--force", action="store_true", help="overwrite earlier pictures")
    parser.add_argument("--json", action="store_true", help="report in JSON, one line per event")


def _mebibytes(text: str) -> int:
    """Parse a number of MiB into bytes."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        msg = f"{text!r} is not a number of MiB above 0"
        raise argparse.ArgumentTypeError(msg)
    return round(value * (1 << 20))


def masks_of(options: argparse.Namespace, styles: int) -> tuple[Path | None, ...]:
    """Return a mask's path or None for each of so many styles; empty where no mask was given."""
    masks = [None if str(path) == "-" else path for path in options.mask]
    masks += [None] * (styles - len(masks)) if masks else []
    return tuple(masks)


def _paint(options: argparse.Namespace) -> int:
    changes = {
        field: getattr(options, field)
        for field in _RECIPE_FIELDS
        if getattr(options, field) is not None
    }
    request = PaintingRequest(
        recipe=load_recipe(options.recipe).evolve(**changes),
        content=options.content,
        styles=tuple(options.style),
        masks=masks_of(options, len(options.style)),
        start=options.start,
        weights=options.weights,
        device=options.device,
        precision=options.precision,
        memory_limit=options.memory_limit,
        out=options.out,
        with_snapshots=not options.no_snapshots,
    )
    require_writable(request.out)
    if not options.force:
        require_new(request.out)
    return run_painting(request, request.read_pictures(), as_json=options.json)
