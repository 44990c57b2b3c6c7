"""Direct messages about ended jobs, and messages besides the card and the outcome."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_PENDING = sa.text("message_id IS NULL AND abandoned IS NULL")
_CONSTRAINT = "ck_outbox_ck_outbox_announcement"  # the prefix was added twice
_ANNOUNCEMENTS = "announcement IN ('card', 'outcome', 'notice')"


def upgrade() -> None:
    """Apply."""
    for table in ("jobs", "pickers"):
        op.add_column(
            table, sa.Column("notify", sa.Boolean(), nullable=False, server_default=sa.false())
        )
    if op.get_bind().dialect.name == "sqlite":
        with op.batch_alter_table("outbox", copy_from=_outbox(), recreate="always"):
            pass  # SQLite changes a constraint by copying the table
    else:
        op.drop_constraint(op.f(_CONSTRAINT), "outbox")
        op.create_check_constraint(op.f(_CONSTRAINT), "outbox", _ANNOUNCEMENTS)
    op.create_table(
        "job_messages",
        sa.Column("message_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("job_id", sa.String(12), nullable=False),
        sa.PrimaryKeyConstraint("message_id", name="pk_job_messages"),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.job_id"], name="fk_job_messages_job_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_job_messages_job_id", "job_messages", ["job_id"])


def _outbox() -> sa.Table:
    return sa.Table(
        "outbox",
        sa.MetaData(),
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
        sa.CheckConstraint(_ANNOUNCEMENTS, name=op.f(_CONSTRAINT)),
        sa.Index("ix_outbox_pending", "delivery_id", sqlite_where=_PENDING),
    )
