"""Report a painting's events on the command line: lines, JSON or a progress bar."""

from __future__ import annotations

import contextlib
import functools
import json
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from stylenet import events

if TYPE_CHECKING:
    from collections.abc import Callable

    from stylenet.recipe import Recipe

__all__ = ["BarReporter", "JsonReporter", "LineReporter", "choose_reporter"]


class LineReporter(contextlib.AbstractContextManager["LineReporter"]):
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


class JsonReporter(contextlib.AbstractContextManager["JsonReporter"]):
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


class BarReporter(contextlib.AbstractContextManager["BarReporter"]):
    """Prints the lines of `LineReporter` above a progress bar: for a terminal."""

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
        self._lines = LineReporter(recipe, functools.partial(console.print, highlight=False))

    def __enter__(self) -> BarReporter:
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


def choose_reporter(recipe: Recipe, *, as_json: bool) -> LineReporter | JsonReporter | BarReporter:
    """Return the reporter for standard output: JSON, a bar on a terminal, or lines."""
    write_line = functools.partial(print, flush=True)
    if as_json:
        return JsonReporter(recipe, write_line)
    console = Console()
    if console.is_terminal:
        return BarReporter(recipe, console)
    return LineReporter(recipe, write_line)


def _format_losses(losses: events.Losses) -> str:
    terms = (f"{name.replace('_', ' ')} {value:.4g}" for name, value in losses.items())
    return f"{losses.total:.6g} ({', '.join(terms)})"
