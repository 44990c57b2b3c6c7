"""Indexes by which a claim and the caps look up what they need, however long the queue."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_ACTIVE = sa.text("state IN ('queued', 'running')")
_QUEUED = sa.text("state = 'queued'")
_RESUMABLE = sa.text("state = 'queued' AND started_at IS NOT NULL")


def upgrade() -> None:
    """Apply."""
    for name, columns, where in (
        ("ix_jobs_active_requester", ["requester_id", "number"], _ACTIVE),
        ("ix_jobs_queued", ["number"], _QUEUED),
        ("ix_jobs_resumable", ["number"], _RESUMABLE),
    ):
        op.create_index(name, "jobs", columns, sqlite_where=where, postgresql_where=where)
    op.create_index("ix_guild_turns_ticket", "guild_turns", ["ticket", "guild_key"])
    op.create_index("ix_member_turns_ticket", "member_turns", ["ticket"])
