"""What a member wrote beside the pictures: a preset's name and options, in any order.

``!stylize mosaic size=512 keep colours``: written by people, read leniently. What is not
understood is only refused where it looks like an option; other words may simply be a caption.
Members, custom emojis and links may stand for pictures: ``!stylize me style=@Ada``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from bot.errors import RequestProblem, RequestRefused
from stylenet.errors import RecipeError
from stylenet.recipe import RECIPES, Recipe

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "LARGEST_SEED",
    "LARGEST_SIZE",
    "OPTIONS",
    "Kind",
    "Named",
    "Option",
    "ParsedText",
    "Role",
    "parse_text",
    "with_options",
]


class Kind(StrEnum):
    """What a picture was named by."""

    REQUESTER = "requester"  # their own avatar
    MEMBER = "member"  # that member's avatar
    EMOJI = "emoji"
    LINK = "link"


class Role(StrEnum):
    """What a picture was named for."""

    CONTENT = "content"
    STYLE = "style"


@dataclass(frozen=True, kw_only=True, slots=True)
class Named:
    """A picture that was named in words.

    Attributes:
        kind: what it was named by.
        value: a member's id, an emoji as it is written, or an address; empty for the requester.
        role: what for, where that was said: ``style=@Ada``.
        is_weak: whether the words may well mean something else: "paint this for me".
        spoiler: whether the link was hidden.
    """

    kind: Kind
    value: str = ""
    role: Role | None = None
    is_weak: bool = False
    spoiler: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class ParsedText:
    """What was asked for beside the pictures.

    Attributes:
        words: what is left when options are taken away; a preset's name, or a caption.
        names_preset: whether the words were given as a preset's name, and are no caption.
        options: options by name, converted.
        swap: whether the first picture is the style and the second the content.
        mask: whether the last picture says where to paint.
        named: pictures named in words, in the order in which they were written.
        trouble: why an option could not be understood, the first of them.
        fix: what that option would have to be, where that can be guessed: its name and value.
    """

    words: str = ""
    names_preset: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)
    swap: bool = False
    mask: bool = False
    named: tuple[Named, ...] = ()
    trouble: RequestRefused | None = field(default=None, compare=False)
    fix: tuple[str, Any] | None = None

    @property
    def has_link(self) -> bool:
        """Whether a link was among the words."""
        return any(each.kind is Kind.LINK for each in self.named)

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
            if name not in {"recipe", "strength", "strokes", "weights"}
        }
        if "strength" in self.options:
            changes["style_weight"] = recipe.style_weight * self.options["strength"]
        if "strokes" in self.options:
            changes["style_scale"] = self.options["strokes"]
        if "weights" in self.options:
            changes["blend"] = tuple(self.options["weights"])
        return changes


@dataclass(frozen=True, kw_only=True, slots=True)
class Option:
    """One option members may give.

    Attributes:
        expected: what it takes, in words: completes "it takes …".
        convert: from its text; raises ValueError.
        summary: what it does, for help and for the slash command.
        nearest: what was probably meant by a text that does not convert, None where nothing is
            near.
    """

    expected: str
    convert: Callable[[str], Any]
    summary: str
    nearest: Callable[[str], Any] = lambda _: None


def _whole(least: int, most: int) -> Callable[[str], int]:
    def convert(text: str) -> int:
        value = int(text.removesuffix("px"))
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


def _clamped(least: float, most: float, *, whole: bool) -> Callable[[str], int | float | None]:
    """The nearest number that is allowed, for one that is not."""

    def nearest(text: str) -> int | float | None:
        found = _NUMBER.match(text)
        if found is None:
            return None
        value = min(most, max(least, float(found[0])))
        return round(value) if whole else value

    return nearest


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


def _near_recipe(text: str) -> str | None:
    near = get_close_matches(text, RECIPES, n=1)
    return near[0] if near else None


def _weights(text: str) -> tuple[float, ...]:
    weights = tuple(float(part.removesuffix("%")) for part in _BETWEEN_WEIGHTS.split(text))
    if not all(0 <= weight <= MOST_WEIGHT for weight in weights) or not sum(weights) > 0:
        raise ValueError(text)
    return weights


_NUMBER: Final = re.compile(r"[-+]?\d{1,12}(\.\d{1,12})?")
_BETWEEN_WEIGHTS: Final = re.compile(r"[:/+]")
MOST_WEIGHT: Final = 1000.0
LARGEST_SIZE: Final = 2048
LARGEST_SEED: Final = 2**31 - 1

OPTIONS: Final[Mapping[str, Option]] = {
    "size": Option(
        expected=f"a number of pixels from 64 to {LARGEST_SIZE}",
        convert=_whole(64, LARGEST_SIZE),
        nearest=_clamped(64, LARGEST_SIZE, whole=True),
        summary="longest side of the painting, in pixels",
    ),
    "strength": Option(
        expected="a number from 0.1 to 10",
        convert=_number(0.1, 10),
        nearest=_clamped(0.1, 10, whole=False),
        summary="how strongly the style shows; 1 is usual",
    ),
    "strokes": Option(
        expected="a number from 0.25 to 4",
        convert=_number(0.25, 4),
        nearest=_clamped(0.25, 4, whole=False),
        summary="how large the style's strokes are; 1 is usual",
    ),
    "keep_colors": Option(
        expected="yes or no",
        convert=_yes_or_no,
        summary="keep the picture's own colours",
    ),
    "weights": Option(
        expected="a number for each style, such as 2:1",
        convert=_weights,
        summary="how much of each style, where there are several: 2:1",
    ),
    "passes": Option(
        expected="a whole number from 1 to 300",
        convert=_whole(1, 300),
        nearest=_clamped(1, 300, whole=True),
        summary="how long to paint; more is finer and slower",
    ),
    "seed": Option(
        expected="a whole number of up to nine digits",
        convert=_whole(0, LARGEST_SEED),
        nearest=_clamped(0, LARGEST_SEED, whole=True),
        summary="another number, another painting",
    ),
    "recipe": Option(
        expected=f"one of {', '.join(RECIPES)}",
        convert=_recipe_name,
        nearest=_near_recipe,
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
    "weight": "weights",
    "blend": "weights",
    "stroke": "strokes",
    "style_scale": "strokes",
}
_KEEP_COLORS: Final = re.compile(r"(?i)(?<!\S)-{0,2}keep[-_ ]?(the )?colou?rs?(?!\S|\s*[=:])")
_SWAP: Final = re.compile(r"(?i)(?<!\S)-{0,2}swap(ped)?(?!\S)")
_MASK: Final = re.compile(r"(?i)(?<!\S)-{0,2}(with )?(a )?mask(ed)?(?!\S|\s*[=:])")
_MENTION: Final = re.compile(r"<(?:@&|#)\d+>")
_PICTURE: Final = re.compile(
    r"(?i)(?:(?<!\S)-{0,2}(?P<role>content|picture|style)\s*[=:]\s*)?"
    r"(?:(?P<emoji><a?:\w{2,32}:\d{15,20}>)"
    r"|<@!?(?P<member>\d{15,20})>"
    r"|(?P<hidden>\|\|\s*)?<?(?P<link>\bhttps?://[^\s<>|]+)>?(?:\s*\|\|)?"
    r"|(?<![^\s=:])(?:my\s+)?(?P<avatar>avatar|pfp|profile picture)(?![^\s,.!?])"
    r"|(?<![^\s=:])(?P<me>me|myself)(?![^\s,.!?]))"
)
_ASSIGNMENT: Final = re.compile(
    r"(?<!\S)-{0,2}([A-Za-z][A-Za-z_-]*)\s*[=:]\s*(\"[^\"]*\"|[^\s,;]+)[,;]?"
)
_PRESET_OPTIONS: Final = frozenset({"preset", "style", "in"})
_FILLERS: Final = frozenset(
    {"a", "an", "as", "in", "into", "like", "of", "please", "pls", "style", "styled", "stylise"}
    | {"stylize", "the", "this", "to", "with"}
)


def parse_text(text: str, *, me: int | None = None) -> ParsedText:
    """Read what a member wrote beside the pictures.

    Nothing is refused here: an option that does not exist, or with a value it does not take, is
    left out and said to be in trouble.

    Args:
        text: as it was written, without the command.
        me: the bot's own id; naming the bot is addressing it, not asking for its avatar.
    """
    reader = _Reader(me)
    for pattern, take in (
        (_MENTION, reader.nothing),
        (_PICTURE, reader.picture),
        (_KEEP_COLORS, reader.keep_colors),
        (_SWAP, reader.swapped),
        (_MASK, reader.masked),
        (_ASSIGNMENT, reader.assignment),
    ):
        text = pattern.sub(take, text)
    words = [word for word in text.split() if word.lower().strip(".,!?") not in _FILLERS]
    return ParsedText(
        words=reader.preset or " ".join(words).strip(" .,!?\"'"),
        names_preset=bool(reader.preset),
        options=reader.options,
        swap=reader.swap,
        mask=reader.mask,
        named=tuple(reader.named),
        trouble=reader.trouble,
        fix=reader.fix,
    )


class _Reader:
    """Takes what is understood out of a text, piece by piece; each method replaces a match."""

    def __init__(self, me: int | None) -> None:
        self.options: dict[str, Any] = {}
        self.named: list[Named] = []
        self.preset = ""
        self.swap = self.mask = False
        self.trouble: RequestRefused | None = None
        self.fix: tuple[str, Any] | None = None
        self._me = me

    def nothing(self, _: re.Match[str]) -> str:
        return " "

    def picture(self, match: re.Match[str]) -> str:
        role = match["role"]
        said = None if role is None else Role.STYLE if role.lower() == "style" else Role.CONTENT
        if match["member"] is not None and int(match["member"]) == self._me:
            return " "
        if match["emoji"] is not None:
            named = Named(kind=Kind.EMOJI, value=match["emoji"], role=said)
        elif match["member"] is not None:
            named = Named(kind=Kind.MEMBER, value=match["member"], role=said)
        elif match["link"] is not None:
            hidden = match["hidden"] is not None
            named = Named(kind=Kind.LINK, value=match["link"], role=said, spoiler=hidden)
        else:
            named = Named(kind=Kind.REQUESTER, role=said, is_weak=match["me"] is not None)
        self.named.append(named)
        return " "

    def keep_colors(self, _: re.Match[str]) -> str:
        self.options["keep_colors"] = True
        return " "

    def swapped(self, _: re.Match[str]) -> str:
        self.swap = True
        return " "

    def masked(self, _: re.Match[str]) -> str:
        self.mask = True
        return " "

    def assignment(self, match: re.Match[str]) -> str:
        written, value = match[1], match[2].strip('"')
        name = written.lower().replace("-", "_")
        name = _SPELLINGS.get(name, name)
        option = OPTIONS.get(name)
        if option is not None:
            self._option(name, option, value)
        elif name in _PRESET_OPTIONS:
            self.preset = value
        elif self.trouble is None:
            near = get_close_matches(name, OPTIONS, n=1)
            self.trouble = RequestRefused(
                RequestProblem.UNKNOWN_OPTION, detail=written, suggestion=near[0] if near else None
            )
            self.fix = _meant(near[0], value) if near else None
        return " "

    def _option(self, name: str, option: Option, value: str) -> None:
        try:
            self.options[name] = option.convert(value.lower())
        except ValueError:
            if self.trouble is None:
                self.trouble = RequestRefused(
                    RequestProblem.BAD_OPTION_VALUE,
                    detail=f"{name}={value}",
                    suggestion=option.expected,
                )
                nearest = option.nearest(value.lower())
                self.fix = None if nearest is None else (name, nearest)


def _meant(name: str, value: str) -> tuple[str, Any] | None:
    """An option with its value, where the value is one."""
    try:
        return name, OPTIONS[name].convert(value.lower())
    except ValueError:
        return None


def with_options(parsed: ParsedText, **given: object) -> ParsedText:
    """A wish with the options that were given; those that are None were not."""
    chosen = {name: value for name, value in given.items() if value is not None}
    return replace(parsed, options={**parsed.options, **chosen})
