"""The buttons and menus that live for ever: the client knows each by its template."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bot.views.components.counters import ChannelsMenu, CounterButton, RoleMenu
from bot.views.components.job_buttons import JobButton, PresetMenu
from bot.views.components.suggestions import BeginButton, SuggestionButton, SwapButton
from bot.views.picker import PickerTake, PickerTurn

if TYPE_CHECKING:
    import discord

__all__ = ["LIVING"]

LIVING: Final[tuple[type[discord.ui.DynamicItem[Any]], ...]] = (
    JobButton,
    SwapButton,
    PresetMenu,
    PickerTurn,
    PickerTake,
    SuggestionButton,
    BeginButton,
    CounterButton,
    ChannelsMenu,
    RoleMenu,
)
"""Whatever carries a custom_id that is still answered after a restart."""
