"""A guild's settings in one column, so that a new setting needs no migration."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_GUILDS = sa.table(
    "guilds",
    sa.column("guild_id", sa.BigInteger()),
    sa.column("settings", sa.JSON()),
    sa.column("manager_role_id", sa.BigInteger()),
)


def upgrade() -> None:
    """Apply."""
    op.alter_column("guilds", "channel_ids", new_column_name="settings")
    connection = op.get_bind()
    for row in connection.execute(sa.select(_GUILDS)).all():
        settings = {"channel_ids": row.settings, "manager_role_id": row.manager_role_id}
        connection.execute(
            sa.update(_GUILDS).where(_GUILDS.c.guild_id == row.guild_id).values(settings=settings)
        )
    op.drop_column("guilds", "manager_role_id")
