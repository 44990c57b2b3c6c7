"""The command line: ``python -m stylenet paint content.jpg style.jpg -o out.png``."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from dataclasses import dataclass
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

__all__ = ["main"]

_FORMATS: Mapping[str, images.Format] = {
    ".png": "png",
    ".webp": "webp",
    ".jpg": "jpeg",
    ".jpeg": "jpeg",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit status: 0, 1 for a failure, 2 for a wrong use."""
    options = _parser().parse_args(arguments)
    try:
        return _paint(options)
    except (StylenetError, OSError, ValueError) as error:
        print(f"stylenet: {error}", file=sys.stderr)  # noqa: T201 - a command's own output
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    default = Recipe.named("default")
    parser = argparse.ArgumentParser(
        prog="stylenet", description="Repaint a picture in the manner of another."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    paint = commands.add_parser(
        "paint",
        help="paint one picture",
        epilog="Defaults are those of the default recipe; another recipe brings its own.",
    )
    paint.add_argument("content", type=Path, help="the picture that is repainted")
    paint.add_argument("style", type=Path, nargs="+", help="the picture, or several, to paint like")
    paint.add_argument("-o", "--out", type=Path, default=Path("out.png"), help="PNG, WebP or JPEG")
    paint.add_argument(
        "--recipe",
        default=default.name,
        help=f"{', '.join(sorted(RECIPES))}, or a .json file that holds one (default: default)",
    )
    paint.add_argument("--size", type=int, help="longest side in pixels (default: the content's)")
    paint.add_argument(
        "--coarsest",
        type=int,
        metavar="SIDE",
        help=f"paint half the size first while no smaller; 0: never (default: {default.coarsest})",
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
        "--keep-colors", action="store_true", default=None, help="keep the content's own colours"
    )
    paint.add_argument(
        "--blend", type=float, nargs="+", metavar="WEIGHT", help="of each style (default: equal)"
    )
    paint.add_argument("--style-scale", type=float, help="size of the strokes; 2 doubles it")
    paint.add_argument(
        "--mask",
        type=Path,
        action="append",
        default=[],
        help="a grey picture, white where the style goes; once for each style, - for none",
    )
    paint.add_argument("--start", type=Path, help="a picture to begin from, such as a painting")
    paint.add_argument("--weights", type=Path, help="imagenet-vgg-verydeep-19.mat")
    paint.add_argument("--device", default="auto", help="auto, cpu, cuda:0, … (default: auto)")
    paint.add_argument(
        "--precision",
        choices=[precision.value for precision in Precision],
        default=Precision.AUTO.value,
        help="of the convolutions (default: auto)",
    )
    paint.add_argument(
        "--memory-limit", type=float, metavar="MIB", help="paint in tiles what would need more"
    )
    paint.add_argument("--no-snapshots", action="store_true", help="write the painting only")
    paint.add_argument("--json", action="store_true", help="report in JSON, a line per event")
    return parser


def _paint(options: argparse.Namespace) -> int:
    fields = ["size", "coarsest", "seed", "passes", "content_weight", "style_weight", "tv_weight"]
    fields += ["keep_colors", "style_scale", "blend"]
    changes = {
        field: getattr(options, field) for field in fields if getattr(options, field) is not None
    }
    recipe = _recipe(options.recipe).evolve(**changes)
    if options.out.suffix.lower() not in _FORMATS:
        msg = f"{options.out.name}: the name must end in {', '.join(_FORMATS)}"
        raise ValueError(msg)
    content = _read(options.content)
    styles = [_read(path) for path in options.style]
    masks = [None if str(path) == "-" else _read(path, images.decode_mask) for path in options.mask]
    masks += [None] * (len(styles) - len(masks)) if masks else []
    start = None if options.start is None else _read(options.start)
    limit = None if options.memory_limit is None else round(options.memory_limit * (1 << 20))
    from stylenet.api import paint  # noqa: PLC0415 - torch, once the arguments are sound

    report: _Report = _choose_report(options, recipe)
    with report:
        for event in paint(
            content,
            styles,
            recipe,
            masks=masks,
            start=start,
            weights=options.weights,
            device=options.device,
            precision=options.precision,
            memory_limit=limit,
        ):
            if isinstance(event, events.Snapshot) and not options.no_snapshots:
                stem, suffix = options.out.stem, options.out.suffix
                _write(options.out.with_name(f"{stem}-{event.step:04d}{suffix}"), event.pixels)
            if isinstance(event, events.Painting):
                _write(options.out, event.pixels)
            report.tell(event)
    return 0


def _recipe(name: str) -> Recipe:
    """The built-in recipe of that name, or the one that a file holds."""
    if not name.endswith(".json"):
        return Recipe.named(name)
    try:
        return Recipe.from_json(Path(name).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{name}: {error}"
        raise ValueError(msg) from error


def _read(path: Path, decode: Callable[[bytes], Image.Image] = images.decode) -> Image.Image:
    try:
        return decode(path.read_bytes())
    except OSError as error:
        msg = f"{path}: {error.strerror}"
        raise ValueError(msg) from error
    except StylenetError as error:
        msg = f"{path}: {error}"
        raise ValueError(msg) from error


def _write(path: Path, pixels: images.Pixels) -> None:
    """Write beside the name and rename: a picture is never seen half written."""
    data = images.encode(pixels, _FORMATS[path.suffix.lower()], quality=95)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(data)
    partial.replace(path)


@dataclass
class _Report(contextlib.AbstractContextManager["_Report"]):
    """Tells what happens, a line per event that matters."""

    recipe: Recipe
    say: Callable[[str], None]

    def tell(self, event: events.PaintingEvent) -> None:
        """Tell of one event."""
        raise NotImplementedError

    def __exit__(self, *_: object) -> None:
        return None


class _Lines(_Report):
    """For a pipe or a log."""

    total = 0

    def tell(self, event: events.PaintingEvent) -> None:
        if isinstance(event, events.Progress):
            self.total = event.total
        if isinstance(event, events.Snapshot) and event.losses is not None:
            self.say(_generation(event.step, self.total, event.losses))
        if isinstance(event, events.Painting):
            self.say(
                f"Painted in {event.steps} generations, {event.passes:.1f} passes and "
                f"{event.seconds:.1f} s on {event.device}, loss: {_terms(event.losses)}"
            )


class _Json(_Report):
    """For programs."""

    def tell(self, event: events.PaintingEvent) -> None:
        fact: dict[str, Any]
        if isinstance(event, events.Progress):
            fact = {"event": "progress", "step": event.step, "total": event.total}
        elif isinstance(event, events.Painting):
            fact = {"event": "painting", "recipe": self.recipe.name, "steps": event.steps}
            fact["device"] = event.device
        else:
            return
        fact |= {"passes": round(event.passes, 4), "seconds": round(event.seconds, 3)}
        fact["losses"] = event.losses.with_total()
        self.say(json.dumps(fact))


class _Bar(_Report):
    """For a terminal: the same lines above a progress bar."""

    def __init__(self, recipe: Recipe, console: Console) -> None:
        super().__init__(recipe, lambda line: self._progress.console.print(line, highlight=False))
        self._lines = _Lines(recipe, self.say)
        self._progress = Progress(
            TextColumn(recipe.name),
            BarColumn(),
            TextColumn("{task.completed:.0f}/{task.total:.0f}"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[loss]}"),
            console=console,
        )
        self._task = self._progress.add_task(recipe.name, total=recipe.passes, loss="")

    def __enter__(self) -> _Bar:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def tell(self, event: events.PaintingEvent) -> None:
        if isinstance(event, events.Progress):
            self._progress.update(
                self._task,
                completed=event.step,
                total=event.total,
                loss=f"loss {event.losses.total:.3g}",
            )
        self._lines.tell(event)


def _choose_report(options: argparse.Namespace, recipe: Recipe) -> _Report:
    if options.json:
        return _Json(recipe, lambda line: print(line, flush=True))  # noqa: T201
    console = Console()
    if console.is_terminal:
        return _Bar(recipe, console)
    return _Lines(recipe, lambda line: print(line, flush=True))  # noqa: T201


def _generation(step: int, total: int, losses: events.Losses) -> str:
    return f"Generation {step} out of {total}, loss: {_terms(losses)}"


def _terms(losses: events.Losses) -> str:
    terms = (f"{name.replace('_', ' ')} {value:.4g}" for name, value in losses.items())
    return f"{losses.total:.6g} ({', '.join(terms)})"
