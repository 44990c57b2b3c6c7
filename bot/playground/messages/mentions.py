"""Find whom a message mentions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.playground.state.permissions import Permission

if TYPE_CHECKING:
    from bot.playground.messages.message_parser import AllowedMentions
    from bot.playground.state.records import Channel, Message
    from bot.playground.state.state import State

__all__ = ["set_mentions"]

_USER = re.compile(r"<@!?(\d+)>")
_ROLE = re.compile(r"<@&(\d+)>")
_EVERYONE = re.compile(r"@(everyone|here)\b")


def set_mentions(
    state: State,
    message: Message,
    channel: Channel,
    allowed: AllowedMentions,
    replied: Message | None,
) -> None:
    """Set whom the message pings: those it mentions, limited by ``allowed``.

    Args:
        state: the users, roles and permissions.
        message: the message to change.
        channel: where it is posted.
        allowed: whom it may ping.
        replied: the message that it replies to.
    """
    named = dict.fromkeys(_USER.findall(message.content))
    mentioned = [
        state.users[user_id]
        for user_id in named
        if user_id in state.users and (allowed.users is None or user_id in allowed.users)
    ]
    if replied is not None and allowed.replied_user and replied.author not in mentioned:
        mentioned.append(replied.author)
    message.mentions = mentioned
    guild = state.guilds.get(channel.guild_id or "")
    message.mention_roles = [
        role_id
        for role_id in dict.fromkeys(_ROLE.findall(message.content))
        if guild is not None
        and role_id in guild.roles
        and (allowed.roles is None or role_id in allowed.roles)
    ]
    granted = state.permissions(channel, message.author.id)
    may_mention_everyone = (
        Permission.MENTION_EVERYONE in granted or message.webhook_id in state.webhooks
    )
    message.mention_everyone = bool(
        _EVERYONE.search(message.content) and allowed.everyone and may_mention_everyone
    )
