"""The routes of all buttons, menus and forms: which custom_ids there are and what they carry.

Messages stay in channels for years, so a custom_id that was ever posted keeps its format. All
that a handler needs is in the custom_id; nothing is remembered in the process.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from string import Formatter
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = [
    "LONGEST_SEARCH",
    "ROUTES",
    "Field",
    "GalleryFilter",
    "GuildSetting",
    "JobAction",
    "PresetAction",
    "PrivacyAction",
    "Route",
    "Strength",
    "Suggestion",
    "UploadForm",
    "find_route",
]

LONGEST_CUSTOM_ID: Final = 100
"""Discord's limit, in characters."""

LONGEST_SEARCH: Final = 32
"""Characters of a search that fit into a custom_id beside the rest."""


class JobAction(StrEnum):
    """What a button on a job's messages does."""

    CANCEL = "cancel"
    NOTIFY = "notify"
    AGAIN = "again"
    RESTYLE = "restyle"  # open a picker with the same content
    STYLE = "style"  # on older messages, where `Strength` had no menu
    CONTENT = "content"  # the same
    KEEP = "keep"
    RECOLOUR = "recolour"
    LARGER = "larger"
    TWICE = "twice"
    SMALLER = "smaller"
    TIMELAPSE = "timelapse"
    POST_TIMELAPSE = "post"
    FAVOURITE = "favourite"
    DETAILS = "details"
    DELETE = "delete"


class Strength(StrEnum):
    """How strongly a variation shows the style, compared with the painting it varies."""

    LIGHTEST = "lightest"
    LIGHTER = "lighter"
    SAME = "same"
    STRONGER = "stronger"
    STRONGEST = "strongest"


class Suggestion(StrEnum):
    """What a button below a refusal does."""

    CORRECT = "correct"  # use the spelling or the value that was probably meant
    WITHOUT = "without"  # leave the option out
    UPLOAD = "upload"
    FIRST_FRAME = "frame"
    AVATAR = "avatar"
    PRESET = "preset"
    LEAVE_OUT = "leave"  # leave the picture out
    TWO = "two"
    BLEND = "blend"
    RETRY = "retry"
    STYLIZE = "stylize"  # treat a misspelt command as `stylize`
    HELP = "help"


class UploadForm(StrEnum):
    """Which pictures the form of `Suggestion.UPLOAD` asks for."""

    CONTENT = "content"
    CONTENT_AND_STYLE = "both"
    STYLE = "style"
    MASK = "mask"


class GalleryFilter(StrEnum):
    """Which paintings a gallery shows."""

    ALL = "all"
    FAVOURITES = "fav"


class PresetAction(StrEnum):
    """What a button on a message about a guild's preset does."""

    ASK = "ask"
    REMOVE = "remove"
    KEEP = "keep"


class PrivacyAction(StrEnum):
    """What a button on a member's privacy messages does."""

    EXPORT = "export"
    ASK = "ask"
    FORGET = "forget"
    ERASE = "erase"  # delete the data and the bot's messages
    KEEP = "keep"


class GuildSetting(StrEnum):
    """Which guild setting a menu changes or a button resets."""

    CHANNELS = "channels"
    MANAGER_ROLE = "role"
    PREFIX = "prefix"


@dataclass(frozen=True, slots=True)
class Field:
    """One value within a custom_id.

    Attributes:
        pattern: regular expression that its text matches in full.
        parse: makes the value of the text.
    """

    pattern: str
    parse: Callable[[str], Any] = str

    @classmethod
    def one_of(cls, members: Iterable[StrEnum]) -> Field:
        """A field that holds a member of an enum."""
        members = list(members)
        return cls("|".join(map(re.escape, members)), type(members[0]))


JOB_ID: Final = Field(r"[0-9a-f]{12}")
SUGGESTION_ID: Final = Field(r"[0-9a-f]{12}")
MEMBER_ID: Final = Field(r"[0-9]{1,20}", int)
PAGE: Final = Field(r"-?[0-9]{1,4}", int)
PRESET: Final = Field(r".{1,64}")


class Route:
    """A kind of custom_id: builds one from its fields, and parses it back.

    Args:
        template: the custom_id with its fields in braces, e.g. ``"job:{job_id}:swap"``.
        has_values: whether it is a menu, whose chosen values the handler is given.
        opens_form: whether the handler answers with a form, which must be the first answer, so
            that the router cannot acknowledge the press before.
        owner: the field that holds the id of the only member who may press it.
        fields: one for each pair of braces.
    """

    def __init__(
        self,
        template: str,
        *,
        has_values: bool = False,
        opens_form: bool = False,
        owner: str | None = None,
        **fields: Field,
    ) -> None:
        self.template = template
        self.has_values = has_values
        self.opens_form = opens_form
        self.owner = owner
        self.fields: Mapping[str, Field] = fields
        self._pattern = re.compile(
            "".join(
                re.escape(literal) + (f"(?P<{name}>{fields[name].pattern})" if name else "")
                for literal, name, _, _ in Formatter().parse(template)
            )
        )

    def __repr__(self) -> str:
        """The template."""
        return f"Route({self.template!r})"

    def custom_id(self, **values: object) -> str:
        """Build a custom_id.

        Raises:
            ValueError: a value does not fit its field, or the whole is too long for Discord.
        """
        custom_id = self.template.format(**values)
        if len(custom_id) > LONGEST_CUSTOM_ID or not self._pattern.fullmatch(custom_id):
            msg = f"{custom_id!r} is no custom_id of {self.template!r}"
            raise ValueError(msg)
        return custom_id

    def parse(self, custom_id: str) -> dict[str, Any] | None:
        """Read the fields of a custom_id; None if it belongs to another route."""
        match = self._pattern.fullmatch(custom_id)
        if match is None:
            return None
        return {name: field.parse(match[name]) for name, field in self.fields.items()}


