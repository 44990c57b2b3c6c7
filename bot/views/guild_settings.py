"""What a guild's managers decide, as a message with two menus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import discord

from bot.views.components.counters import ChannelsMenu, CounterButton, RoleMenu, counter_view

if TYPE_CHECKING:
    from bot.jobs.guild_models import GuildSettings

__all__ = ["rules_embed", "rules_view"]

COLOUR: Final = discord.Colour(0x8E6BD8)


def rules_embed(rules: GuildSettings) -> discord.Embed:
    """The rules as they are."""
    embed = discord.Embed(
        title="Settings of this server",
        description="Pick from the menus; each choice takes effect at once.",
        colour=COLOUR,
    )
    channels = ", ".join(f"<#{channel_id}>" for channel_id in rules.channel_ids)
    embed.add_field(
        name="Where I paint",
        value=channels or "In every channel I can post in",
        inline=False,
    )
    managers = "Members who can manage this server or its emojis"
    if rules.manager_role_id is not None:
        managers += f", and <@&{rules.manager_role_id}>"
    return embed.add_field(name="Who adds and removes styles", value=managers, inline=False)


def rules_view(rules: GuildSettings) -> discord.ui.View:
    """The menus, and a way back to the usual rules where anything was decided."""
    items: list[discord.ui.Item[Any]] = [
        ChannelsMenu(rules.channel_ids),
        RoleMenu(rules.manager_role_id),
    ]
    if rules.channel_ids:
        items.append(CounterButton("rules", "everywhere", label="Allow every channel"))
    if rules.manager_role_id is not None:
        items.append(CounterButton("rules", "norole", label="Managers only"))
    return counter_view(*items)
