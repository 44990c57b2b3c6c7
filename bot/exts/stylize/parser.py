"""Parse what a member wrote besides the pictures: presets' names and options, in any order.

An example is ``!stylize mosaic size=512 keep colours``. Parsing is lenient: only text that looks
like an option is an error if it is not understood, since other words may be a caption. A member,
a custom emoji or a link may stand for a picture: ``!stylize me style=@Ada``.
`bot.exts.stylize.option_reader` reads the options.
"""

from __future__ import annotations

import re
from collections.abc import Mapping  # noqa: TC003 - pydantic evaluates the annotations
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import AliasChoices, Field, InstanceOf

from bot.errors import RequestProblem, RequestRefused
from bot.exts.stylize.option_reader import OptionReader
from bot.exts.stylize.options import OPTIONS, find_option
from bot.exts.stylize.written_text import normalize_text
from bot.presets.catalog import find
from bot.presets.expression import RANDOM, read_presets
from stylenet.errors import RecipeError
from stylenet.recipe import Recipe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.presets.catalog import CatalogPreset

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
        words: the words left after the options; names of presets, or a caption.
        names_preset: whether `words` were given as a preset's name and are no caption.
        options: converted values by option name.
        swap: whether the first picture is the style and the second the content.
        mask: whether the last picture is a mask.
        each: whether each picture is repainted; the last one is the style if there is no other.
        references: pictures referred to, in order of appearance.
        error: the first problem with an option; not saved.
        correction: name and value that the option with the problem probably meant, or None.
    """

    words: str = ""
    names_preset: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)
    swap: bool = False
    mask: bool = False
    each: bool = False
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

    @property
    def notify(self) -> bool:
        """Whether the member wants a direct message when the painting is done."""
        return bool(self.options.get("notify", False))

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
            option = find_option(name)  # a saved request may have an earlier name
            if option is not None:
                changes |= option.recipe_changes(recipe, value)
        return changes


def parse_text(
    text: str, *, bot_id: int | None = None, presets: Sequence[CatalogPreset] = ()
) -> ParsedText:
    """Parse a text; an option with a problem is left out and reported in `ParsedText.error`.

    Args:
        text: as written, without the command.
        bot_id: the bot's own user id; a mention of the bot is no request for its avatar.
        presets: those available, to tell their names from options and from other words.
    """
    reader = _Reader(bot_id)
    text = normalize_text(text)
    for pattern, read in (
        (_IGNORED_MENTION, reader.ignore),
        (_SURPRISE, lambda _: f" {RANDOM} "),
        (_NOTIFY, partial(_as_option, "notify")),
        (_REFERENCE, reader.read_reference),
        (_SWAP, reader.read_swap),
        (_EACH, reader.read_each),
        (_MASK, reader.read_mask),
        (_KEEP_COLOURS, partial(_as_option, "keep_colours")),
        (_KEEP_TRANSPARENCY, partial(_as_option, "transparent")),
    ):
        text = pattern.sub(read, text)
    options = OptionReader(presets)
    left = _trim(options.read(text))
    few = _trim(
        " ".join(word for word in left.split() if word.lower().strip(".,!?") not in _FILLER_WORDS)
    )
    # A filler word may be part of a name, such as "The Scream".
    words = left if presets and read_presets(left, presets) is not None else few
    preset = _whole_name(options.preset, words, presets)
    return replace(reader.parsed(options), words=preset or words, names_preset=bool(options.preset))


def has_request_words(name: str) -> bool:
    """Return whether a request would not take a text for a preset's name as a whole.

    It contains a word with a meaning of its own, such as `me`, `mask`, `swap` or an option.
    """
    parsed = parse_text(name)
    return (
        replace(parsed, words="", correction=None) != ParsedText()
        or parsed.error is not None
        or RANDOM in parsed.words.split()
    )


def parse_options(values: Mapping[str, Any], *, preset: str = "") -> ParsedText:
    """Take options as the slash command delivers them; texts are parsed, other values are final.

    Args:
        values: by option name.
        preset: the presets' names; empty if none was given.
    """
    reader = OptionReader()
    for name, value in values.items():
        if isinstance(value, str):
            reader.set(OPTIONS[name], normalize_text(value))
        else:
            reader.options[name] = value
    words = _SURPRISE.sub(RANDOM, normalize_text(preset)).strip()
    return replace(_Reader(None).parsed(reader), words=words, names_preset=bool(words))


_NOT: Final = r"(?P<not>(?:no|not|don't|dont|without)[-_ ]+(?:a |the )?)?"
_KEEP_COLOURS: Final = re.compile(
    rf"(?i)(?<!\S)-{{0,3}}{_NOT}keep[-_ ]*"
    r"(?:(?:the|its|his|her|my|their|original|own|all)[-_ ]+)*colou?rs?(?!\w)"
)
_KEEP_TRANSPARENCY: Final = re.compile(
    rf"(?i)(?<!\S)-{{0,3}}{_NOT}(?:keep[-_ ]?(?:the )?(?:transparency|alpha)|transparent)(?!\w)"
)
_NOTIFY: Final = re.compile(
    rf"(?i)(?<!\S)-{{0,3}}{_NOT}(?:(?:dm|message|ping) me|notify(?: me)?)"
    r"(?: (?:when|once|after) (?:(?:it['’]?s|it is|you(?:['’]re| are)) )?(?:done|finished|ready))?"
    r"(?![^\s,.!?]|\s*[=:])"
)
_SWAP: Final = re.compile(rf"(?i)(?<!\S)-{{0,3}}{_NOT}swap(?:ped)?(?![^\s,.!?])")
_EACH: Final = re.compile(
    r"(?i)(?<!\S)-{0,3}"
    r"(?:(?:each|every)(?: one| picture| photo)?|(?:each|all|both) of (?:them|these))(?![^\s,.!?])"
)
_MASK: Final = re.compile(
    rf"(?i)(?<!\S)-{{0,3}}{_NOT}(?:with )?(?:an? |the )?mask(?:ed)?(?![^\s,.!?]|\s*[=:])"
)
_SURPRISE: Final = re.compile(r"(?i)(?<!\S)surprise\s+(?:me|us)(?![^\s,.!?+&:])")
_IGNORED_MENTION: Final = re.compile(r"<(?:@&|#)\d+>")
_REFERENCE: Final = re.compile(
    r"(?i)(?:(?<!\S)-{0,3}(?P<role>content|picture|style)\s*[=:]\s*)?"
    r"(?:(?P<emoji><a?:\w{2,32}:\d{15,20}>)"
    r"|<@!?(?P<member>\d{15,20})>"
    r"|(?P<hidden>\|\|\s*)?<?(?P<link>\bhttps?://[^\s<>|]+)>?(?:\s*\|\|)?"
    r"|(?<![^\s=:])(?:my\s+)?(?P<avatar>avatar|pfp|profile picture)(?![^\s,.!?])"
    r"|(?<![^\s=:])(?P<me>me|myself)(?![^\s,.!?]))"
)
_FILLER_WORDS: Final = frozenset(
    {"a", "an", "as", "blend", "image", "in", "into", "it", "like", "my", "of", "photo", "pic"}
    | {"picture", "please", "pls", "preset", "style", "styled", "stylise", "stylize", "the"}
    | {"this", "to", "with"}
)
_MOST_WORDS: Final = 4
"""Words of a preset's name that may follow ``preset=`` without quotes."""


