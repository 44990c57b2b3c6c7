"""The tables, as SQLAlchemy Core sees them. The migrations create them; this describes them.

Times are stored in UTC. Discord's ids are 64-bit integers. Free-form values (losses, reports,
style keys) are JSON text, since nothing queries inside them.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    literal_column,
    text,
)
from sqlalchemy.types import TypeDecorator

from bot.jobs.models import Announcement, JobState

if TYPE_CHECKING:
    from collections.abc import Iterable
    from enum import StrEnum

    from sqlalchemy import Dialect

__all__ = [
    "HEAD",
    "IS_ACTIVE",
    "UtcDateTime",
    "discarded",
    "guild_presets",
    "guild_turns",
    "guilds",
    "jobs",
    "member_turns",
    "metadata",
    "offers",
    "outbox",
    "pickers",
    "processes",
    "rates",
    "retractions",
    "switches",
    "taken",
]

HEAD = "0013"
"""The newest migration. A database that is already there is opened without loading Alembic."""


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime in UTC, on databases with and without time zones (SQLite has none)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To the database: refuse a naive time, which could mean any zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            msg = f"naive time {value!r} given to the database"
            raise ValueError(msg)
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """From the database: always aware, in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _one_of(column: str, values: Iterable[StrEnum]) -> str:
    return f"{column} IN ({', '.join(repr(value.value) for value in values)})"


# SQLite numbers rows by itself only in an INTEGER primary key, never in a BIGINT one.
_RowNumber = BigInteger().with_variant(Integer, "sqlite")
_ACTIVE = text("state IN ('queued', 'running')")
_PENDING = text("message_id IS NULL AND abandoned IS NULL")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