JOB: Final = Route("job:{job_id}:{action}", job_id=JOB_ID, action=Field.one_of(JobAction))
STRENGTH: Final = Route("job:{job_id}:strength", has_values=True, job_id=JOB_ID)
SWAP: Final = Route("job:{job_id}:swap", job_id=JOB_ID)

PICKER_MENU: Final = Route("picker:choose", has_values=True)
PICKER_SUGGESTED: Final = Route("picker:take:{preset}", preset=PRESET)
PICKER_PAGE: Final = Route("picker:page:{page}", page=PAGE)

SUGGESTION: Final = Route(
    "offer:{suggestion_id}:{suggestion}",
    suggestion_id=SUGGESTION_ID,
    suggestion=Field.one_of(each for each in Suggestion if each is not Suggestion.UPLOAD),
)
SUGGESTION_UPLOAD: Final = Route(
    f"offer:{{suggestion_id}}:{{form}}:{{owner_id}}:{Suggestion.UPLOAD}",
    suggestion_id=SUGGESTION_ID,
    form=Field.one_of(UploadForm),
    owner_id=MEMBER_ID,
    opens_form=True,
)
SUGGESTION_FORM: Final = Route("form:{suggestion_id}", suggestion_id=SUGGESTION_ID)
START: Final = Route("ask:{preset}", preset=Field(r".{0,64}"), opens_form=True)
START_FORM: Final = Route("form:new")
START_FORM_WITH_PRESET: Final = Route("form:new:{preset}", preset=PRESET)

GALLERY_NEWER: Final = Route(
    "gallery:newer:{opened_by}.{subject}.{page}",
    owner="opened_by",
    opened_by=MEMBER_ID,
    subject=MEMBER_ID,
    page=PAGE,
)
GALLERY_OLDER: Final = Route(
    "gallery:older:{opened_by}.{subject}.{page}",
    owner="opened_by",
    opened_by=MEMBER_ID,
    subject=MEMBER_ID,
    page=PAGE,
)
GALLERY_VIEW: Final = Route(
    "gallery:view:{opened_by}.{subject}.{page}.{only}:{words}",
    owner="opened_by",
    opened_by=MEMBER_ID,
    subject=MEMBER_ID,
    page=PAGE,
    only=Field.one_of(GalleryFilter),
    words=Field(f".{{0,{LONGEST_SEARCH}}}"),
)
GALLERY_OPEN: Final = Route(
    "gallery:open:{opened_by}", has_values=True, owner="opened_by", opened_by=MEMBER_ID
)
GALLERY_SEARCH: Final = Route(
    "gallery:search:{opened_by}.{subject}",
    opens_form=True,
    owner="opened_by",
    opened_by=MEMBER_ID,
    subject=MEMBER_ID,
)
GALLERY_SEARCH_FORM: Final = Route(
    "form:gallery:{opened_by}.{subject}",
    owner="opened_by",
    opened_by=MEMBER_ID,
    subject=MEMBER_ID,
)
GUILD_PRESET: Final = Route(
    "styles:{action}:{name}", action=Field.one_of(PresetAction), name=PRESET
)
PRIVACY: Final = Route(
    "privacy:{action}:{member_id}",
    owner="member_id",
    action=Field.one_of(PrivacyAction),
    member_id=MEMBER_ID,
)
SETTING: Final = Route("rules:{setting}", has_values=True, setting=Field.one_of(GuildSetting))
SETTING_RESET: Final = Route("rules:{setting}:reset", setting=Field.one_of(GuildSetting))
# Older messages name the two resets that they have for what they do.
SETTING_RESET_CHANNELS: Final = Route("rules:everywhere:")
SETTING_RESET_MANAGER_ROLE: Final = Route("rules:norole:")

ROUTES: Final[tuple[Route, ...]] = (
    JOB,
    STRENGTH,
    SWAP,
    PICKER_MENU,
    PICKER_SUGGESTED,
    PICKER_PAGE,
    SUGGESTION,
    SUGGESTION_UPLOAD,
    SUGGESTION_FORM,
    START,
    START_FORM,
    START_FORM_WITH_PRESET,
    GALLERY_NEWER,
    GALLERY_OLDER,
    GALLERY_VIEW,
    GALLERY_OPEN,
    GALLERY_SEARCH,
    GALLERY_SEARCH_FORM,
    GUILD_PRESET,
    PRIVACY,
    SETTING,
    SETTING_RESET,
    SETTING_RESET_CHANNELS,
    SETTING_RESET_MANAGER_ROLE,
)
"""Every route; each custom_id belongs to one at most."""


def find_route(custom_id: str) -> tuple[Route, dict[str, Any]] | None:
    """Find the route of a custom_id and its fields; None if there is none, or none any more."""
    for route in ROUTES:
        fields = route.parse(custom_id)
        if fields is not None:
            return route, fields
    return None
