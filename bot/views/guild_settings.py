"""The message with a guild's settings: an embed, two menus, and buttons that reset them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import discord

from bot.views.components import routes
from bot.views.components.items import RoutedView, button
from bot.views.components.routes import SettingsAction
from bot.views.text import guild as text

if TYPE_CHECKING:
    from bot.jobs.models import GuildSettings

__all__ = ["settings_embed", "settings_view"]

COLOUR: Final = discord.Colour(0x8E6BD8)
MOST_CHANNELS: Final = 25
"""Discord's limit for the values of a menu."""


def settings_embed(settings: GuildSettings) -> discord.Embed:
    """Render the settings."""
    embed = discord.Embed(
        title=text.SETTINGS_TITLE,
        description=text.SETTINGS,
        colour=COLOUR,
    )
    channels = ", ".join(f"<#{channel_id}>" for channel_id in settings.channel_ids)
    embed.add_field(
        name=text.CHANNELS_TITLE,
        value=channels or text.EVERY_CHANNEL,
        inline=False,
    )
    managers = text.MANAGERS
    if settings.manager_role_id is not None:
        managers = text.MANAGERS_AND_ROLE.format(role=f"<@&{settings.manager_role_id}>")
    return embed.add_field(name=text.MANAGERS_TITLE, value=managers, inline=False)


def settings_view(settings: GuildSettings) -> discord.ui.View:
    """The menus, and a button that resets each setting that was changed."""
    view = RoutedView(_channels_menu(settings), _role_menu(settings))
    if settings.channel_ids:
        everywhere = routes.SETTINGS.custom_id(action=SettingsAction.EVERYWHERE)
        view.add_item(button(everywhere, text.ALLOW_EVERY_CHANNEL))
    if settings.manager_role_id is not None:
        no_role = routes.SETTINGS.custom_id(action=SettingsAction.NO_ROLE)
        view.add_item(button(no_role, text.MANAGERS_ONLY))
    return view


def _channels_menu(settings: GuildSettings) -> discord.ui.ChannelSelect[Any]:
    chosen = [
        discord.SelectDefaultValue(id=channel_id, type=discord.SelectDefaultValueType.channel)
        for channel_id in settings.channel_ids[:MOST_CHANNELS]
    ]
    return discord.ui.ChannelSelect(
        custom_id=routes.SETTINGS_CHANNELS.custom_id(),
        placeholder=text.CHANNELS_MENU,
        channel_types=[discord.ChannelType.text, discord.ChannelType.forum],
        min_values=0,
        max_values=MOST_CHANNELS,
        default_values=chosen,
    )


def _role_menu(settings: GuildSettings) -> discord.ui.RoleSelect[Any]:
    chosen = []
    if settings.manager_role_id is not None:
        role = discord.SelectDefaultValueType.role
        chosen.append(discord.SelectDefaultValue(id=settings.manager_role_id, type=role))
    return discord.ui.RoleSelect(
        custom_id=routes.SETTINGS_ROLE.custom_id(),
        placeholder=text.ROLE_MENU,
        min_values=0,
        max_values=1,
        default_values=chosen,
    )
