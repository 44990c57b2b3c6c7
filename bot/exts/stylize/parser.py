"""Parse what a member wrote besides the pictures: a preset's name and options, in any order.

An example is ``!stylize mosaic size=512 keep colours``. Parsing is lenient: only text that looks
like an option is an error if it is not understood, since other words may be a caption. A member,
a custom emoji or a link may stand for a picture: ``!stylize me style=@Ada``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping  # noqa: TC003 - pydantic evaluates the annotations
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import AliasChoices, Field, InstanceOf

from bot.errors import RequestProblem, RequestRefused
from bot.exts.stylize.options import OPTIONS, find_option, nearest_option
from stylenet.errors import RecipeError
from stylenet.recipe import Recipe

if TYPE_CHECKING:
    from bot.exts.stylize.options import Option

__all__ = [
    "ParsedText",
    "PictureReference",
    "PictureRole",
    "ReferenceKind",
    "has_request_words",
    "parse_options",
    "parse_text",
]


class ReferenceKind(StrEnum):
    """How a text refers to a picture."""

    REQUESTER = "requester"  # the requester's avatar
    MEMBER = "member"  # that member's avatar
    EMOJI = "emoji"
    LINK = "link"


class PictureRole(StrEnum):
    """What a picture is to be used as."""

    CONTENT = "content"
    STYLE = "style"


@dataclass(frozen=True, kw_only=True, slots=True)
class PictureReference:
    """A reference to a picture in a text.

    Attributes:
        kind: how the text refers to it.
        value: a member's id, an emoji as written, or a URL; empty for the requester.
        role: what the picture is for, if the text says so, as in ``style=@Ada``.
        is_ambiguous: whether the words may mean something else, as in "paint this for me".
        spoiler: whether the link is marked as a spoiler.
    """

    kind: ReferenceKind
    value: str = ""
    role: PictureRole | None = None
    is_ambiguous: Annotated[
        bool, Field(validation_alias=AliasChoices("is_ambiguous", "is_weak"))
    ] = False
    spoiler: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class ParsedText:
    """What a member asked for besides the pictures.

    Saved with requests: the validation aliases are the names of earlier versions.

    Attributes:
        words: the words left after the options; a preset's name, or a caption.
        names_preset: whether `words` were given as a preset's name and are no caption.
        options: converted values by option name.
        swap: whether the first picture is the style and the second the content.
        mask: whether the last picture is a mask.
        references: pictures referred to, in order of appearance.
        error: the first problem with an option; not saved.
        correction: name and value that the option with the problem probably meant, or None.
    """

    words: str = ""
    names_preset: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)
    swap: bool = False
    mask: bool = False
    references: Annotated[
        tuple[PictureReference, ...], Field(validation_alias=AliasChoices("references", "named"))
    ] = ()
    error: Annotated[InstanceOf[RequestRefused] | None, Field(exclude=True)] = field(
        default=None, compare=False
    )
    correction: Annotated[
        tuple[str, Any] | None, Field(validation_alias=AliasChoices("correction", "fix"))
    ] = None

    @property
    def has_link(self) -> bool:
        """Whether the text contains a link."""
        return any(each.kind is ReferenceKind.LINK for each in self.references)

    def recipe(self, default: str) -> Recipe:
        """Return the recipe of the option `recipe`, or the one named `default`.

        Raises:
            RequestRefused: there is no recipe of that name.
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
        """Return the fields of `recipe` that the options change."""
        changes: dict[str, Any] = {}
        for name, value in self.options.items():
            changes |= OPTIONS[name].recipe_changes(recipe, value)
        return changes


def parse_text(text: str, *, bot_id: int | None = None) -> ParsedText:
    """Parse a text; an option with a problem is left out and reported in `ParsedText.error`.

    Args:
        text: as written, without the command.
        bot_id: the bot's own user id; a mention of the bot is no request for its avatar.
    """
    reader = _Reader(bot_id)
    for pattern, read in (
        (_IGNORED_MENTION, reader.ignore),
        (_REFERENCE, reader.read_reference),
        (_KEEP_COLORS, reader.read_keep_colors),
        (_KEEP_TRANSPARENCY, reader.read_keep_transparency),
        (_SWAP, reader.read_swap),
        (_MASK, reader.read_mask),
        (_ASSIGNMENT, reader.read_assignment),
    ):
        text = pattern.sub(read, text)
    words = [word for word in text.split() if word.lower().strip(".,!?") not in _FILLER_WORDS]
    return replace(
        reader.parsed(),
        words=reader.preset or " ".join(words).strip(" .,!?\"'"),
        names_preset=bool(reader.preset),
    )


def has_request_words(name: str) -> bool:
    """Return whether a request would not take a text for a preset's name as a whole.

    It contains a word with a meaning of its own, such as `me`, `mask`, `swap` or an option.
    """
    parsed = parse_text(name)
    return replace(parsed, words="", correction=None) != ParsedText() or parsed.error is not None


