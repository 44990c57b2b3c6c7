"""A request to stylize, as plain data: which picture is which, and what else was asked for.

Requests are saved as JSON when a refusal offers suggestions; `REQUEST_JSON` converts them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import AliasChoices, Field, TypeAdapter

from bot.exts.stylize.parser import ParsedText, PictureRole
from bot.intake.job_request import PictureSource, SavedPicture
from bot.jobs.job_inputs import RoleAssignment
from bot.jobs.models import Origin  # noqa: TC001 - pydantic reads the annotation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.exts.stylize.attachments import MessagePictures
    from bot.exts.stylize.parser import PictureReference

__all__ = [
    "MASK_JSON",
    "REQUEST_JSON",
    "ResolvedReference",
    "StylizeRequest",
    "build_request",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class StylizeRequest:
    """One request. The validation aliases are the field names of earlier versions.

    Attributes:
        origin: where the result is posted, and for whom.
        pictures: the content picture, then the style pictures.
        lacks_content: whether all pictures are styles and the content is missing.
        mask: picture that selects the region to paint.
        order: how it was decided which picture is the content.
        parsed: the text and options.
        avatar: the requester's avatar, which a suggestion may use.
        reply_is_missing: whether the message replied to cannot be read.
    """

    origin: Origin
    pictures: tuple[PictureSource, ...] = ()
    lacks_content: bool = False
    mask: PictureSource | None = None
    order: RoleAssignment = RoleAssignment.NAMED
    parsed: Annotated[ParsedText, Field(validation_alias=AliasChoices("parsed", "wish"))] = field(
        default_factory=ParsedText
    )
    avatar: PictureSource
    reply_is_missing: Annotated[
        bool, Field(validation_alias=AliasChoices("reply_is_missing", "is_gone"))
    ] = False


REQUEST_JSON: Final = TypeAdapter(StylizeRequest)
MASK_JSON: Final[TypeAdapter[PictureSource | SavedPicture]] = TypeAdapter(
    PictureSource | SavedPicture
)


@dataclass(frozen=True, kw_only=True, slots=True)
class ResolvedReference:
    """A reference to a picture together with the picture."""

    reference: PictureReference
    source: PictureSource


def build_request(
    found: MessagePictures,
    resolved: Sequence[ResolvedReference],
    parsed: ParsedText,
    *,
    names_preset: bool,
    origin: Origin,
    avatar: PictureSource,
) -> StylizeRequest:
    """Decide which picture is the content, which are styles and which is the mask.

    Posted pictures come first: the content, then the styles. A reference without a role is used
    only if a picture is missing, since a member may be mentioned out of courtesy and an emoji
    may be decoration.

    Args:
        found: the posted pictures.
        resolved: the pictures referred to, in order of appearance.
        parsed: the text.
        names_preset: whether the words name a preset, so that no style is missing.
        origin: where the request came from.
        avatar: the requester's avatar.
    """
    posted, order = list(found.pictures), found.order
    mask = posted.pop() if parsed.mask and posted else None
    if len(posted) < 2:
        order = RoleAssignment.NAMED
    contents = [each.source for each in resolved if each.reference.role is PictureRole.CONTENT]
    styles = [each.source for each in resolved if each.reference.role is PictureRole.STYLE]
    without_role = [each for each in resolved if each.reference.role is None]
    pictures = [*contents, *posted]
    if not pictures:
        pictures = [each.source for each in without_role]
        order = RoleAssignment.FIRST if len(pictures) > 1 else RoleAssignment.NAMED
    elif len(pictures) == 1 and not styles and not names_preset:
        clear = [each.source for each in without_role if not each.reference.is_ambiguous]
        if clear:
            pictures += clear
            order = RoleAssignment.NAMED if contents else RoleAssignment.GUESSED
    lacks_content = not pictures
    pictures += styles
    if parsed.swap and len(pictures) > 1:
        pictures[:2] = reversed(pictures[:2])
    return StylizeRequest(
        origin=origin,
        pictures=tuple(pictures),
        lacks_content=lacks_content,
        mask=mask,
        order=order,
        parsed=parsed,
        avatar=avatar,
        reply_is_missing=found.reply_is_missing,
    )
