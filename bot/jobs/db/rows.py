"""Between rows and records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.jobs.guild_models import GuildPreset
from bot.jobs.models import (
    Announcement,
    Delivery,
    Input,
    Interpretation,
    Job,
    JobState,
    NewJob,
    Order,
    Origin,
    Picker,
    Place,
    SavedRequest,
)
from stylenet.recipe import Recipe

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import RowMapping

__all__ = [
    "delivery_from",
    "guild_key",
    "guild_preset_from",
    "job_from",
    "offer_from",
    "picker_from",
    "row_of",
    "row_of_offer",
    "row_of_picker",
    "understood_column",
]


def job_from(row: RowMapping) -> Job:
    """A row of the table `jobs` as a record."""
    return Job(
        job_id=row["job_id"],
        state=JobState(row["state"]),
        origin=Origin(
            guild_id=row["guild_id"],
            channel_id=row["channel_id"],
            message_id=row["message_id"],
            requester_id=row["requester_id"],
        ),
        content_key=row["content_key"],
        style_keys=tuple(row["style_keys"]),
        recipe=Recipe.from_json(row["recipe"]),
        preset=row["preset"],
        title=row["title"],
        spoiler=row["spoiler"],
        attempts=row["attempts"],
        step=row["step"],
        total=row["total"],
        losses=row["losses"],
        paint_seconds=row["paint_seconds"],
        snapshot_key=row["snapshot_key"],
        snapshot_step=row["snapshot_step"],
        checkpoint_key=row["checkpoint_key"],
        checkpoint_step=row["checkpoint_step"],
        result_key=row["result_key"],
        report=row["report"],
        error_code=row["error_code"],
        error_message=row["error_message"],
        card_message_id=row["card_message_id"],
        outcome_message_id=row["outcome_message_id"],
        outcome_channel_id=row["outcome_channel_id"] or row["channel_id"],
        cancel_requested=row["cancel_requested"],
        claimed_by=row["claimed_by"],
        created_at=row["created_at"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        heartbeat_at=row["heartbeat_at"],
        priority=row["priority"],
        content_size=_size_from(row),
        understood=_understood_from(row["understood"]),
        start_key=row["start_key"],
        mask_keys=tuple(row["mask_keys"]),
        claims=row["claims"],
        setbacks=row["setbacks"],
        not_before=row["not_before"],
        tended_by=row["tended_by"],
    )


def row_of(new: NewJob, *, created_at: datetime, tended_by: str) -> dict[str, Any]:
    """What a new job's row holds; everything it has not done yet is zero or null."""
    width, height = new.content_size or (None, None)
    return {
        "job_id": new.job_id,
        "state": JobState.QUEUED,
        "guild_id": new.origin.guild_id,
        "guild_key": guild_key(new.origin),
        "channel_id": new.origin.channel_id,
        "message_id": new.origin.message_id,
        "requester_id": new.origin.requester_id,
        "request_key": new.request_key,
        "content_key": new.content_key,
        "style_keys": list(new.style_keys),
        "recipe": new.recipe.to_json(),
        "preset": new.preset,
        "title": new.title,
        "spoiler": new.spoiler,
        "priority": new.priority,
        "content_width": width,
        "content_height": height,
        "understood": understood_column(new.understood),
        "start_key": new.start_key,
        "mask_keys": list(new.mask_keys),
        "attempts": 0,
        "claims": 0,
        "setbacks": 0,
        "step": 0,
        "total": 0,
        "losses": {},
        "paint_seconds": 0.0,
        "report": {},
        "cancel_requested": False,
        "created_at": created_at,
        "tended_by": tended_by,
    }


def guild_key(origin: Origin) -> int:
    """Whose turn a job takes: its guild's, or in direct messages its requester's own."""
    return origin.guild_id if origin.guild_id is not None else -origin.requester_id


