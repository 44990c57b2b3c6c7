"""Messages that are to be deleted, remembered in the transaction that forgets what they show."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_PENDING = sa.text("abandoned IS NULL")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "retractions",
        sa.Column("message_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True)),
        sa.Column("abandoned", sa.Text()),
        sa.PrimaryKeyConstraint("message_id", name="pk_retractions"),
    )
    op.create_index(
        "ix_retractions_pending",
        "retractions",
        ["message_id"],
        sqlite_where=_PENDING,
        postgresql_where=_PENDING,
    )
