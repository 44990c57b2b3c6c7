"""The images of a request, where they came from and which roles they were given."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

__all__ = ["InputImage", "InputSource", "Interpretation", "RoleAssignment"]


class InputSource(StrEnum):
    """Where an image was found."""

    ATTACHED = "attached"
    REPLIED_TO = "replied_to"
    FORWARDED = "forwarded"
    STICKER = "sticker"
    EMBEDDED = "embedded"
    LINKED = "linked"
    AVATAR = "avatar"
    EMOJI = "emoji"
    FIRST_FRAME = "first_frame"
    RECENT = "recent"  # posted by the requester shortly before the request
    PRESET = "preset"
    EARLIER = "earlier"  # an input of an earlier job


class RoleAssignment(StrEnum):
    """How it was decided which image is the content and which the style."""

    NAMED = "named"  # by the member, or there is only one possibility
    FIRST = "first"  # by position among attachments of one message: the first is the content
    GUESSED = "guessed"  # the images come from different places, or from another user's message


@dataclass(frozen=True, kw_only=True, slots=True)
class InputImage:
    """One input image.

    Attributes:
        name: the file name given by the member, or a preset's title.
        place: where it was found.
        size: width and height in pixels, if known.
        is_borrowed: whether it is a copy of another member's, from a job of theirs.
    """

    name: str
    place: InputSource
    size: tuple[int, int] | None = None
    is_borrowed: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Interpretation:
    """How a request was interpreted; shown on the card before the job runs.

    Attributes:
        content: the content image.
        styles: the style images, in the order of `Job.style_keys`. Presets come last.
        mask: the mask, if there is one.
        order: how the roles were assigned.
    """

    content: InputImage
    styles: tuple[InputImage, ...]
    mask: InputImage | None = None
    order: RoleAssignment = RoleAssignment.NAMED

    @property
    def can_swap(self) -> bool:
        """Whether another assignment of the roles is possible."""
        return self.order is not RoleAssignment.NAMED and self.own_style_count > 0

    @property
    def own_style_count(self) -> int:
        """The number of style images that are not presets."""
        return sum(style.place is not InputSource.PRESET for style in self.styles)

    def swapped(self) -> Interpretation:
        """Return the images rotated by one: the first style becomes the content.

        Two images are exchanged; of more, each becomes the content in turn. Presets stay styles.
        """
        own = self.own_style_count
        if own == 0:
            return self
        first, *others = self.styles[:own]
        # A member who swaps has seen the assignment, so it is no longer a guess.
        is_guess = self.order is RoleAssignment.GUESSED
        return replace(
            self,
            content=first,
            styles=(*others, self.content, *self.styles[own:]),
            order=RoleAssignment.FIRST if is_guess else self.order,
        )

    def confirmed(self) -> Interpretation:
        """Return the same images with their roles settled."""
        return replace(self, order=RoleAssignment.NAMED)

    def borrowed(self) -> Interpretation:
        """Return the same images as another member has them."""
        return replace(
            self,
            content=replace(self.content, is_borrowed=True),
            styles=tuple(replace(style, is_borrowed=True) for style in self.styles),
            mask=None if self.mask is None else replace(self.mask, is_borrowed=True),
        )

    def title(self) -> str:
        """Return the title of the card, e.g. ``tubingen.jpg × Starlight``."""
        return f"{self.content.name} × {' + '.join(style.name for style in self.styles)}"