def delivery_from(row: RowMapping) -> Delivery:
    """A row of the table `outbox` as a record."""
    return Delivery(
        delivery_id=row["delivery_id"],
        job_id=row["job_id"],
        announcement=Announcement(row["announcement"]),
        nonce=row["nonce"],
        created_at=row["created_at"],
        send_started_at=row["send_started_at"],
        attempts=row["attempts"],
        not_before=row["not_before"],
        message_id=row["message_id"],
        abandoned=row["abandoned"],
    )


def picker_from(row: RowMapping) -> Picker:
    """A row of the table `pickers` as a record."""
    return Picker(
        message_id=row["message_id"],
        channel_id=row["channel_id"],
        guild_id=row["guild_id"],
        requester_id=row["requester_id"],
        request_message_id=row["request_message_id"],
        content_key=row["content_key"],
        filename=row["filename"],
        spoiler=row["spoiler"],
        created_at=row["created_at"],
        used_at=row["used_at"],
        recipe=None if row["recipe"] is None else Recipe.from_json(row["recipe"]),
        content_size=_size_from(row),
        content=None if row["content"] is None else _input_from(row["content"]),
        mask=row["mask"],
    )


def row_of_picker(picker: Picker) -> dict[str, Any]:
    """A picker's row."""
    width, height = picker.content_size or (None, None)
    return {
        "message_id": picker.message_id,
        "channel_id": picker.channel_id,
        "guild_id": picker.guild_id,
        "requester_id": picker.requester_id,
        "request_message_id": picker.request_message_id,
        "content_key": picker.content_key,
        "filename": picker.filename,
        "spoiler": picker.spoiler,
        "recipe": None if picker.recipe is None else picker.recipe.to_json(),
        "content_width": width,
        "content_height": height,
        "content": None if picker.content is None else _input_column(picker.content),
        "mask": None if picker.mask is None else dict(picker.mask),
        "created_at": picker.created_at,
        "used_at": picker.used_at,
    }


def _size_from(row: RowMapping) -> tuple[int, int] | None:
    width, height = row["content_width"], row["content_height"]
    return None if width is None or height is None else (width, height)


def offer_from(row: RowMapping) -> SavedRequest:
    """A row of the table `offers` as a record."""
    return SavedRequest(
        offer_id=row["offer_id"],
        requester_id=row["requester_id"],
        ask=row["ask"],
        created_at=row["created_at"],
        used_at=row["used_at"],
    )


def row_of_offer(offer: SavedRequest) -> dict[str, Any]:
    """An offer's row."""
    return {
        "offer_id": offer.offer_id,
        "requester_id": offer.requester_id,
        "ask": dict(offer.ask),
        "created_at": offer.created_at,
        "used_at": offer.used_at,
    }


def understood_column(understood: Interpretation | None) -> dict[str, Any] | None:
    """What the column `understood` of a job holds."""
    if understood is None:
        return None
    return {
        "content": _input_column(understood.content),
        "styles": [_input_column(style) for style in understood.styles],
        "mask": None if understood.mask is None else _input_column(understood.mask),
        "order": understood.order,
    }


def _understood_from(column: dict[str, Any] | None) -> Interpretation | None:
    if column is None:
        return None
    return Interpretation(
        content=_input_from(column["content"]),
        styles=tuple(_input_from(style) for style in column["styles"]),
        mask=None if column["mask"] is None else _input_from(column["mask"]),
        order=Order(column["order"]),
    )


def _input_column(taken: Input) -> dict[str, Any]:
    return {"name": taken.name, "place": taken.place, "size": taken.size}


def _input_from(column: dict[str, Any]) -> Input:
    size = column["size"]
    return Input(
        name=column["name"],
        place=Place(column["place"]),
        size=None if size is None else (size[0], size[1]),
    )


def guild_preset_from(row: RowMapping) -> GuildPreset:
    """A row of the table `guild_presets` as a record."""
    return GuildPreset(
        guild_id=row["guild_id"],
        name=row["name"],
        title=row["title"],
        emoji=row["emoji"],
        alt_text=row["alt_text"],
        picture_key=row["picture_key"],
        thumbnail_key=row["thumbnail_key"],
        added_by=row["added_by"],
        created_at=row["created_at"],
    )
