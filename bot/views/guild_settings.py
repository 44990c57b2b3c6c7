"""What a guild's managers decide, as a message with two menus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import discord

from bot.views.components import routes
from bot.views.components.items import RoutedView, button
from bot.views.components.routes import SettingsAction

if TYPE_CHECKING:
    from bot.jobs.guild_models import GuildSettings

__all__ = ["rules_embed", "rules_view"]

COLOUR: Final = discord.Colour(0x8E6BD8)
MOST_CHANNELS: Final = 25
"""Discord's limit for the values of a menu."""


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
    view = RoutedView(_channels_menu(rules), _role_menu(rules))
    if rules.channel_ids:
        everywhere = routes.SETTINGS.custom_id(action=SettingsAction.EVERYWHERE)
        view.add_item(button(everywhere, "Allow every channel"))
    if rules.manager_role_id is not None:
        no_role = routes.SETTINGS.custom_id(action=SettingsAction.NO_ROLE)
        view.add_item(button(no_role, "Managers only"))
    return view


def _channels_menu(rules: GuildSettings) -> discord.ui.ChannelSelect[Any]:
    chosen = [
        discord.SelectDefaultValue(id=channel_id, type=discord.SelectDefaultValueType.channel)
        for channel_id in rules.channel_ids[:MOST_CHANNELS]
    ]
    return discord.ui.ChannelSelect(
        custom_id=routes.SETTINGS_CHANNELS.custom_id(),
        placeholder="Paint in these channels only",
        channel_types=[discord.ChannelType.text, discord.ChannelType.forum],
        min_values=0,
        max_values=MOST_CHANNELS,
        default_values=chosen,
    )


def _role_menu(rules: GuildSettings) -> discord.ui.RoleSelect[Any]:
    chosen = []
    if rules.manager_role_id is not None:
        role = discord.SelectDefaultValueType.role
        chosen.append(discord.SelectDefaultValue(id=rules.manager_role_id, type=role))
    return discord.ui.RoleSelect(
        custom_id=routes.SETTINGS_ROLE.custom_id(),
        placeholder="A role that may add and remove styles",
        min_values=0,
        max_values=1,
        default_values=chosen,
    )