def _trim(text: str) -> str:
    return " ".join(text.split()).strip(" .,;!?\"'-")


def _as_option(name: str, match: re.Match[str]) -> str:
    return f" --{name}=no " if match["not"] else f" --{name} "


def _whole_name(preset: str, words: str, presets: Sequence[CatalogPreset]) -> str:
    """Return a preset's name of which only the first word may be the value of ``preset=``."""
    if not preset or find(preset, presets) is not None:
        return preset
    following = words.split()[:_MOST_WORDS]
    names = (" ".join([preset, *following[:count]]) for count in range(1, len(following) + 1))
    return next((name for name in names if find(name, presets) is not None), preset)


class _Reader:
    """Collects what is recognised in a text; every `read_…` returns a match's replacement."""

    def __init__(self, bot_id: int | None) -> None:
        self.references: list[PictureReference] = []
        self.swap = self.mask = self.each = False
        self._bot_id = bot_id

    def parsed(self, options: OptionReader) -> ParsedText:
        return ParsedText(
            options=options.options,
            swap=self.swap,
            mask=self.mask,
            each=self.each,
            references=tuple(self.references),
            error=options.error,
            correction=options.correction,
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

    def read_swap(self, match: re.Match[str]) -> str:
        self.swap = match["not"] is None
        return " "

    def read_each(self, _: re.Match[str]) -> str:
        self.each = True
        return " "

    def read_mask(self, match: re.Match[str]) -> str:
        self.mask = match["not"] is None
        return " "
