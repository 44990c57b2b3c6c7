"""What estimates are made of: sums for a fit of three costs instead of one average.

The averages cannot be taken apart again; what they knew is measured anew.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.drop_table("rates")
    op.create_table(
        "rates",
        sa.Column("device", sa.String(128), nullable=False),
        sa.Column("recipe", sa.String(64), nullable=False),
        sa.Column("squares", sa.JSON(), nullable=False),
        sa.Column("products", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("device", "recipe", name="pk_rates"),
    )