jobs = Table(
    "jobs",
    metadata,
    Column("number", _RowNumber, primary_key=True, autoincrement=True),  # order of arrival
    Column("job_id", String(12), nullable=False, unique=True),
    Column("state", String(9), nullable=False),
    Column("guild_id", BigInteger),
    # Whose turn is taken: the guild's, or in direct messages the member's own (negative).
    Column("guild_key", BigInteger, nullable=False),
    Column("channel_id", BigInteger, nullable=False),
    Column("message_id", BigInteger),
    Column("requester_id", BigInteger, nullable=False),
    Column("request_key", String(64), unique=True),
    Column("content_key", Text, nullable=False),
    Column("style_keys", JSON, nullable=False),
    Column("recipe", Text, nullable=False),
    Column("preset", String(64)),
    Column("title", Text, nullable=False),
    Column("spoiler", Boolean, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("content_width", Integer),
    Column("content_height", Integer),
    Column("understood", JSON),
    Column("start_key", Text),
    Column("mask_keys", JSON, nullable=False, server_default="[]"),
    Column("attempts", Integer, nullable=False),
    Column("claims", Integer, nullable=False),
    Column("setbacks", Integer, nullable=False),
    Column("step", Integer, nullable=False),
    Column("total", Integer, nullable=False),
    Column("losses", JSON, nullable=False),
    Column("paint_seconds", Float, nullable=False),
    Column("snapshot_key", Text),
    Column("snapshot_step", Integer),
    Column("checkpoint_key", Text),
    Column("checkpoint_step", Integer),
    Column("result_key", Text),
    Column("report", JSON, nullable=False),
    Column("error_code", String(64)),
    Column("error_message", Text),
    Column("card_message_id", BigInteger),
    Column("outcome_message_id", BigInteger),
    # Where that message is, if not where the request came from.
    Column("outcome_channel_id", BigInteger),
    Column("cancel_requested", Boolean, nullable=False),
    Column("claimed_by", Text),
    Column("tended_by", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("not_before", UtcDateTime),
    Column("started_at", UtcDateTime),
    Column("finished_at", UtcDateTime),
    Column("heartbeat_at", UtcDateTime),
    CheckConstraint(_one_of("state", JobState), name="state"),
    # The queue is a handful of rows in a table that keeps a month of them.
    Index(
        "ix_jobs_active",
        "state",
        "guild_key",
        "requester_id",
        "number",
        sqlite_where=_ACTIVE,
        postgresql_where=_ACTIVE,
    ),
    Index("ix_jobs_requester", "requester_id", "number"),
    Index("ix_jobs_card", "card_message_id"),
    Index("ix_jobs_finished", "finished_at"),
)

IS_ACTIVE = jobs.c.state.in_([literal_column("'queued'"), literal_column("'running'")])
"""Whether a job waits or is being painted. Its states are written out, not bound as parameters:
only so can a planner see that the index of active jobs has all that is asked for.
"""

outbox = Table(
    "outbox",
    metadata,
    Column("delivery_id", _RowNumber, primary_key=True, autoincrement=True),
    Column("job_id", String(12), ForeignKey("jobs.job_id", ondelete="CASCADE"), nullable=False),
    Column("announcement", String(7), nullable=False),
    Column("nonce", String(25), nullable=False, unique=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("send_started_at", UtcDateTime),
    Column("attempts", Integer, nullable=False),
    Column("not_before", UtcDateTime),
    Column("message_id", BigInteger),
    Column("abandoned", Text),
    UniqueConstraint("job_id", "announcement"),
    CheckConstraint(_one_of("announcement", Announcement), name="announcement"),
    Index("ix_outbox_pending", "delivery_id", sqlite_where=_PENDING, postgresql_where=_PENDING),
)

pickers = Table(
    "pickers",
    metadata,
    Column("message_id", BigInteger, primary_key=True, autoincrement=False),
    Column("channel_id", BigInteger, nullable=False),
    Column("guild_id", BigInteger),
    Column("requester_id", BigInteger, nullable=False),
    Column("request_message_id", BigInteger),
    Column("content_key", Text, nullable=False),
    Column("filename", Text, nullable=False),
    Column("spoiler", Boolean, nullable=False),
    Column("recipe", Text),
    Column("content_width", Integer),
    Column("content_height", Integer),
    Column("content", JSON),
    Column("mask", JSON),
    Column("created_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
    Index("ix_pickers_requester", "requester_id"),
    Index("ix_pickers_created", "created_at"),
)

offers = Table(
    "offers",
    metadata,
    Column("offer_id", String(12), primary_key=True),
    Column("requester_id", BigInteger, nullable=False),
    Column("ask", JSON, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
    Index("ix_offers_requester", "requester_id"),
    Index("ix_offers_created", "created_at"),
)

# Artefacts whose row is deleted, until they are deleted too: written in the row's transaction.
discarded = Table(
    "discarded",
    metadata,
    Column("prefix", String(64), primary_key=True),
    Column("created_at", UtcDateTime, nullable=False),
)

# Messages whose painting was forgotten, until they are deleted too.
retractions = Table(
    "retractions",
    metadata,
    Column("message_id", BigInteger, primary_key=True, autoincrement=False),
    Column("channel_id", BigInteger, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("not_before", UtcDateTime),
    Column("abandoned", Text),
    Index(
        "ix_retractions_pending",
        "message_id",
        sqlite_where=text("abandoned IS NULL"),
        postgresql_where=text("abandoned IS NULL"),
    ),
)

# What a guild decided. A row appears with the first decision, or the first style of its own.
guilds = Table(
    "guilds",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("channel_ids", JSON, nullable=False),
    Column("manager_role_id", BigInteger),
    Column("left_at", UtcDateTime),
    Index("ix_guilds_left", "left_at"),
)

guild_presets = Table(
    "guild_presets",
    metadata,
    Column(
        "guild_id",
        BigInteger,
        ForeignKey("guilds.guild_id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("name", String(32), primary_key=True),
    Column("title", Text, nullable=False),
    Column("emoji", String(32), nullable=False),
    Column("alt_text", Text, nullable=False),
    Column("picture_key", Text, nullable=False),
    Column("thumbnail_key", Text, nullable=False),
    Column("added_by", BigInteger, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("guild_id", "emoji"),
    Index("ix_guild_presets_added_by", "added_by"),
)

# The bot processes that share the database, while they live.
processes = Table(
    "processes",
    metadata,
    Column("process_id", String(128), primary_key=True),
    Column("slots", Integer, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
)

# Messages that one of several processes answers, all of which heard them.
taken = Table(
    "taken",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("taken_at", UtcDateTime, nullable=False),
)

# What the operator wants until they want something else, restarts included.
switches = Table(
    "switches",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("value", String(32), nullable=False),
)

# Whose turn it is: the lowest ticket among those who wait is served, then draws a new one.
guild_turns = Table(
    "guild_turns",
    metadata,
    Column("guild_key", BigInteger, primary_key=True, autoincrement=False),
    Column("ticket", BigInteger, nullable=False),
)

member_turns = Table(
    "member_turns",
    metadata,
    Column("guild_key", BigInteger, primary_key=True, autoincrement=False),
    Column("requester_id", BigInteger, primary_key=True, autoincrement=False),
    Column("ticket", BigInteger, nullable=False),
)

# How fast a kind of device paints a kind of recipe: what estimates are made of.
rates = Table(
    "rates",
    metadata,
    Column("device", String(128), primary_key=True),
    Column("recipe", String(64), primary_key=True),
    Column("squares", JSON, nullable=False),
    Column("products", JSON, nullable=False),
)
