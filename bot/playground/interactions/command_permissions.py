"""Decide who may use a command: its default permissions, and a guild's overrides of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.playground.errors import ApiError, ErrorCode
from bot.playground.state.permissions import Permission

if TYPE_CHECKING:
    from bot.playground.state.records import Channel, Json, User
    from bot.playground.state.state import State

__all__ = ["require_command"]

ROLE, USER, CHANNEL = 1, 2, 3


def require_command(state: State, command: Json, user: User, channel: Channel) -> None:
    """Check that the user may use the command in the channel.

    Overrides of the command come before those of the whole application, and administrators pass.

    Raises:
        ApiError: 404/10063 for a guild's command in a direct message, 403/50013 when the user
            may not use it.
    """
    state.require(channel, user.id, Permission.USE_APPLICATION_COMMANDS)
    guild_id = channel.guild_id
    if guild_id is None:
        if not command["dm_permission"]:
            raise ApiError(ErrorCode.UNKNOWN_COMMAND)
        return
    granted = state.guild_permissions(guild_id, user.id)
    if Permission.ADMINISTRATOR in granted:
        return
    levels = [
        {(each["type"], each["id"]): each["permission"] for each in found}
        for owner in (command["id"], state.application.id)
        if (found := state.command_permissions.get((guild_id, owner)))
    ]
    allowed = _member_override(state, levels, guild_id, user.id)
    if allowed is None:
        needed = command["default_member_permissions"]
        asked = None if needed is None else Permission(int(needed))
        allowed = asked is None or (bool(asked) and not asked & ~granted)
    if not allowed or _channel_override(levels, guild_id, channel) is False:
        raise ApiError(ErrorCode.MISSING_PERMISSIONS)


_Level = dict[tuple[int, str], bool]


def _channel_override(levels: list[_Level], guild_id: str, channel: Channel) -> bool | None:
    """Return what is set for the channel or its parent; None for nothing."""
    everywhere = str(int(guild_id) - 1)  # Discord's id for all channels
    parent_id = channel.parent_id if channel.thread is not None else None
    for level in levels:
        for channel_id in (channel.id, parent_id, everywhere):
            if channel_id is not None and (CHANNEL, channel_id) in level:
                return level[CHANNEL, channel_id]
    return None


def _member_override(
    state: State, levels: list[_Level], guild_id: str, user_id: str
) -> bool | None:
    """Return what is set for the member, their roles or @everyone; None for nothing."""
    roles = state.member(guild_id, user_id).roles
    for level in levels:
        if (USER, user_id) in level:
            return level[USER, user_id]
        of_roles = [level[ROLE, role_id] for role_id in roles if (ROLE, role_id) in level]
        if of_roles:
            return any(of_roles)
        if (ROLE, guild_id) in level:
            return level[ROLE, guild_id]
    return None
