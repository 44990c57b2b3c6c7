"""The message with a guild's settings: an embed, a menu for each, and buttons that reset them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import discord

from bot.jobs.models import GuildSettings
from bot.views.components import routes
from bot.views.components.items import RoutedView, button
from bot.views.components.routes import GuildSetting
from bot.views.text import guild as text
from bot.views.text.quoting import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["CONTROLS", "Control", "settings_embed", "settings_view"]

COLOUR: Final = discord.Colour(0x8E6BD8)
COMMON_PREFIXES: Final = ("!", "?", ".", "-", "$", "%", "&", "+", ";", "~", ">", "s!", "style!")
MOST_CHANNELS: Final = 25
"""Discord's limit for the values of a menu."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Control:
    """How members see and change one setting.

    Attributes:
        field: the field of `GuildSettings`.
        title: heads the setting in the embed.
        describe: returns the setting's value in words.
        menu: makes the menu that changes it, given its custom_id; Discord allows five a message.
        parse: makes the field's value of what was chosen; of nothing, the default.
        reset_label: of the button that resets it.
    """

    field: str
    title: str
    describe: Callable[[GuildSettings], str]
    menu: Callable[[GuildSettings, str], discord.ui.Item[Any]]
    parse: Callable[[tuple[str, ...]], Any]
    reset_label: str


def settings_embed(settings: GuildSettings, *, default_prefix: str) -> discord.Embed:
    """Render the settings.

    Args:
        settings: the guild's.
        default_prefix: of text commands, where the guild has chosen none.
    """
    settings = replace(settings, prefix=settings.prefix or default_prefix)
    embed = discord.Embed(
        title=text.SETTINGS_TITLE,
        description=text.SETTINGS,
        colour=COLOUR,
    )
    for control in CONTROLS.values():
        embed.add_field(name=control.title, value=control.describe(settings), inline=False)
    return embed


def settings_view(settings: GuildSettings) -> discord.ui.View:
    """The menus, and a button that resets each setting that was changed."""
    view = RoutedView()
    for setting, control in CONTROLS.items():
        view.add_item(control.menu(settings, routes.SETTING.custom_id(setting=setting)))
    for setting, control in CONTROLS.items():
        if getattr(settings, control.field) != getattr(GuildSettings(), control.field):
            reset = routes.SETTING_RESET.custom_id(setting=setting)
            view.add_item(button(reset, control.reset_label))
    return view


def _channels_text(settings: GuildSettings) -> str:
    channels = ", ".join(f"<#{channel_id}>" for channel_id in settings.channel_ids)
    return channels or text.EVERY_CHANNEL


def _channels_menu(settings: GuildSettings, custom_id: str) -> discord.ui.ChannelSelect[Any]:
    chosen = [
        discord.SelectDefaultValue(id=channel_id, type=discord.SelectDefaultValueType.channel)
        for channel_id in settings.channel_ids[:MOST_CHANNELS]
    ]
    return discord.ui.ChannelSelect(
        custom_id=custom_id,
        placeholder=text.CHANNELS_MENU,
        channel_types=[discord.ChannelType.text, discord.ChannelType.forum],
        min_values=0,
        max_values=MOST_CHANNELS,
        default_values=chosen,
    )


def _managers_text(settings: GuildSettings) -> str:
    if settings.manager_role_id is None:
        return text.MANAGERS
    return text.MANAGERS_AND_ROLE.format(role=f"<@&{settings.manager_role_id}>")


def _role_menu(settings: GuildSettings, custom_id: str) -> discord.ui.RoleSelect[Any]:
    chosen = []
    if settings.manager_role_id is not None:
        role = discord.SelectDefaultValueType.role
        chosen.append(discord.SelectDefaultValue(id=settings.manager_role_id, type=role))
    return discord.ui.RoleSelect(
        custom_id=custom_id,
        placeholder=text.ROLE_MENU,
        min_values=0,
        max_values=1,
        default_values=chosen,
    )


def _prefix_text(settings: GuildSettings) -> str:
    return text.PREFIX.format(prefix=quoted(settings.prefix or "!"))


def _prefix_menu(settings: GuildSettings, custom_id: str) -> discord.ui.Select[Any]:
    prefixes = dict.fromkeys([*filter(None, [settings.prefix]), *COMMON_PREFIXES])
    options = [
        discord.SelectOption(
            label=text.PREFIX_OPTION.format(prefix=prefix),
            value=prefix,
            default=prefix == settings.prefix,
        )
        for prefix in prefixes
    ]
    return discord.ui.Select(custom_id=custom_id, placeholder=text.PREFIX_MENU, options=options)


CONTROLS: Final[Mapping[GuildSetting, Control]] = {
    GuildSetting.CHANNELS: Control(
        field="channel_ids",
        title=text.CHANNELS_TITLE,
        describe=_channels_text,
        menu=_channels_menu,
        parse=lambda values: tuple(map(int, values)),
        reset_label=text.ALLOW_EVERY_CHANNEL,
    ),
    GuildSetting.MANAGER_ROLE: Control(
        field="manager_role_id",
        title=text.MANAGERS_TITLE,
        describe=_managers_text,
        menu=_role_menu,
        parse=lambda values: int(values[0]) if values else None,
        reset_label=text.MANAGERS_ONLY,
    ),
    GuildSetting.PREFIX: Control(
        field="prefix",
        title=text.PREFIX_TITLE,
        describe=_prefix_text,
        menu=_prefix_menu,
        parse=lambda values: values[0] if values else None,
        reset_label=text.DEFAULT_PREFIX,
    ),
}
"""Every setting, in the order shown."""
