"""``recipes``: list the built-in recipes, or show all fields of one."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING

from stylenet.cli.picture_files import file_error
from stylenet.recipe import RECIPES, Recipe

if TYPE_CHECKING:
    import argparse

__all__ = ["add_parser", "load_recipe"]


def add_parser(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
) -> argparse.ArgumentParser:
    """Add the command to the command line."""
    parser = commands.add_parser("recipes", help="list the recipes, or show one")
    parser.add_argument(
        "recipe", nargs="?", help="a recipe's name, or a .json file with one; all without it"
    )
    parser.add_argument(
        "--json", action="store_true", help="as JSON, which --recipe FILE.json reads"
    )
    parser.set_defaults(run=_show)
    return parser


def load_recipe(name: str) -> Recipe:
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
        raise file_error(Path(name), error) from error
    except UnicodeDecodeError as error:
        msg = f"{name}: not a UTF-8 text file"
        raise ValueError(msg) from error


def _show(options: argparse.Namespace) -> int:
    if options.recipe is not None:
        recipe = load_recipe(options.recipe)
        text = recipe.to_json() if options.json else _fields(recipe)
    elif options.json:
        text = json.dumps([dataclasses.asdict(recipe) for recipe in RECIPES.values()])
    else:
        text = "\n".join(_summary(recipe) for recipe in RECIPES.values())
    print(text)  # noqa: T201 - a command's own output
    return 0


def _summary(recipe: Recipe) -> str:
    start = f"{recipe.optimizer} from {recipe.start}"
    return f"{recipe.name:14} {recipe.passes:4g} passes, {start}, style {recipe.style_weight:g}"


def _fields(recipe: Recipe) -> str:
    """Return a line per field; those that the default recipe has otherwise are marked."""
    default = Recipe.named("default")
    lines = []
    for field in dataclasses.fields(recipe):
        value = getattr(recipe, field.name)
        mark = " " if value == getattr(default, field.name) else "*"
        lines.append(f"{mark} {field.name:18} {_text(value)}")
    return "\n".join(lines)


def _text(value: object) -> str:
    if isinstance(value, tuple):
        pairs = [each if isinstance(each, tuple) else (each,) for each in value]
        return ", ".join(" ".join(f"{part}" for part in pair) for pair in pairs) or "none"
    return "none" if value is None else f"{value}"
