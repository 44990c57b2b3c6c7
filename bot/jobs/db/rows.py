"""Conversion between table rows and records.

A field has the name of its column (`Column.key`); `bot.jobs.db.column_types` converts its value.
Only fields that combine several columns are listed here.
"""

from __future__ import annotations

import functools
from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar

from bot.jobs.models import JobState, Origin

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from _typeshed import DataclassInstance
    from sqlalchemy import RowMapping

    from bot.jobs.models import NewJob

    _Record = TypeVar("_Record", bound=DataclassInstance)

__all__ = ["NOT_STARTED", "guild_key", "new_job_row", "record_from", "row_from"]

NOT_STARTED: Mapping[str, Any] = {
    "attempts": 0,
    "setbacks": 0,
    "not_before": None,
    "step": 0,
    "total": 0,
    "losses": {},
    "paint_seconds": 0.0,
    "snapshot_key": None,
    "snapshot_step": None,
    "checkpoint_key": None,
    "checkpoint_step": None,
}
"""The progress of a job that was not started yet."""


def record_from(record_type: type[_Record], row: RowMapping) -> _Record:
    """Build a record from a row of its table."""
    return record_type(
        **{
            name: _COMBINED[name](row) if name in _COMBINED else row[name]
            for name in _field_names(record_type)
        }
    )


def row_from(record: DataclassInstance) -> dict[str, Any]:
    """Return a record's values by column."""
    row = {name: getattr(record, name) for name in _field_names(type(record))}
    if "origin" in row:
        origin = row.pop("origin")
        row |= {name: getattr(origin, name) for name in _field_names(Origin)}
    if "content_size" in row:
        row["content_width"], row["content_height"] = row.pop("content_size") or (None, None)
    return row


def new_job_row(new: NewJob, *, created_at: datetime, delivered_by: str) -> dict[str, Any]:
    """Return the row of a job that is being enqueued; every other column may be null."""
    return {
        **row_from(new),
        **NOT_STARTED,
        "claims": 0,
        "report": {},
        "cancel_requested": False,
        "state": JobState.QUEUED,
        "guild_key": guild_key(new.origin),
        "created_at": created_at,
        "delivered_by": delivered_by,
    }


def guild_key(origin: Origin) -> int:
    """Return the guild whose turn a job uses; in a direct message the negative user id."""
    return origin.guild_id if origin.guild_id is not None else -origin.requester_id


def _origin(row: RowMapping) -> Origin:
    return Origin(**{name: row[name] for name in _field_names(Origin)})


def _content_size(row: RowMapping) -> tuple[int, int] | None:
    width, height = row["content_width"], row["content_height"]
    return None if width is None or height is None else (width, height)


_COMBINED: Mapping[str, Callable[[RowMapping], Any]] = {
    "origin": _origin,
    "content_size": _content_size,
    "outcome_channel_id": lambda row: row["outcome_channel_id"] or row["channel_id"],
}


@functools.cache
def _field_names(record_type: type[DataclassInstance]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(record_type))
