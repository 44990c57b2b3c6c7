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
        more_contents: further pictures to repaint, each like the content picture.
        lacks_content: whether all pictures are styles and the content is missing.
        mask: picture that selects the region to paint.
        order: how it was decided which picture is the content.
        parsed: the text and options.
        avatar: the requester's avatar, which a suggestion may use.
        reply_is_missing: whether the message replied to cannot be read.
    """

    origin: Origin
    pictures: tuple[PictureSource, ...] = ()
    more_contents: tuple[PictureSource, ...] = ()
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


FEWEST_CONTENTS: Final = 3
"""Pictures beside a preset of which each is a content; the second of two is a style."""

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

    Posted pictures come first: the content, then the styles. Of three or more with a preset, and
    where the member says so, each is a content. A reference without a role is used
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
    is_for_each = parsed.each or (len(posted) >= FEWEST_CONTENTS and names_preset)
    if len(posted) > 1 and is_for_each and "weights" not in parsed.options:
        has_style = names_preset or bool(styles)
        return _request_for_each(
            [*contents, *posted],
            styles,
            parsed,
            has_style=has_style,
            mask=mask,
            origin=origin,
            avatar=avatar,
        )
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


def _request_for_each(
    contents: list[PictureSource],
    styles: list[PictureSource],
    parsed: ParsedText,
    *,
    has_style: bool,
    mask: PictureSource | None,
    origin: Origin,
    avatar: PictureSource,
) -> StylizeRequest:
    """Make a request to repaint each picture; the last is the style if there is no other.

    With the word `swap`, it is the first.
    """
    if not has_style:
        styles = [contents.pop(0 if parsed.swap else -1)]
    return StylizeRequest(
        origin=origin,
        pictures=(contents[0], *styles),
        more_contents=tuple(contents[1:]),
        mask=mask,
        parsed=parsed,
        avatar=avatar,
    )
