"""Cooldowns: how often a member, and a guild, may use the bot in a short time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from discord.ext.commands import Cooldown, CooldownMapping

from bot.errors import CooldownActive

if TYPE_CHECKING:
    from bot.settings import Settings

__all__ = ["Cooldowns"]


class _Use(NamedTuple):
    member_id: int
    guild_id: int | None


class Cooldowns:
    """Counts the commands, presses and reactions of each member and of each guild.

    Everything is in memory, so that it can be asked before an interaction is acknowledged. A use
    that the member's limit refuses does not count for the guild.

    Args:
        settings: the limits; 0 turns one off.
    """

    def __init__(self, settings: Settings) -> None:
        seconds = settings.cooldown_seconds
        self._of_member = _mapping(settings.max_uses_per_member, seconds, _member_of)
        self._of_guild = _mapping(settings.max_uses_per_guild, seconds, _guild_of)
        self._told_until: dict[int, float] = {}

    def count(
        self, member_id: int, guild_id: int | None, *, now: float | None = None
    ) -> CooldownActive | None:
        """Count one use.

        Args:
            member_id: who uses the bot.
            guild_id: where; None in direct messages.
            now: seconds on a clock that never jumps; None for the present.

        Returns:
            None if the use may be served, otherwise why not.
        """
        now = time.monotonic() if now is None else now
        use = _Use(member_id, guild_id)
        for scope, mapping in (("member", self._of_member), ("guild", self._of_guild)):
            if mapping is None or (scope == "guild" and guild_id is None):
                continue
            seconds = mapping.update_rate_limit(use, now)
            if seconds is not None:
                return CooldownActive(scope, seconds=seconds)
        return None

    def is_untold(
        self, member_id: int, cooldown: CooldownActive, *, now: float | None = None
    ) -> bool:
        """Return whether the member is to be told of the cooldown: once, not for every use."""
        now = time.monotonic() if now is None else now
        if self.was_told(member_id, now=now):
            return False
        self._told_until = {key: until for key, until in self._told_until.items() if until > now}
        self._told_until[member_id] = now + cooldown.seconds
        return True

    def was_told(self, member_id: int, *, now: float | None = None) -> bool:
        """Return whether the member was told of a cooldown that is not over yet."""
        return self._told_until.get(member_id, 0.0) > (time.monotonic() if now is None else now)


def _mapping(uses: int, seconds: float, key: object) -> CooldownMapping[_Use] | None:
    return CooldownMapping(Cooldown(uses, seconds), key) if uses else None  # type: ignore[arg-type]


def _member_of(use: _Use) -> int:
    return use.member_id


def _guild_of(use: _Use) -> int | None:
    return use.guild_id
