"""Everything `stylize` takes, in two tables.

`OPTIONS` feeds the text parser, the slash command, `help stylize` and ``docs/commands.md``.
`SLASH_INPUTS` are the pictures and names, which the slash command and the forms take by field.
To add an option, add a row to `OPTIONS` and its help text to `bot.views.text.options.HELP`.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from bot.exts.stylize.option_types import (
    BlendWeights,
    Choice,
    Number,
    OptionType,
    WholeNumber,
    YesNo,
)
from bot.views.text.options import expected_text, help_text, label
from stylenet.recipe import RECIPES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stylenet.recipe import Recipe

__all__ = [
    "OPTIONS",
    "SLASH_INPUTS",
    "InputKind",
    "Option",
    "SlashInput",
    "find_option",
    "nearest_option",
    "usage",
]

MAX_SIZE: Final = 2048
MAX_SEED: Final = 2**31 - 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Option:
    """One option of `stylize`.

    Attributes:
        name: as written in text and as a parameter of the slash command.
        type: its type with the range.
        recipe_field: the recipe field it sets; None for the option that selects the recipe, and for
            those that have nothing to do with it.
        is_factor: whether the value multiplies the recipe's own instead of replacing it.
        default: the value of the default recipe; None if it depends on the recipe or settings.
        aliases: other spellings of the name in text.
        example: how the usage line shows it; empty leaves it out.
        expected_key: key of the text of what it accepts, if not the type's.
    """

    name: str
    type: OptionType
    recipe_field: str | None
    is_factor: bool = False
    default: Any = None
    aliases: tuple[str, ...] = ()
    example: str = ""
    expected_key: str = ""

    @property
    def help(self) -> str:
        """What it does, as a phrase in lower case."""
        return help_text(self.name, default=self.default)

    @property
    def label(self) -> str:
        """What it does, starting with a capital letter."""
        return label(self.name, default=self.default)

    @property
    def expected(self) -> str:
        """What it accepts; completes "this option takes …"."""
        return expected_text(self.expected_key or self.type.expected_key, **self.type.facts())

    def recipe_changes(self, recipe: Recipe, value: Any) -> dict[str, Any]:  # noqa: ANN401
        """Return the field of `recipe` that this value sets, with what it becomes."""
        if self.recipe_field is None:
            return {}
        if self.is_factor:
            value *= getattr(recipe, self.recipe_field)
        return {self.recipe_field: value}


OPTIONS: Final[Mapping[str, Option]] = {
    option.name: option
    for option in (
        Option(
            name="size",
            type=WholeNumber(lowest=64, highest=MAX_SIZE),
            recipe_field="size",
            example="size=512",
            expected_key="pixels",
        ),
        Option(
            name="strength",
            type=Number(lowest=0.1, highest=10),
            recipe_field="style_weight",
            is_factor=True,
            default=1.0,
            example="strength=1",
        ),
        Option(
            name="strokes",
            type=Number(lowest=0.25, highest=4),
            recipe_field="style_scale",
            default=1.0,
            aliases=("stroke", "style_scale"),
        ),
        Option(
            name="weights",
            type=BlendWeights(),
            recipe_field="blend",
            default=(),
            aliases=("weight", "blend"),
            example="weights=2:1",
        ),
        Option(
            name="keep_colours",
            type=YesNo(),
            recipe_field="keep_colors",
            default=False,
            aliases=("keep_colors", "keepcolours", "keepcolors", "keep", "colours", "colors"),
            example="keep colours",
        ),
        Option(
            name="transparent",
            type=YesNo(),
            recipe_field="keep_transparency",
            default=False,
            aliases=("transparency", "keep_transparency", "alpha"),
        ),
        Option(
            name="notify",
            type=YesNo(),
            recipe_field=None,
            default=False,
            aliases=("notify_me", "dm"),
        ),
        Option(
            name="passes",
            type=WholeNumber(lowest=1, highest=300),
            recipe_field="passes",
        ),
        Option(
            name="seed",
            type=WholeNumber(lowest=0, highest=MAX_SEED),
            recipe_field="seed",
            default=0,
            expected_key="digits",
        ),
        Option(
            name="recipe",
            type=Choice(choices=tuple(RECIPES)),
            recipe_field=None,
            aliases=("quality",),
        ),
    )
}
"""Every option by name."""


class InputKind(Enum):
    """What a parameter of the slash command takes."""

    PICTURE = "picture"
    TEXT = "text"
    MEMBER = "member"


@dataclass(frozen=True, kw_only=True, slots=True)
class SlashInput:
    """A parameter of the slash command that is no option: a picture, or a name for one."""

    name: str
    kind: InputKind

    @property
    def label(self) -> str:
        """What it is, starting with a capital letter."""
        return label(self.name)


SLASH_INPUTS: Final = tuple(
    SlashInput(name=name, kind=kind)
    for name, kind in (
        ("content", InputKind.PICTURE),
        ("style", InputKind.PICTURE),
        ("preset", InputKind.TEXT),
        ("avatar", InputKind.MEMBER),
        ("emoji", InputKind.TEXT),
        ("style2", InputKind.PICTURE),
        ("style3", InputKind.PICTURE),
        ("content2", InputKind.PICTURE),
        ("content3", InputKind.PICTURE),
        ("content4", InputKind.PICTURE),
        ("mask", InputKind.PICTURE),
    )
)
"""The slash command's other parameters, which come before the options."""


def find_option(name: str) -> Option | None:
    """Return the option of this name or alias, or None. Case and dashes make no difference."""
    name = name.lower().replace("-", "_").replace(" ", "_")
    for option in OPTIONS.values():
        if name == option.name or name in option.aliases:
            return option
    return None


def nearest_option(name: str, *, least_similarity: float = 0.6) -> Option | None:
    """Return the option whose name or alias is most similar, or None if none is similar.

    Args:
        name: as written.
        least_similarity: in 0..1.
    """
    names = {each: option for option in OPTIONS.values() for each in (option.name, *option.aliases)}
    name = name.lower().replace("-", "_")
    similar = get_close_matches(name, names, n=1, cutoff=least_similarity)
    return names[similar[0]] if similar else None


def usage() -> str:
    """Return the usage line of the text command, without its name."""
    examples = (option.example for option in OPTIONS.values() if option.example)
    return " ".join(
        f"[{part}]" for part in ("style", "me", "@member", *examples, "each", "mask", "swap")
    )
