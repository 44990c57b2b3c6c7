"""What is stored with a picker, and the request that is made of it again."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bot.exts.stylize.request import PICTURE_SOURCE_JSON
from bot.jobs.job_inputs import InputImage
from bot.jobs.models import Picker
from stylenet.recipe import Recipe

if TYPE_CHECKING:
    from bot.exts.stylize.request import StylizeRequest
    from bot.intake.job_request import SavedPicture

__all__ = ["new_picker", "recipe_and_options"]


def new_picker(
    message_id: int, request: StylizeRequest, picture: SavedPicture, recipe: Recipe
) -> Picker:
    """Make the record of a picker that was posted for a request."""
    origin, mask = request.origin, request.mask
    return Picker(
        message_id=message_id,
        channel_id=origin.channel_id,
        guild_id=origin.guild_id,
        requester_id=origin.requester_id,
        request_message_id=origin.message_id,
        content_key=picture.key,
        filename=picture.filename,
        spoiler=picture.spoiler,
        created_at=datetime.now(UTC),
        recipe=recipe,
        content_size=picture.size,
        stored_bytes=picture.stored_bytes,
        content=InputImage(name=picture.filename, place=picture.place, size=picture.size),
        mask=None if mask is None else PICTURE_SOURCE_JSON.dump_python(mask, mode="json"),
    )


def recipe_and_options(picker: Picker, *, default: str) -> tuple[Recipe, dict[str, Any]]:
    """Return the base recipe, and the fields that the member set, which override a preset's."""
    saved = picker.recipe
    if saved is None:
        return Recipe.named(default), {}
    base = Recipe.named(saved.name)
    fields = (field.name for field in dataclasses.fields(base))
    return base, {
        name: getattr(saved, name) for name in fields if getattr(saved, name) != getattr(base, name)
    }
