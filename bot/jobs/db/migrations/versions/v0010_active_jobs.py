"""An index of the active jobs alone: one of all jobs by state is passed over by either planner."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_ACTIVE = sa.text("state IN ('queued', 'running')")


def upgrade() -> None:
    """Apply."""
    op.drop_index("ix_jobs_state", "jobs")
    op.create_index(
        "ix_jobs_active",
        "jobs",
        ["state", "guild_key", "requester_id", "number"],
        sqlite_where=_ACTIVE,
        postgresql_where=_ACTIVE,
    )
