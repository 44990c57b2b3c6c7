"""What a guild decides for itself: its rules, and styles of its own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "guilds",
        sa.Column("guild_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("channel_ids", sa.JSON(), nullable=False),
        sa.Column("manager_role_id", sa.BigInteger()),
        sa.Column("left_at", _TIME),
        sa.PrimaryKeyConstraint("guild_id", name="pk_guilds"),
    )
    op.create_index("ix_guilds_left", "guilds", ["left_at"])
    op.create_table(
        "guild_presets",
        sa.Column("guild_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("emoji", sa.String(32), nullable=False),
        sa.Column("alt_text", sa.Text(), nullable=False),
        sa.Column("picture_key", sa.Text(), nullable=False),
        sa.Column("thumbnail_key", sa.Text(), nullable=False),
        sa.Column("added_by", sa.BigInteger(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("guild_id", "name", name="pk_guild_presets"),
        sa.ForeignKeyConstraint(
            ["guild_id"], ["guilds.guild_id"], name="fk_guild_presets_guild_id", ondelete="CASCADE"
        ),
        sa.UniqueConstraint("guild_id", "emoji", name="uq_guild_presets_guild_id_emoji"),
    )
    op.create_index("ix_guild_presets_added_by", "guild_presets", ["added_by"])
