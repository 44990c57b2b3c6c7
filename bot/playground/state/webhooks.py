"""The records of channel webhooks and invites."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from bot.playground.state.records import User

__all__ = ["Invite", "Webhook"]


@dataclass(kw_only=True)
class Webhook:
    """An incoming webhook: whoever has its token may post to its channel."""

    id: str
    token: str
    channel_id: str
    guild_id: str
    name: str
    creator: User
    avatar: str | None = None


@dataclass(kw_only=True)
class Invite:
    """An invitation to a channel's guild.

    Attributes:
        max_age: seconds until it expires; 0 for never.
        max_uses: 0 for any number.
    """

    code: str
    channel_id: str
    guild_id: str
    inviter: User
    created_at: datetime
    max_age: int = 86_400
    max_uses: int = 0
    temporary: bool = False
    uses: int = 0

    @property
    def expires_at(self) -> datetime | None:
        """When it expires; None for never."""
        return self.created_at + timedelta(seconds=self.max_age) if self.max_age else None

    def is_valid(self, now: datetime) -> bool:
        """Return whether it can still be used."""
        expires_at = self.expires_at
        return not (self.max_uses and self.uses >= self.max_uses) and (
            expires_at is None or now < expires_at
        )
