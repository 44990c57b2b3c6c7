"""The tables, for SQLAlchemy Core. The migrations create them; this module describes them.

Times are stored in UTC. Discord's ids are 64-bit integers. Values that no query looks into
(losses, reports, keys) are JSON. Where a column or a table has another name in Python than in the
database, the older name is kept in the database to save a migration.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    and_,
    false,
    literal_column,
    text,
)

from bot.jobs.db.column_types import EnumText, RecipeText, TypedJson, UtcDateTime
from bot.jobs.job_inputs import InputImage, Interpretation
from bot.jobs.models import Announcement, GuildSettings, JobState

if TYPE_CHECKING:
    from collections.abc import Iterable
    from enum import StrEnum


__all__ = [
    "HEAD",
    "IS_ACTIVE",
    "IS_QUEUED",
    "UNUSED_INPUTS",
    "answered_messages",
    "discarded_artefacts",
    "favourites",
    "guild_presets",
    "guild_turns",
    "guilds",
    "job_messages",
    "jobs",
    "member_turns",
    "metadata",
    "outbox",
    "pending_deletions",
    "pickers",
    "processes",
    "saved_requests",
    "switches",
    "timings",
]

HEAD = "0018"
"""The newest migration. A database that has it is opened without importing Alembic."""


def _one_of(column: str, values: Iterable[StrEnum]) -> str:
    return f"{column} IN ({', '.join(repr(value.value) for value in values)})"


# SQLite autoincrements an INTEGER primary key only, not a BIGINT.
_RowNumber = BigInteger().with_variant(Integer, "sqlite")
_UNUSED = text(
    "inputs_deleted_at IS NULL AND "
    "(state = 'cancelled' OR (state = 'failed' AND started_at IS NULL))"
)
_ACTIVE = text("state IN ('queued', 'running')")
_QUEUED = text("state = 'queued'")
_RESUMABLE = text("state = 'queued' AND started_at IS NOT NULL")
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
    Column("state", EnumText(JobState, 9), nullable=False),
    Column("guild_id", BigInteger),
    # The guild whose turn a job uses; in direct messages the negative user id.
    Column("guild_key", BigInteger, nullable=False),
    Column("channel_id", BigInteger, nullable=False),
    Column("message_id", BigInteger),
    Column("requester_id", BigInteger, nullable=False),
    Column("request_key", String(64), unique=True),
    Column("content_key", Text, nullable=False),
    Column("style_keys", TypedJson[tuple[str, ...]](tuple[str, ...]), nullable=False),
    Column("recipe", RecipeText, nullable=False),
    Column("preset", String(64)),
    Column("title", Text, nullable=False),
    Column("spoiler", Boolean, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("content_width", Integer),
    Column("content_height", Integer),
    Column("understood", TypedJson[Interpretation](Interpretation), key="interpretation"),
    Column("start_key", Text),
    Column(
        "mask_keys",
        TypedJson[tuple[str | None, ...]](tuple[str | None, ...]),
        nullable=False,
        server_default="[]",
    ),
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
    # The channel of that message, if it is not the origin's.
    Column("outcome_channel_id", BigInteger),
    Column("cancel_requested", Boolean, nullable=False),
    Column("claimed_by", Text),
    Column("tended_by", Text, key="delivered_by"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("not_before", UtcDateTime),
    Column("started_at", UtcDateTime),
    Column("finished_at", UtcDateTime),
    Column("heartbeat_at", UtcDateTime),
    # The inputs' size, and when they were deleted if that was before the job was.
    Column("stored_bytes", BigInteger, nullable=False, server_default="0"),
    Column("inputs_deleted_at", UtcDateTime),
    Column("notify", Boolean, nullable=False, server_default=false()),
    CheckConstraint(_one_of("state", JobState), name="state"),
    # Few of the rows are active: finished jobs are kept for the retention period.
    Index(
        "ix_jobs_active",
        "state",
        "guild_key",
        "requester_id",
        "number",
        sqlite_where=_ACTIVE,
        postgresql_where=_ACTIVE,
    ),
    Index(
        "ix_jobs_active_requester",
        "requester_id",
        "number",
        sqlite_where=_ACTIVE,
        postgresql_where=_ACTIVE,
    ),
    Index("ix_jobs_queued", "number", sqlite_where=_QUEUED, postgresql_where=_QUEUED),
    Index("ix_jobs_resumable", "number", sqlite_where=_RESUMABLE, postgresql_where=_RESUMABLE),
    Index("ix_jobs_requester", "requester_id", "number"),
    Index("ix_jobs_card", "card_message_id"),
    Index("ix_jobs_finished", "finished_at"),
    Index("ix_jobs_unused", "finished_at", sqlite_where=_UNUSED, postgresql_where=_UNUSED),
)

UNUSED_INPUTS = _UNUSED
"""Whether a job ended unpainted, cancelled or before it was started, and still has its inputs."""

IS_ACTIVE = jobs.c.state.in_([literal_column("'queued'"), literal_column("'running'")])
"""Whether a job is queued or running. The states are literals, not bound parameters: only then can
the planner use the partial index of active jobs.
"""

IS_QUEUED = and_(IS_ACTIVE, jobs.c.state == literal_column("'queued'"))
"""Whether a job is queued; literally, for the same reason."""

outbox = Table(
    "outbox",
    metadata,
    Column("delivery_id", _RowNumber, primary_key=True, autoincrement=True),
    Column("job_id", String(12), ForeignKey("jobs.job_id", ondelete="CASCADE"), nullable=False),
    Column("announcement", EnumText(Announcement, 7), nullable=False),
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

# Messages about a job besides its card and its outcome.
job_messages = Table(
    "job_messages",
    metadata,
    Column("message_id", BigInteger, primary_key=True, autoincrement=False),
    Column("channel_id", BigInteger, nullable=False),
    Column("job_id", String(12), ForeignKey("jobs.job_id", ondelete="CASCADE"), nullable=False),
    Index("ix_job_messages_job_id", "job_id"),
)

# Paintings that members like, their own and others'.
favourites = Table(
    "favourites",
    metadata,
    Column("member_id", BigInteger, primary_key=True, autoincrement=False),
    Column("job_id", String(12), ForeignKey("jobs.job_id", ondelete="CASCADE"), primary_key=True),
    Column("created_at", UtcDateTime, nullable=False),
    Index("ix_favourites_job_id", "job_id"),
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
    Column("recipe", RecipeText),
    Column("content_width", Integer),
    Column("content_height", Integer),
    Column("content", TypedJson[InputImage](InputImage)),
    Column("mask", JSON),
    Column("stored_bytes", BigInteger, nullable=False, server_default="0"),
    Column("notify", Boolean, nullable=False, server_default=false()),
    Column("created_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
    Index("ix_pickers_requester", "requester_id"),
    Index("ix_pickers_created", "created_at"),
)

saved_requests = Table(
    "offers",
    metadata,
    Column("offer_id", String(12), primary_key=True, key="request_id"),
    Column("requester_id", BigInteger, nullable=False),
    Column("guild_id", BigInteger),
    Column("ask", JSON, nullable=False, key="payload"),
    Column("stored_bytes", BigInteger, nullable=False, server_default="0"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
    Index("ix_offers_requester", "requester_id"),
    Index("ix_offers_created", "created_at"),
)

# Prefixes of artefacts to delete, written in the transaction that deletes their row.
discarded_artefacts = Table(
    "discarded",
    metadata,
    Column("prefix", String(64), primary_key=True),
    Column("created_at", UtcDateTime, nullable=False),
)

# Messages to delete, written in the transaction that deletes their job.
pending_deletions = Table(
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

# Settings of guilds. A row is added with the first setting or the first preset.
guilds = Table(
    "guilds",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("settings", TypedJson(GuildSettings), nullable=False),
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

# The running bot processes that share the database, by their heartbeats.
processes = Table(
    "processes",
    metadata,
    Column("process_id", String(128), primary_key=True),
    Column("slots", Integer, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
)

# Messages received by several processes, of which one answers.
answered_messages = Table(
    "taken",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("taken_at", UtcDateTime, nullable=False),
)

# Settings an operator changes at run time, such as the queue's mode.
switches = Table(
    "switches",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("value", String(32), nullable=False),
)

# Turns: the lowest ticket is served next and then replaced by the highest.
guild_turns = Table(
    "guild_turns",
    metadata,
    Column("guild_key", BigInteger, primary_key=True, autoincrement=False),
    Column("ticket", BigInteger, nullable=False),
    Index("ix_guild_turns_ticket", "ticket", "guild_key"),
)

member_turns = Table(
    "member_turns",
    metadata,
    Column("guild_key", BigInteger, primary_key=True, autoincrement=False),
    Column("requester_id", BigInteger, primary_key=True, autoincrement=False),
    Column("ticket", BigInteger, nullable=False),
    Index("ix_member_turns_ticket", "ticket"),
)

# Measured speed by device and recipe, for estimates.
timings = Table(
    "rates",
    metadata,
    Column("device", String(128), primary_key=True),
    Column("recipe", String(64), primary_key=True),
    Column("squares", JSON, nullable=False),
    Column("products", JSON, nullable=False),
)
