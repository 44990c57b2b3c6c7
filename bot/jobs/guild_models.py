"""What a guild decides for itself, as records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["GuildPreset", "GuildSettings"]


@dataclass(frozen=True, kw_only=True, slots=True)
class GuildPreset:
    """A style that a guild added for itself. Its emoji and its name are unique in the guild.

    Attributes:
        name: what members type; lower case.
        title: what they read.
        emoji: one Unicode emoji.
        alt_text: what the picture shows, for those who cannot see it.
        picture_key, thumbnail_key: among the artefacts; they outlive every job.
        added_by: the member who gave the picture.
    """

    guild_id: int
    name: str
    title: str
    emoji: str
    alt_text: str
    picture_key: str
    thumbnail_key: str
    added_by: int
    created_at: datetime

    @property
    def folder(self) -> str:
        """What the keys of its pictures begin with."""
        return self.picture_key.rpartition("/")[0] + "/"


@dataclass(frozen=True, kw_only=True, slots=True)
class GuildSettings:
    """What the managers of a guild decided.

    Attributes:
        channel_ids: the only channels where paintings may be asked for; empty for all.
        manager_role_id: the role whose members may add and remove styles as well.
    """

    channel_ids: tuple[int, ...] = ()
    manager_role_id: int | None = None
