"""What a member asked for, in plain data: no Discord objects, no bytes yet."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.jobs.models import Order, Place

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.jobs.models import Origin
    from stylenet.recipe import Recipe

__all__ = ["JobRequest", "PictureSource", "SavedPicture"]


@dataclass(frozen=True, kw_only=True, slots=True)
class PictureSource:
    """A picture that still lies on Discord's side.

    Attributes:
        url: where it is downloaded from.
        filename: the member's own name of the file.
        size: bytes, as Discord announced them; None where it did not.
        content_type: as Discord announced it; enough to refuse a film, never relied upon.
        spoiler: whether the member hid it behind a spoiler.
        place: where it was found.
        first_frame: where Discord keeps the first frame of a film; None for what is no film.
    """

    url: str
    filename: str
    size: int | None = None
    content_type: str | None = None
    spoiler: bool = False
    place: Place = Place.ATTACHED
    first_frame: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SavedPicture:
    """A picture that passed inspection and waits among the artefacts for a choice of style.

    Attributes:
        key: the picture among the artefacts.
        filename, spoiler: as the member sent it.
        size: width and height in pixels.
        place: where it was found.
    """

    key: str
    filename: str
    spoiler: bool = False
    size: tuple[int, int] | None = None
    place: Place = Place.EARLIER


@dataclass(frozen=True, kw_only=True, slots=True)
class JobRequest:
    """One picture to be repainted, wherever the wish came from.

    Attributes:
        content: the picture that is repainted; held already when a picker was answered.
        styles: the pictures that show how; may be empty where `preset` says it instead.
        preset: name of a preset, whose picture is used after `styles`.
        mask: what says where to paint; None paints everywhere.
        order: how it is known which picture is the content.
        recipe: the recipe to begin with.
        options: the recipe's fields that the member set themself. They win over the preset's
            changes, which win over `recipe`.
        request_key: what makes the request unique (a message's or an interaction's id).
        title: what the card calls it; None to make it of the pictures' names.
        priority: above 0 for a member of a favoured role.

    Raises:
        ValueError: there is neither a style picture nor a preset.
    """

    origin: Origin
    content: PictureSource | SavedPicture
    styles: tuple[PictureSource | SavedPicture, ...] = ()
    preset: str | None = None
    mask: PictureSource | SavedPicture | None = None
    order: Order = Order.NAMED
    recipe: Recipe
    options: Mapping[str, object] = field(default_factory=dict)
    request_key: str | None = None
    title: str | None = None
    priority: int = 0

    def __post_init__(self) -> None:
        if not self.styles and self.preset is None:
            raise ValueError("a request needs a style picture or a preset")
