"""How requests were understood, and answers that offer to go on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Apply."""
    op.add_column("jobs", sa.Column("understood", sa.JSON()))
    op.add_column("pickers", sa.Column("content", sa.JSON()))
    op.create_table(
        "offers",
        sa.Column("offer_id", sa.String(12), nullable=False),
        sa.Column("requester_id", sa.BigInteger(), nullable=False),
        sa.Column("ask", sa.JSON(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("used_at", _TIME),
        sa.PrimaryKeyConstraint("offer_id", name="pk_offers"),
    )
    op.create_index("ix_offers_requester", "offers", ["requester_id"])
    op.create_index("ix_offers_created", "offers", ["created_at"])
