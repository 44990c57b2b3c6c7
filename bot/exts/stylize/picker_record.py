"""What is stored with a picker, and the request that is made of it again."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from bot.exts.stylize.request import MASK_JSON
from bot.intake.job_request import SavedPicture
from bot.jobs.job_inputs import InputImage, InputSource
from bot.jobs.models import Picker
from bot.views.recipe_summary import SAME, baseline, strength
from bot.views.variations import is_quick
from stylenet.errors import RecipeError
from stylenet.recipe import Recipe

if TYPE_CHECKING:
    from bot.intake.job_request import PictureSource
    from bot.jobs.models import Job, Origin

__all__ = ["UnstyledRequest", "new_picker", "recipe_and_options", "request_of_job"]

_KEPT_FIELDS: Final = ("size", "style_scale", "keep_colors", "keep_transparency", "passes")
"""Fields of the recipe that a member sets and that suit any style."""


@dataclass(frozen=True, kw_only=True, slots=True)
class UnstyledRequest:
    """A request whose style is still to be chosen.

    Attributes:
        origin: where the picker is posted, and for whom.
        content: the content image; a `SavedPicture` of an earlier job is copied.
        mask: the mask, if there is one.
        recipe: the options chosen so far.
        notify: whether the member wants a direct message when the painting is done.
    """

    origin: Origin
    content: PictureSource | SavedPicture
    mask: PictureSource | SavedPicture | None
    recipe: Recipe
    notify: bool = False


def request_of_job(job: Job, origin: Origin) -> UnstyledRequest:
    """Return the request to paint an earlier job's content image in another style.

    Args:
        job: the earlier job, by any member.
        origin: where the picker is posted, and for whom.
    """
    is_others = origin.requester_id != job.origin.requester_id
    content = job.interpretation.content if job.interpretation is not None else None
    mask_key = next((key for key in job.mask_keys if key is not None), None)
    mask = job.interpretation.mask if job.interpretation is not None else None
    return UnstyledRequest(
        origin=origin,
        content=SavedPicture(
            key=job.content_key,
            filename=content.name if content is not None else job.title.partition(" × ")[0],
            spoiler=job.spoiler,
            size=job.content_size,
            place=content.place if content is not None else InputSource.EARLIER,
            is_borrowed=is_others or (content is not None and content.is_borrowed),
        ),
        mask=(
            SavedPicture(
                key=mask_key,
                filename=mask.name if mask is not None else "mask",
                is_borrowed=is_others or (mask is not None and mask.is_borrowed),
            )
            if mask_key is not None
            else None
        ),
        recipe=_recipe_without_style(job),
    )


def new_picker(
    message_id: int,
    request: UnstyledRequest,
    picture: SavedPicture,
    mask: PictureSource | SavedPicture | None,
) -> Picker:
    """Make the record of a picker that was posted for a request.

    Args:
        message_id: the picker's message.
        request: the request.
        picture: the content image as stored for the picker.
        mask: the mask, as stored for the picker or to be downloaded.
    """
    origin = request.origin
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
        recipe=request.recipe,
        content_size=picture.size,
        stored_bytes=picture.stored_bytes,
        notify=request.notify,
        content=InputImage(
            name=picture.filename,
            place=picture.place,
            size=picture.size,
            is_borrowed=picture.is_borrowed,
        ),
        mask=None if mask is None else MASK_JSON.dump_python(mask, mode="json"),
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


def _recipe_without_style(job: Job) -> Recipe:
    """Return what the member chose, without what belongs to the style: its recipe, the blend."""
    base = baseline(job)
    kept = {
        field: getattr(job.recipe, field)
        for field in _KEPT_FIELDS
        if getattr(job.recipe, field) != getattr(base, field)
    }
    if is_quick(job):
        kept.pop("passes", None)
    try:
        recipe = Recipe.named(job.recipe.name)
    except RecipeError:  # a recipe of an older version
        return job.recipe.evolve(blend=())
    if abs(strength(job) - 1) > SAME:
        kept["style_weight"] = recipe.style_weight * strength(job)
    return recipe.evolve(**kept)
