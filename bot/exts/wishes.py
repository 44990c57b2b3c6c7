"""What a member wrote beside the pictures: a preset's name and options, in any order.

``!stylize mosaic size=512 keep colours``: written by people, read leniently. What is not
understood is only refused where it looks like an option; other words may simply be a caption.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

from bot.errors import RequestProblem, RequestRefused
from stylenet.errors import RecipeError
from stylenet.recipe import RECIPES, Recipe

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["OPTIONS", "Option", "Wish", "read_wish"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What was asked for beside the pictures.

    Attributes:
        words: what is left when options are taken away; a preset's name, or a caption.
        options: options by name, converted.
        swap: whether the first picture is the style and the second the content.
        has_link: whether a link was among the words.
    """

    words: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    swap: bool = False
    has_link: bool = False

    def recipe(self, default: str) -> Recipe:
        """The recipe to begin with: the one asked for, else the operator's.

        Raises:
            RequestRefused: there is none of that name.
        """
        name = self.options.get("recipe", default)
        try:
            return Recipe.named(name)
        except RecipeError as error:
            raise RequestRefused(
                RequestProblem.BAD_OPTION_VALUE,
                detail=f"recipe={name}",
                suggestion=error.expected,
            ) from error

    def recipe_changes(self, recipe: Recipe) -> dict[str, Any]:
        """The fields of `recipe` that the options set."""
        changes = {
            name: value
            for name, value in self.options.items()
            if name not in {"recipe", "strength", "strokes"}
        }
        if "strength" in self.options:
            changes["style_weight"] = recipe.style_weight * self.options["strength"]
        if "strokes" in self.options:
            changes["style_scale"] = self.options["strokes"]
        return changes


@dataclass(frozen=True, kw_only=True, slots=True)
class Option:
    """One option members may give.

    Attributes:
        expected: what it takes, in words: completes "it takes …".
        convert: from its text; raises ValueError.
        summary: what it does, for help and for the slash command.
    """

    expected: str
    convert: Callable[[str], Any]
    summary: str


def _whole(least: int, most: int) -> Callable[[str], int]:
    def convert(text: str) -> int:
        value = int(text)
        if not least <= value <= most:
            raise ValueError(text)
        return value

    return convert


def _number(least: float, most: float) -> Callable[[str], float]:
    def convert(text: str) -> float:
        value = float(text.removesuffix("x"))
        if not least <= value <= most:
            raise ValueError(text)
        return value

    return convert


def _yes_or_no(text: str) -> bool:
    if text in {"yes", "true", "on", "1"}:
        return True
    if text in {"no", "false", "off", "0"}:
        return False
    raise ValueError(text)


def _recipe_name(text: str) -> str:
    if text not in RECIPES:
        raise ValueError(text)
    return text


LARGEST_SIZE: Final = 2048
LARGEST_SEED: Final = 2**31 - 1

OPTIONS: Final[Mapping[str, Option]] = {
    "size": Option(
        expected=f"a number of pixels from 64 to {LARGEST_SIZE}",
        convert=_whole(64, LARGEST_SIZE),
        summary="longest side of the painting, in pixels",
    ),
    "strength": Option(
        expected="a number from 0.1 to 10",
        convert=_number(0.1, 10),
        summary="how strongly the style shows; 1 is usual",
    ),
    "strokes": Option(
        expected="a number from 0.25 to 4",
        convert=_number(0.25, 4),
        summary="how large the style's strokes are; 1 is usual",
    ),
    "keep_colors": Option(
        expected="yes or no",
        convert=_yes_or_no,
        summary="keep the picture's own colours",
    ),
    "passes": Option(
        expected="a whole number from 1 to 300",
        convert=_whole(1, 300),
        summary="how long to paint; 40 is usual",
    ),
    "seed": Option(
        expected="a whole number of up to nine digits",
        convert=_whole(0, LARGEST_SEED),
        summary="another number, another painting",
    ),
    "recipe": Option(
        expected=f"one of {', '.join(RECIPES)}",
        convert=_recipe_name,
        summary="the way of painting",
    ),
}
"""Every option of `stylize`, by name; the slash command has the same."""

_SPELLINGS: Final = {
    "keep": "keep_colors",
    "keepcolors": "keep_colors",
    "keepcolours": "keep_colors",
    "keep_colours": "keep_colors",
    "colors": "keep_colors",
    "colours": "keep_colors",
    "stroke": "strokes",
    "style_scale": "strokes",
}
_KEEP_COLORS: Final = re.compile(r"(?i)(?<!\S)-{0,2}keep[-_ ]?(the )?colou?rs?(?!\S|\s*[=:])")
_SWAP: Final = re.compile(r"(?i)(?<!\S)-{0,2}swap(ped)?(?!\S)")
_LINK: Final = re.compile(r"(?i)<?\bhttps?://\S+")
_MENTION: Final = re.compile(r"<(?:@[!&]?|#)\d+>")
_ASSIGNMENT: Final = re.compile(r"(?<!\S)-{0,2}([A-Za-z][A-Za-z_-]*)\s*[=:]\s*([^\s,;]+)[,;]?")
_FILLERS: Final = frozenset(
    {"a", "an", "as", "in", "into", "like", "of", "please", "pls", "style", "styled", "stylise"}
    | {"stylize", "the", "this", "to", "with"}
)


def read_wish(text: str) -> Wish:
    """Read what a member wrote beside the pictures.

    Raises:
        RequestRefused: an option that does not exist, or with a value it does not take.
    """
    options: dict[str, Any] = {}
    text = _MENTION.sub(" ", text)
    text, links = _LINK.subn(" ", text)
    text, keeps = _KEEP_COLORS.subn(" ", text)
    text, swaps = _SWAP.subn(" ", text)
    if keeps:
        options["keep_colors"] = True

    def take(match: re.Match[str]) -> str:
        name, value = _option(match[1], match[2])
        options[name] = value
        return " "

    text = _ASSIGNMENT.sub(take, text)
    words = [word for word in text.split() if word.lower().strip(".,!?") not in _FILLERS]
    return Wish(
        words=" ".join(words).strip(" .,!?\"'"),
        options=options,
        swap=bool(swaps),
        has_link=bool(links),
    )


def _option(written: str, value: str) -> tuple[str, Any]:
    name = written.lower().replace("-", "_")
    name = _SPELLINGS.get(name, name)
    option = OPTIONS.get(name)
    if option is None:
        near = get_close_matches(name, OPTIONS, n=1)
        raise RequestRefused(
            RequestProblem.UNKNOWN_OPTION, detail=written, suggestion=near[0] if near else None
        )
    try:
        return name, option.convert(value.lower())
    except ValueError as error:
        raise RequestRefused(
            RequestProblem.BAD_OPTION_VALUE, detail=f"{name}={value}", suggestion=option.expected
        ) from error


def with_options(wish: Wish, **given: object) -> Wish:
    """A wish with the options that were given; those that are None were not."""
    chosen = {name: value for name, value in given.items() if value is not None}
    return replace(wish, options={**wish.options, **chosen})
