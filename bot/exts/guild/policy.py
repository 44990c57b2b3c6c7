"""What a guild's managers decided, applied: where paintings are asked for, who adds styles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import discord

from bot.errors import PresetProblem, PresetRefused, RequestProblem, RequestRefused

if TYPE_CHECKING:
    from discord.abc import MessageableChannel

    from bot.jobs.guild_models import GuildSettings
    from bot.jobs.guilds import Guilds

__all__ = ["check_may_ask_here", "check_may_curate", "check_may_decide"]

MOST_NAMED: Final = 3
"""Channels that a refusal names at most."""


async def check_may_ask_here(
    guilds: Guilds, guild_id: int | None, channel: MessageableChannel
) -> None:
    """Make sure paintings may be asked for in a channel; a thread is as its channel is.

    Raises:
        RequestRefused: the guild wants them elsewhere; `detail` says where.
        StoreUnavailableError: the database cannot be reached.
    """
    if guild_id is None:
        return
    allowed = (await guilds.rules(guild_id)).channel_ids
    here = {channel.id, getattr(channel, "parent_id", None)}
    if allowed and here.isdisjoint(allowed):
        named = [f"<#{channel_id}>" for channel_id in allowed[:MOST_NAMED]]
        raise RequestRefused(RequestProblem.CHANNEL_CLOSED, detail=" or ".join(named))


def check_may_curate(
    member: discord.abc.User, permissions: discord.Permissions, rules: GuildSettings
) -> None:
    """Make sure a member may add and remove styles: a manager of the guild or of its emojis.

    Args:
        member: who.
        permissions: what they may do where they ask.
        rules: the guild's, which may name a role besides.

    Raises:
        PresetRefused: they may not.
    """
    if permissions.manage_guild or permissions.manage_expressions:
        return
    roles = member.roles if isinstance(member, discord.Member) else []
    if not any(role.id == rules.manager_role_id for role in roles):
        raise PresetRefused(PresetProblem.NOT_A_MANAGER)


def check_may_decide(permissions: discord.Permissions) -> None:
    """Make sure a member may decide about the guild's rules.

    Raises:
        RequestRefused: they may not.
    """
    if not permissions.manage_guild:
        raise RequestRefused(RequestProblem.NOT_A_MANAGER)
