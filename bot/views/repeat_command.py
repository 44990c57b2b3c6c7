"""The command line that paints a job's picture again, built from what the job really used."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.jobs.job_inputs import InputSource
from bot.views.text.quoting import plain

if TYPE_CHECKING:
    from bot.jobs.models import Job

__all__ = ["RECIPE_NAME", "InputFiles", "input_files", "repeat_command"]

RECIPE_NAME: Final = "recipe.json"
START_NAME: Final = "start.png"

LONGEST_COMMAND: Final = 950
"""In characters; a field of an embed has 1024."""


@dataclass(frozen=True, kw_only=True, slots=True)
class InputFiles:
    """The names by which the command refers to a job's input files, each of them once.

    Attributes:
        content: the content picture.
        styles: one for each style.
        masks: one for each style, where there are masks: None for a style without one.
        enclosed: names and keys of the files that the member does not have: the pictures of
            presets, and the picture that the painting started from.
    """

    content: str
    styles: tuple[str, ...]
    masks: tuple[str | None, ...]
    enclosed: tuple[tuple[str, str], ...]


def repeat_command(job: Job) -> str:
    """Return the command, over several lines.

    It uses the names that the member gave the files, if they fit.
    """
    command = _command(job, input_files(job))
    if len(command) > LONGEST_COMMAND:
        command = _command(job, input_files(job, use_names=False))
    return command


def input_files(job: Job, *, use_names: bool = True) -> InputFiles:
    """Name a job's input files.

    Args:
        job: the job.
        use_names: whether to use the names that the member gave them.
    """
    used = {RECIPE_NAME, START_NAME}
    interpretation = job.interpretation if use_names else None
    content = _unique(interpretation.content.name if interpretation else "content.png", used)
    styles, enclosed = [], []
    inputs = job.interpretation.styles if job.interpretation is not None else ()
    for index, key in enumerate(job.style_keys):
        style = inputs[index] if index < len(inputs) else None
        is_preset = style is not None and style.place is InputSource.PRESET
        if style is not None and is_preset:
            stem = re.sub(r"\W+", "-", style.name.lower()).strip("-") or "style"
            name = _unique(f"{stem}.webp", used)
            enclosed.append((name, key))
        else:
            has_name = style is not None and use_names
            name = style.name if style is not None and has_name else f"style-{index + 1}.png"
            name = _unique(name, used)
        styles.append(name)
    mask = interpretation.mask.name if interpretation and interpretation.mask else "mask.png"
    names = {key: _unique(mask, used) for key in dict.fromkeys(job.mask_keys) if key is not None}
    if job.start_key is not None:
        enclosed.append((START_NAME, job.start_key))
    return InputFiles(
        content=content,
        styles=tuple(styles),
        masks=tuple(None if key is None else names[key] for key in job.mask_keys),
        enclosed=tuple(enclosed),
    )


def _command(job: Job, files: InputFiles) -> str:
    lines = ["python -m stylenet paint", *map(_word, (files.content, *files.styles))]
    lines += [f"--mask {_word(mask) if mask is not None else '-'}" for mask in files.masks]
    lines.append(f"--recipe {RECIPE_NAME}")
    if job.start_key is not None:
        lines.append(f"--start {START_NAME}")
    return " \\\n  ".join([*lines, "--out painting.png"])


def _unique(name: str, used: set[str]) -> str:
    """Return a name that is not used yet, and add it to those used."""
    name = plain(name.replace("`", "'").replace("/", "-")) or "picture"
    stem, dot, extension = name.rpartition(".")
    number, unique = 1, name
    while unique in used:
        number += 1
        unique = f"{stem}-{number}.{extension}" if dot and stem else f"{name}-{number}"
    used.add(unique)
    return unique


def _word(name: str) -> str:
    """Quote a file's name for a shell; a name that looks like an option gets a folder."""
    return shlex.quote(f"./{name}" if name.startswith("-") else name)
