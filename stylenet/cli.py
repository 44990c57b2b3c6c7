"""The command line: ``python -m stylenet paint content.jpg style.jpg -o out.png``."""

from __future__ import annotations

import argparse
import functools
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from stylenet import events, images
from stylenet.errors import StylenetError
from stylenet.precision import Precision
from stylenet.progress_reports import choose_reporter
from stylenet.recipe import RECIPES, Recipe
from stylenet.threads import wait_passively

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from PIL import Image

    from stylenet.arrays import Pixels

__all__ = ["main"]

_FORMATS: Mapping[str, images.Format] = {
    ".png": "png",
    ".webp": "webp",
    ".jpg": "jpeg",
    ".jpeg": "jpeg",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status.

    The status is 0 for success, 1 for a failure, 2 for wrong usage, 70 for an unexpected error
    and 130 for an interruption. Every failure prints one line on standard error.
    """
    options = _parser().parse_args(arguments)
    wait_passively()
    try:
        return int(options.run(options))
    except KeyboardInterrupt:
        return _fail("interrupted", status=130)
    except (StylenetError, OSError, ValueError) as error:
        return _fail(str(error), status=1)
    except Exception as error:
        if options.debug:
            raise
        message = f"unexpected {type(error).__name__}: {error} (--debug shows the traceback)"
        return _fail(message, status=70)


class _Parser(argparse.ArgumentParser):
    """Reports wrong usage in one line, like any other failure."""

    def error(self, message: str) -> NoReturn:
        """Print the message and exit with status 2."""
        self.exit(_fail(f"{message} (see {self.prog} --help)", status=2))


def _fail(message: str, *, status: int) -> int:
    line = " ".join(message.split())
    print(f"stylenet: {line}", file=sys.stderr)  # noqa: T201 - a command's own output
    return status


def _parser() -> argparse.ArgumentParser:
    default = Recipe.named("default")
    parser = _Parser(prog=_program_name(), description="Repaint a picture in the style of another.")
    commands = parser.add_subparsers(dest="command", required=True)
    paint = commands.add_parser(
        "paint",
        help="repaint one picture",
        epilog="The defaults shown are the default recipe's; other recipes have their own.",
    )
    paint.add_argument("content", type=Path, help="content picture, which is repainted")
    paint.add_argument("style", type=Path, nargs="+", help="style picture, or several to blend")
    paint.add_argument(
        "-o", "--out", type=Path, default=Path("out.png"), help="a .png, .webp or .jpg file"
    )
    paint.add_argument(
        "--recipe",
        default=default.name,
        help=f"{', '.join(sorted(RECIPES))}, or a .json file with a recipe (default: default)",
    )
    paint.add_argument("--size", type=int, help="longest side in pixels (default: the content's)")
    paint.add_argument(
        "--coarsest",
        type=int,
        metavar="SIDE",
        help="least longest side of the smaller pictures that are painted first; 0 paints at full "
        f"size only (default: {default.coarsest})",
    )
    paint.add_argument("--seed", type=int, help=f"default: {default.seed}")
    paint.add_argument(
        "--passes",
        type=float,
        help=f"budget in passes of VGG-19 at full size (default: {default.passes:g})",
    )
    paint.add_argument("--content-weight", type=float, help=f"default: {default.content_weight:g}")
    paint.add_argument("--style-weight", type=float, help=f"default: {default.style_weight:g}")
    paint.add_argument("--tv-weight", type=float, help=f"default: {default.tv_weight:g}")
    paint.add_argument(
        "--keep-colors",
        action="store_true",
        default=None,
        help="keep the content picture's colours",
    )
    paint.add_argument(
        "--keep-transparency",
        action="store_true",
        default=None,
        help="keep the content picture's transparency; for .png and .webp",
    )
    paint.add_argument(
        "--blend",
        type=float,
        nargs="+",
        metavar="WEIGHT",
        help="weight of each style picture (default: equal)",
    )
    paint.add_argument("--style-scale", type=float, help="size of the strokes; 2 doubles them")
    paint.add_argument(
        "--mask",
        type=Path,
        action="append",
        default=[],
        help="grey picture, white where the style goes; one per style picture, - for none",
    )
    paint.add_argument("--start", type=Path, help="picture to start from, such as a result")
    paint.add_argument(
        "--weights", type=Path, help="imagenet-vgg-verydeep-19.mat (default: bundled)"
    )
    paint.add_argument("--device", default="auto", help="auto, cpu, cuda:0, … (default: auto)")
    paint.add_argument(
        "--precision",
        choices=[precision.value for precision in Precision],
        default=Precision.AUTO.value,
        help="number format of the convolutions (default: auto)",
    )
    paint.add_argument(
        "--memory-limit",
        type=_mebibytes,
        metavar="MIB",
        help="memory to use, in MiB; a larger picture is painted in tiles",
    )
    paint.add_argument("--no-snapshots", action="store_true", help="write only the result")
    paint.add_argument("--json", action="store_true", help="report in JSON, one line per event")
    paint.add_argument("--debug", action="store_true", help="show tracebacks")
    paint.set_defaults(run=_paint)
    weights = commands.add_parser(
        "weights", help="show VGG-19's weights, and fit the reduced network of drafts to them"
    )
    weights.add_argument("--weights", type=Path, help="a .mat file (default: the bundled weights)")
    weights.add_argument("--debug", action="store_true", help="show tracebacks")
    weights.set_defaults(run=_show_weights)
    return parser


def _program_name() -> str:
    """Return the command as it was typed: ``stylenet``, or ``python -m stylenet``."""
    name = Path(sys.argv[0]).name
    return "python -m stylenet" if name == "__main__.py" else name


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


def _paint(options: argparse.Namespace) -> int:
    fields = ["size", "coarsest", "seed", "passes", "content_weight", "style_weight", "tv_weight"]
    fields += ["keep_colors", "keep_transparency", "style_scale", "blend"]
    changes = {
        field: getattr(options, field) for field in fields if getattr(options, field) is not None
    }
    recipe = _load_recipe(options.recipe).evolve(**changes)
    if options.out.suffix.lower() not in _FORMATS:
        msg = f"{options.out.name}: the name must end in {', '.join(_FORMATS)}"
        raise ValueError(msg)
    keep_alpha = recipe.keep_transparency
    content = _read(options.content, functools.partial(images.decode, keep_alpha=keep_alpha))
    styles = [_read(path) for path in options.style]
    masks = [None if str(path) == "-" else _read(path, images.decode_mask) for path in options.mask]
    masks += [None] * (len(styles) - len(masks)) if masks else []
    start = None if options.start is None else _read(options.start)
    _require_writable(options.out)
    from stylenet.api import paint  # noqa: PLC0415 - imports torch, after the arguments are valid

    with choose_reporter(recipe, as_json=options.json) as reporter:
        for event in paint(
            content,
            styles,
            recipe,
            masks=masks,
            start=start,
            weights=options.weights,
            device=options.device,
            precision=options.precision,
            memory_limit=options.memory_limit,
        ):
            if isinstance(event, events.Snapshot) and not options.no_snapshots:
                stem, suffix = options.out.stem, options.out.suffix
                _write(options.out.with_name(f"{stem}-{event.step:04d}{suffix}"), event.pixels)
            if isinstance(event, events.Painting):
                _write(options.out, event.pixels)
            reporter.report(event)
    return 0


def _show_weights(options: argparse.Namespace) -> int:
    from stylenet.features.reduced import load_reduced  # noqa: PLC0415 - imports torch
    from stylenet.features.weights import bundled_weights, load_weights  # noqa: PLC0415

    weights = bundled_weights() if options.weights is None else load_weights(options.weights)
    load_reduced(weights)
    print(f"weights: {weights.origin}")  # noqa: T201 - a command's own output
    print(f"checksum: {weights.fingerprint()}")  # noqa: T201
    print(f"order of the kernels' axes: {weights.kernel_axes or 'height-first'}")  # noqa: T201
    print("reduced network: ready")  # noqa: T201
    return 0


def _load_recipe(name: str) -> Recipe:
    """Return a built-in recipe, or the one in a .json file.

    Raises:
        RecipeError: there is no such recipe, or it is invalid.
        ValueError: the file cannot be read.
    """
    if not name.endswith(".json"):
        return Recipe.named(name)
    try:
        return Recipe.from_json(Path(name).read_text(encoding="utf-8"))
    except OSError as error:
        raise _file_error(Path(name), error) from error
    except UnicodeDecodeError as error:
        msg = f"{name}: not a UTF-8 text file"
        raise ValueError(msg) from error


def _read(path: Path, decode: Callable[[bytes], Image.Image] = images.decode) -> Image.Image:
    """Read a picture.

    Raises:
        ValueError: the file cannot be read or decoded; the message names it.
    """
    try:
        return decode(path.read_bytes())
    except OSError as error:
        raise _file_error(path, error) from error
    except StylenetError as error:
        msg = f"{path}: {error}"
        raise ValueError(msg) from error


def _require_writable(path: Path) -> None:
    """Check, before painting, that a file can be written; create its folder.

    Raises:
        ValueError: it cannot.
    """
    if path.is_dir():
        msg = f"{path}: is a folder"
        raise ValueError(msg)
    partial = _partial(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(b"")
        partial.unlink()
    except FileExistsError as error:
        msg = f"{path}: {path.parent} is not a folder"
        raise ValueError(msg) from error
    except OSError as error:
        raise _file_error(path, error) from error


def _write(path: Path, pixels: Pixels) -> None:
    """Encode a picture and write it atomically, by renaming.

    Raises:
        ValueError: the file cannot be written.
    """
    data = images.encode(pixels, _FORMATS[path.suffix.lower()], quality=95)
    partial = _partial(path)
    try:
        partial.write_bytes(data)
        partial.replace(path)
    except OSError as error:
        raise _file_error(path, error) from error


def _partial(path: Path) -> Path:
    return path.with_name(f".{path.name}.partial")


def _file_error(path: Path, error: OSError) -> ValueError:
    return ValueError(f"{path}: {error.strerror or error}")
