"""The first tables: jobs, their outbox, pickers, turns and rates."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_PENDING = sa.text("message_id IS NULL AND abandoned IS NULL")


def upgrade() -> None:
    """Apply."""
    _create_jobs()
    _create_outbox()
    _create_pickers()
    op.create_table(
        "guild_turns",
        sa.Column("guild_key", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("ticket", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("guild_key", name="pk_guild_turns"),
    )
    op.create_table(
        "member_turns",
        sa.Column("guild_key", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("requester_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("ticket", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("guild_key", "requester_id", name="pk_member_turns"),
    )
    op.create_table(
        "rates",
        sa.Column("device", sa.String(128), nullable=False),
        sa.Column("recipe", sa.String(64), nullable=False),
        sa.Column("seconds_per_megapixel_pass", sa.Float(), nullable=False),
        sa.Column("samples", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("device", "recipe", name="pk_rates"),
    )


def _create_jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("number", _ROW_NUMBER, nullable=False, autoincrement=True),
        sa.Column("job_id", sa.String(12), nullable=False),
        sa.Column("state", sa.String(9), nullable=False),
        sa.Column("guild_id", sa.BigInteger()),
        sa.Column("guild_key", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.BigInteger()),
        sa.Column("requester_id", sa.BigInteger(), nullable=False),
        sa.Column("request_key", sa.String(64)),
        sa.Column("content_key", sa.Text(), nullable=False),
        sa.Column("style_keys", sa.JSON(), nullable=False),
        sa.Column("recipe", sa.Text(), nullable=False),
        sa.Column("preset", sa.String(64)),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("spoiler", sa.Boolean(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("content_width", sa.Integer()),
        sa.Column("content_height", sa.Integer()),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("claims", sa.Integer(), nullable=False),
        sa.Column("setbacks", sa.Integer(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("losses", sa.JSON(), nullable=False),
        sa.Column("paint_seconds", sa.Float(), nullable=False),
        sa.Column("snapshot_key", sa.Text()),
        sa.Column("snapshot_step", sa.Integer()),
        sa.Column("checkpoint_key", sa.Text()),
        sa.Column("checkpoint_step", sa.Integer()),
        sa.Column("result_key", sa.Text()),
        sa.Column("report", sa.JSON(), nullable=False),
        sa.Column("error_code", sa.String(64)),
        sa.Column("error_message", sa.Text()),
        sa.Column("card_message_id", sa.BigInteger()),
        sa.Column("outcome_message_id", sa.BigInteger()),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("claimed_by", sa.Text()),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("not_before", _TIME),
        sa.Column("started_at", _TIME),
        sa.Column("finished_at", _TIME),
        sa.Column("heartbeat_at", _TIME),
        sa.PrimaryKeyConstraint("number", name="pk_jobs"),
        sa.UniqueConstraint("job_id", name="uq_jobs_job_id"),
        sa.UniqueConstraint("request_key", name="uq_jobs_request_key"),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')",
            name="ck_jobs_state",
        ),
    )
    op.create_index("ix_jobs_state", "jobs", ["state", "guild_key", "requester_id", "number"])
    op.create_index("ix_jobs_requester", "jobs", ["requester_id", "number"])
    op.create_index("ix_jobs_card", "jobs", ["card_message_id"])
    op.create_index("ix_jobs_finished", "jobs", ["finished_at"])


def _create_outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("delivery_id", _ROW_NUMBER, nullable=False, autoincrement=True),
        sa.Column("job_id", sa.String(12), nullable=False),
        sa.Column("announcement", sa.String(7), nullable=False),
        sa.Column("nonce", sa.String(25), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("send_started_at", _TIME),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("not_before", _TIME),
        sa.Column("message_id", sa.BigInteger()),
        sa.Column("abandoned", sa.Text()),
        sa.PrimaryKeyConstraint("delivery_id", name="pk_outbox"),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.job_id"], name="fk_outbox_job_id", ondelete="CASCADE"
        ),
        sa.UniqueConstraint("job_id", "announcement", name="uq_outbox_job_id_announcement"),
        sa.UniqueConstraint("nonce", name="uq_outbox_nonce"),
        sa.CheckConstraint("announcement IN ('card', 'outcome')", name="ck_outbox_announcement"),
    )
    op.create_index(
        "ix_outbox_pending",
        "outbox",
        ["delivery_id"],
        sqlite_where=_PENDING,
        postgresql_where=_PENDING,
    )


def _create_pickers() -> None:
    op.create_table(
        "pickers",
        sa.Column("message_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("guild_id", sa.BigInteger()),
        sa.Column("requester_id", sa.BigInteger(), nullable=False),
        sa.Column("request_message_id", sa.BigInteger()),
        sa.Column("content_key", sa.Text(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("spoiler", sa.Boolean(), nullable=False),
        sa.Column("recipe", sa.Text()),
        sa.Column("content_width", sa.Integer()),
        sa.Column("content_height", sa.Integer()),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("used_at", _TIME),
        sa.PrimaryKeyConstraint("message_id", name="pk_pickers"),
    )
    op.create_index("ix_pickers_requester", "pickers", ["requester_id"])
    op.create_index("ix_pickers_created", "pickers", ["created_at"])