def parse_options(values: Mapping[str, Any], *, preset: str = "") -> ParsedText:
    """Take options as the slash command delivers them; texts are parsed, other values are final.

    Args:
        values: by option name.
        preset: the preset's name; empty if none was given.
    """
    reader = _Reader(None)
    for name, value in values.items():
        if isinstance(value, str):
            reader.read_option(OPTIONS[name], value)
        else:
            reader.options[name] = value
    return replace(reader.parsed(), words=preset, names_preset=bool(preset))


_KEEP_COLORS: Final = re.compile(r"(?i)(?<!\S)-{0,2}keep[-_ ]?(the )?colou?rs?(?!\S|\s*[=:])")
_KEEP_TRANSPARENCY: Final = re.compile(
    r"(?i)(?<!\S)-{0,2}(keep[-_ ]?(the )?(transparency|alpha)|transparent)(?!\S|\s*[=:])"
)
_SWAP: Final = re.compile(r"(?i)(?<!\S)-{0,2}swap(ped)?(?!\S)")
_MASK: Final = re.compile(r"(?i)(?<!\S)-{0,2}(with )?(a )?mask(ed)?(?!\S|\s*[=:])")
_IGNORED_MENTION: Final = re.compile(r"<(?:@&|#)\d+>")
_REFERENCE: Final = re.compile(
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
_FILLER_WORDS: Final = frozenset(
    {"a", "an", "as", "in", "into", "like", "of", "please", "pls", "style", "styled", "stylise"}
    | {"stylize", "the", "this", "to", "with"}
)


class _Reader:
    """Collects what is recognised in a text; every `read_…` returns a match's replacement."""

    def __init__(self, bot_id: int | None) -> None:
        self.options: dict[str, Any] = {}
        self.references: list[PictureReference] = []
        self.preset = ""
        self.swap = self.mask = False
        self.error: RequestRefused | None = None
        self.correction: tuple[str, Any] | None = None
        self._bot_id = bot_id

    def parsed(self) -> ParsedText:
        return ParsedText(
            options=self.options,
            swap=self.swap,
            mask=self.mask,
            references=tuple(self.references),
            error=self.error,
            correction=self.correction,
        )

    def ignore(self, _: re.Match[str]) -> str:
        return " "

    def read_reference(self, match: re.Match[str]) -> str:
        role = None
        if match["role"] is not None:
            is_style = match["role"].lower() == "style"
            role = PictureRole.STYLE if is_style else PictureRole.CONTENT
        if match["member"] is not None and int(match["member"]) == self._bot_id:
            return " "
        if match["emoji"] is not None:
            reference = PictureReference(kind=ReferenceKind.EMOJI, value=match["emoji"], role=role)
        elif match["member"] is not None:
            reference = PictureReference(
                kind=ReferenceKind.MEMBER, value=match["member"], role=role
            )
        elif match["link"] is not None:
            reference = PictureReference(
                kind=ReferenceKind.LINK,
                value=match["link"],
                role=role,
                spoiler=match["hidden"] is not None,
            )
        else:
            reference = PictureReference(
                kind=ReferenceKind.REQUESTER, role=role, is_ambiguous=match["me"] is not None
            )
        self.references.append(reference)
        return " "

    def read_keep_colors(self, _: re.Match[str]) -> str:
        self.options["keep_colors"] = True
        return " "

    def read_keep_transparency(self, _: re.Match[str]) -> str:
        self.options["transparent"] = True
        return " "

    def read_swap(self, _: re.Match[str]) -> str:
        self.swap = True
        return " "

    def read_mask(self, _: re.Match[str]) -> str:
        self.mask = True
        return " "

    def read_assignment(self, match: re.Match[str]) -> str:
        written, value = match[1], match[2].strip('"')
        name = written.lower().replace("-", "_")
        option = find_option(name)
        if option is not None:
            self.read_option(option, value)
        elif name in _PRESET_OPTIONS:
            self.preset = value
        elif self.error is None:
            near = nearest_option(name)
            self.error = RequestRefused(
                RequestProblem.UNKNOWN_OPTION,
                detail=written,
                suggestion=near.name if near else None,
            )
            self.correction = _value_of(near, value) if near else None
        return " "

    def read_option(self, option: Option, text: str) -> None:
        try:
            self.options[option.name] = option.type.parse(text.lower())
        except ValueError:
            if self.error is None:
                self.error = RequestRefused(
                    RequestProblem.BAD_OPTION_VALUE,
                    detail=f"{option.name}={text}",
                    suggestion=option.expected,
                )
                nearest = option.type.nearest(text.lower())
                self.correction = None if nearest is None else (option.name, nearest)


def _value_of(option: Option, text: str) -> tuple[str, Any] | None:
    """Return the option's name with this value, or None if it does not accept the value."""
    try:
        return option.name, option.type.parse(text.lower())
    except ValueError:
        return None
