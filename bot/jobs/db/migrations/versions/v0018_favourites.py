"""Members' favourite paintings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "favourites",
        sa.Column("member_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("job_id", sa.String(12), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("member_id", "job_id", name="pk_favourites"),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.job_id"], name="fk_favourites_job_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_favourites_job_id", "favourites", ["job_id"])
