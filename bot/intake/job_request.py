"""A request for one job, as plain data: no Discord objects and no image bytes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.jobs.job_inputs import InputSource, RoleAssignment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.jobs.models import Origin
    from stylenet.recipe import Recipe

__all__ = ["JobRequest", "PictureSource", "SavedPicture"]


@dataclass(frozen=True, kw_only=True, slots=True)
class PictureSource:
    """A picture that has not been downloaded yet.

    Attributes:
        url: where to download it from.
        filename: the name the member gave the file.
        size: bytes, as announced by Discord; None if it announced none.
        content_type: as announced by Discord; used to reject videos early, never trusted.
        spoiler: whether the member marked it as a spoiler.
        place: where it was found.
        first_frame: URL of a still of a video's first frame; None for anything but a video.
    """

    url: str
    filename: str
    size: int | None = None
    content_type: str | None = None
    spoiler: bool = False
    place: InputSource = InputSource.ATTACHED
    first_frame: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SavedPicture:
    """A picture that passed inspection and is stored until its style is chosen.

    Attributes:
        key: its artefact key.
        filename, spoiler: as the member sent it.
        size: width and height in pixels.
        place: where it was found.
        stored_bytes: of the picture and its preview.
        is_borrowed: whether it is a copy of another member's.
    """

    key: str
    filename: str
    spoiler: bool = False
    size: tuple[int, int] | None = None
    place: InputSource = InputSource.EARLIER
    stored_bytes: int = 0
    is_borrowed: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class JobRequest:
    """A request to stylize one picture.

    Attributes:
        origin: where the result is posted, and for whom.
        content: the content picture; a `SavedPicture` when it comes from a picker.
        styles: the style pictures; may be empty if there are `presets`.
        presets: names of presets, whose pictures are added after `styles`.
        mask: picture that selects the region to paint; None paints everywhere.
        order: how it was decided which picture is the content.
        recipe: the base recipe.
        options: recipe fields the member set. They override the presets' changes, which
            override `recipe`.
        request_key: unique key of the request (from a message's or an interaction's id).
        title: the card's title; None derives one from the pictures' names.
        priority: above 0 for a member with a favoured role.
        notify: whether the member wants a direct message when the painting is done.

    Raises:
        ValueError: there is neither a style picture nor a preset.
    """

    origin: Origin
    content: PictureSource | SavedPicture
    styles: tuple[PictureSource | SavedPicture, ...] = ()
    presets: tuple[str, ...] = ()
    mask: PictureSource | SavedPicture | None = None
    order: RoleAssignment = RoleAssignment.NAMED
    recipe: Recipe
    options: Mapping[str, object] = field(default_factory=dict)
    request_key: str | None = None
    title: str | None = None
    priority: int = 0
    notify: bool = False

    def __post_init__(self) -> None:
        if not self.styles and not self.presets:
            raise ValueError("a request needs a style picture or a preset")
