"""Sizes of what is stored without being painted, and when a job's inputs were deleted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_UNUSED = (
    "inputs_deleted_at IS NULL AND "
    "(state = 'cancelled' OR (state = 'failed' AND started_at IS NULL))"
)


def upgrade() -> None:
    """Apply."""
    for table in ("jobs", "pickers", "offers"):
        op.add_column(
            table, sa.Column("stored_bytes", sa.BigInteger(), nullable=False, server_default="0")
        )
    op.add_column("offers", sa.Column("guild_id", sa.BigInteger()))
    op.add_column("jobs", sa.Column("inputs_deleted_at", sa.DateTime(timezone=True)))
    op.create_index(
        "ix_jobs_unused",
        "jobs",
        ["finished_at"],
        sqlite_where=sa.text(_UNUSED),
        postgresql_where=sa.text(_UNUSED),
    )
