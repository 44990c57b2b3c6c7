"""A guild's settings, enforced: where requests are allowed, and who manages presets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import discord

from bot.errors import PresetProblem, PresetRefused, RequestProblem, RequestRefused

if TYPE_CHECKING:
    from discord.abc import MessageableChannel

    from bot.jobs.guilds import Guilds
    from bot.jobs.models import GuildSettings

__all__ = ["check_can_manage_guild", "check_can_manage_presets", "check_channel_allowed"]

MOST_NAMED: Final = 3
"""Number of channels that a refusal names at most."""


async def check_channel_allowed(
    guilds: Guilds, guild_id: int | None, channel: MessageableChannel
) -> None:
    """Check that a guild allows requests in a channel; a thread counts as its channel.

    Raises:
        RequestRefused: it allows them elsewhere; `detail` names where.
        StoreUnavailableError: the database cannot be reached.
    """
    if guild_id is None:
        return
    allowed = (await guilds.get_settings(guild_id)).channel_ids
    here = {channel.id, getattr(channel, "parent_id", None)}
    if allowed and here.isdisjoint(allowed):
        named = [f"<#{channel_id}>" for channel_id in allowed[:MOST_NAMED]]
        raise RequestRefused(RequestProblem.CHANNEL_CLOSED, detail=" or ".join(named))


def check_can_manage_presets(
    member: discord.abc.User, permissions: discord.Permissions, settings: GuildSettings
) -> None:
    """Check that a member may add and remove presets.

    Managers of the guild or of its emojis may, and members of the role that the guild chose.

    Args:
        member: the member.
        permissions: theirs, in the channel.
        settings: the guild's.

    Raises:
        PresetRefused: they may not.
    """
    if permissions.manage_guild or permissions.manage_expressions:
        return
    roles = member.roles if isinstance(member, discord.Member) else []
    if not any(role.id == settings.manager_role_id for role in roles):
        raise PresetRefused(PresetProblem.NOT_A_MANAGER)


def check_can_manage_guild(permissions: discord.Permissions) -> None:
    """Check that a member may change the guild's settings.

    Raises:
        RequestRefused: they may not.
    """
    if not permissions.manage_guild:
        raise RequestRefused(RequestProblem.NOT_A_MANAGER)
