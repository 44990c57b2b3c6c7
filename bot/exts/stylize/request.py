"""What was asked, in plain data: which picture is which, and everything else that was said.

A refusal that offers to go on keeps it in the database, so that a button begins from it.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.exts.stylize.parser import Kind, Named, ParsedText, Role
from bot.intake.job_request import PictureSource
from bot.jobs.models import Order, Origin, Place

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.exts.stylize.attachments import Found

__all__ = [
    "NamedPicture",
    "StylizeRequest",
    "arrange",
    "request_from_json",
    "request_to_json",
    "source_from_json",
    "source_to_json",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class StylizeRequest:
    """One request.

    Attributes:
        origin: where the painting goes, and to whom.
        pictures: the content first, then the styles.
        lacks_content: whether there is nothing to repaint: the pictures are all styles.
        mask: what says where to paint.
        order: how it is known which picture is which.
        parsed: everything that was said in words or chosen.
        avatar: the requester's own, which is always at hand.
        is_gone: the message replied to cannot be seen any more.
    """

    origin: Origin
    pictures: tuple[PictureSource, ...] = ()
    lacks_content: bool = False
    mask: PictureSource | None = None
    order: Order = Order.NAMED
    parsed: ParsedText = dataclasses.field(default_factory=ParsedText)
    avatar: PictureSource
    is_gone: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class NamedPicture:
    """A picture named in words, found."""

    named: Named
    source: PictureSource


def arrange(
    found: Found,
    named: Sequence[NamedPicture],
    parsed: ParsedText,
    *,
    names_preset: bool,
    origin: Origin,
    avatar: PictureSource,
) -> StylizeRequest:
    """Decide which picture is which.

    Pictures that were posted come first: the content, then the styles. What is named in words
    only serves where a picture is missing, for a name may be a courtesy and an emoji an
    ornament, unless it was said what for.

    Args:
        found: the pictures that were posted.
        named: those named in words, in the order in which they were written.
        parsed: what was said.
        names_preset: whether the words name a preset, so that no style is missing.
        origin: where the request came from.
        avatar: the requester's own.
    """
    posted, order = list(found.pictures), found.order
    mask = posted.pop() if parsed.mask and posted else None
    if len(posted) < 2:
        order = Order.NAMED
    contents = [each.source for each in named if each.named.role is Role.CONTENT]
    styles = [each.source for each in named if each.named.role is Role.STYLE]
    free = [each for each in named if each.named.role is None]
    pictures = [*contents, *posted]
    if not pictures:
        pictures = [each.source for each in free]
        order = Order.FIRST if len(pictures) > 1 else Order.NAMED
    elif len(pictures) == 1 and not styles and not names_preset:
        meant = [each.source for each in free if not each.named.is_weak]
        if meant:
            pictures += meant
            order = Order.NAMED if contents else Order.GUESSED
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
        is_gone=found.is_gone,
    )


def request_to_json(ask: StylizeRequest) -> dict[str, Any]:
    """The ask as JSON holds it. Trouble with an option is left out: it is what is remedied."""
    parsed = ask.parsed
    return {
        "origin": dataclasses.asdict(ask.origin),
        "pictures": [source_to_json(each) for each in ask.pictures],
        "lacks_content": ask.lacks_content,
        "mask": None if ask.mask is None else source_to_json(ask.mask),
        "order": ask.order,
        "avatar": source_to_json(ask.avatar),
        "is_gone": ask.is_gone,
        "wish": {
            "words": parsed.words,
            "names_preset": parsed.names_preset,
            "options": dict(parsed.options),
            "mask": parsed.mask,
            "named": [dataclasses.asdict(each) for each in parsed.named],
            "fix": parsed.fix,
        },
    }


def request_from_json(held: Mapping[str, Any]) -> StylizeRequest:
    """Read what `request_to_json` wrote."""
    parsed = held["wish"]
    return StylizeRequest(
        origin=Origin(**held["origin"]),
        pictures=tuple(source_from_json(each) for each in held["pictures"]),
        lacks_content=held["lacks_content"],
        mask=None if held["mask"] is None else source_from_json(held["mask"]),
        order=Order(held["order"]),
        avatar=source_from_json(held["avatar"]),
        is_gone=held["is_gone"],
        parsed=ParsedText(
            words=parsed["words"],
            names_preset=parsed["names_preset"],
            options=parsed["options"],
            mask=parsed["mask"],
            named=tuple(_named(each) for each in parsed["named"]),
            fix=None if parsed["fix"] is None else (parsed["fix"][0], parsed["fix"][1]),
        ),
    )


def source_to_json(source: PictureSource) -> dict[str, Any]:
    """A picture's source as JSON holds it."""
    return dataclasses.asdict(source)


def source_from_json(held: Mapping[str, Any]) -> PictureSource:
    """Read what `source_to_json` wrote."""
    return PictureSource(**{**held, "place": Place(held["place"])})


def _named(held: Mapping[str, Any]) -> Named:
    role = held["role"]
    return Named(
        **{**held, "kind": Kind(held["kind"]), "role": None if role is None else Role(role)}
    )
