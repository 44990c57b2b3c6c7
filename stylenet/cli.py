"""The command line: ``python -m stylenet paint content.jpg style.jpg -o out.png``."""

from __future__ import annotations

import argparse
import contextlib
import functools
import json
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from stylenet import events, images
from stylenet.errors import StylenetError
from stylenet.precision import Precision
from stylenet.recipe import RECIPES, Recipe

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
    try:
        return _paint(options)
    except KeyboardInterrupt:
        return _fail("interrupted", status=130)
    except (StylenetError, OSError, ValueError) as error:
        return _fail(str(error), status=1)
    except Exception as error:
        if options.debug:
            raise
        message = f"unexpected {type(error).__name__}: {error} (--debug shows the traceback)"
        return _fail(message, status=70)


def _fail(message: str, *, status: int) -> int:
    line = " ".join(message.split())
    print(f"stylenet: {line}", file=sys.stderr)  # noqa: T201 - a command's own output
    return status


def _parser() -> argparse.ArgumentParser:
    default = Recipe.named("default")
    parser = argparse.ArgumentParser(
        prog=_program_name(), description="Repaint a picture in the style of another."
    )
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
    return parser


def _program_name() -> str:
    """Return the command as it was typed: ``stylenet``, or ``python -m stylenet``."""
    name = Path(sys.argv[0]).name
    return "python -m stylenet" if name == "__main__.py" else name


def _mebibytes(text: str) -> int:
    """Parse a number of MiB into bytes."""
    value = float(text)
    if not 0 < value < math.inf:
        msg = f"{text} is not a number of MiB"
        raise ValueError(msg)
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

    with _choose_reporter(options, recipe) as reporter:
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


class _LineReporter(contextlib.AbstractContextManager["_LineReporter"]):
    """Prints a line per snapshot and one for the result: for a pipe or a log.

    Args:
        recipe: of the painting. The cookbook's steps are called generations.
        write_line: prints a line.
    """

    def __init__(self, recipe: Recipe, write_line: Callable[[str], None]) -> None:
        self._unit = "generation" if recipe.name == "cookbook" else "step"
        self._write_line = write_line
        self._total = 0

    def __exit__(self, *_: object) -> None:
        return None

    def report(self, event: events.PaintingEvent) -> None:
        """Report one event."""
        if isinstance(event, events.Progress):
            self._total = event.total
        if isinstance(event, events.Snapshot) and event.losses is not None:
            unit, losses = self._unit.capitalize(), _format_losses(event.losses)
            self._write_line(f"{unit} {event.step} out of {self._total}, loss: {losses}")
        if isinstance(event, events.Painting):
            self._write_line(
                f"Painted in {event.steps} {self._unit}s, {event.passes:.1f} passes and "
                f"{event.seconds:.1f} s on {event.device}, loss: {_format_losses(event.losses)}"
            )


class _JsonReporter(contextlib.AbstractContextManager["_JsonReporter"]):
    """Prints a JSON object per step and one for the result: for programs."""

    def __init__(self, recipe: Recipe, write_line: Callable[[str], None]) -> None:
        self._recipe = recipe
        self._write_line = write_line

    def __exit__(self, *_: object) -> None:
        return None

    def report(self, event: events.PaintingEvent) -> None:
        """Report one event."""
        fields: dict[str, Any]
        if isinstance(event, events.Progress):
            fields = {"event": "progress", "step": event.step, "total": event.total}
        elif isinstance(event, events.Painting):
            fields = {"event": "painting", "recipe": self._recipe.name, "steps": event.steps}
            fields["device"] = event.device
        else:
            return
        fields |= {"passes": round(event.passes, 4), "seconds": round(event.seconds, 3)}
        fields["losses"] = event.losses.with_total()
        self._write_line(json.dumps(fields))


class _BarReporter(contextlib.AbstractContextManager["_BarReporter"]):
    """Prints the lines of `_LineReporter` above a progress bar: for a terminal."""

    def __init__(self, recipe: Recipe, console: Console) -> None:
        self._progress = Progress(
            TextColumn(recipe.name),
            BarColumn(),
            TextColumn("{task.completed:.0f}/{task.total:.0f}"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[loss]}"),
            console=console,
        )
        self._task = self._progress.add_task(recipe.name, total=recipe.passes, loss="")
        self._lines = _LineReporter(recipe, functools.partial(console.print, highlight=False))

    def __enter__(self) -> _BarReporter:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def report(self, event: events.PaintingEvent) -> None:
        """Report one event."""
        if isinstance(event, events.Progress):
            self._progress.update(
                self._task,
                completed=event.step,
                total=event.total,
                loss=f"loss {event.losses.total:.3g}",
            )
        self._lines.report(event)


def _choose_reporter(
    options: argparse.Namespace, recipe: Recipe
) -> _LineReporter | _JsonReporter | _BarReporter:
    write_line = functools.partial(print, flush=True)
    if options.json:
        return _JsonReporter(recipe, write_line)
    console = Console()
    if console.is_terminal:
        return _BarReporter(recipe, console)
    return _LineReporter(recipe, write_line)


def _format_losses(losses: events.Losses) -> str:
    terms = (f"{name.replace('_', ' ')} {value:.4g}" for name, value in losses.items())
    return f"{losses.total:.6g} ({', '.join(terms)})"
