"""Buttons of the smaller counters: gallery, styles, privacy and settings.

Like a job's buttons they live for ever, since all they need is in their custom_id:
``counter:verb:subject``. The client carries the counters by name; what a press does is decided
there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, Self, cast

import discord

if TYPE_CHECKING:
    import re
    from collections.abc import Mapping, Sequence

__all__ = ["ChannelsMenu", "Chooser", "Counter", "CounterButton", "RoleMenu", "counter_view"]

MOST_CHANNELS = 25
"""As many as Discord lets a menu give back."""


class Counter(Protocol):
    """Where presses go. Answers every one of them within Discord's three seconds."""

    async def pressed(self, interaction: discord.Interaction[Any], verb: str, subject: str) -> None:
        """A member pressed one of the counter's buttons."""
        ...


class Chooser(Protocol):
    """Where choices of channels and roles go."""

    async def chose_channels(
        self, interaction: discord.Interaction[Any], channel_ids: Sequence[int]
    ) -> None:
        """A member chose channels."""
        ...

    async def chose_role(self, interaction: discord.Interaction[Any], role_id: int | None) -> None:
        """A member chose a role, or none."""
        ...


class _HasCounters(Protocol):
    counters: Mapping[str, Counter]
    chooser: Chooser


class CounterButton(
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]],
    template=r"(?P<counter>gallery|styles|privacy|rules):(?P<verb>[a-z]+):(?P<subject>.{0,80})",
):
    """A button of one of the counters."""

    def __init__(
        self,
        counter: str,
        verb: str,
        subject: str = "",
        *,
        label: str | None = None,
        emoji: discord.PartialEmoji | str | None = None,
        style: discord.ButtonStyle = discord.ButtonStyle.secondary,
        disabled: bool = False,
    ) -> None:
        super().__init__(
            discord.ui.Button(
                label=label,
                emoji=emoji,
                style=style,
                disabled=disabled,
                custom_id=f"{counter}:{verb}:{subject}",
            )
        )
        self.counter = counter
        self.verb = verb
        self.subject = subject

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],
        item: discord.ui.Item[Any],
        match: re.Match[str],
        /,
    ) -> Self:
        """Rebuild the button that was pressed."""
        shown = cast("discord.ui.Button[Any]", item)
        return cls(
            match["counter"],
            match["verb"],
            match["subject"],
            label=shown.label,
            emoji=shown.emoji,
            style=shown.style,
        )

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Take the press to its counter."""
        client = cast("_HasCounters", interaction.client)
        await client.counters[self.counter].pressed(interaction, self.verb, self.subject)


class ChannelsMenu(
    discord.ui.DynamicItem[discord.ui.ChannelSelect[discord.ui.View]], template=r"rules:channels"
):
    """The menu of channels where paintings may be asked for."""

    def __init__(self, chosen: Sequence[int] = ()) -> None:
        super().__init__(
            discord.ui.ChannelSelect(
                custom_id="rules:channels",
                placeholder="Paint in these channels only",
                channel_types=[discord.ChannelType.text, discord.ChannelType.forum],
                min_values=0,
                max_values=MOST_CHANNELS,
                default_values=[
                    discord.SelectDefaultValue(id=each, type=discord.SelectDefaultValueType.channel)
                    for each in chosen[:MOST_CHANNELS]
                ],
            )
        )

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],
        item: discord.ui.Item[Any],
        match: re.Match[str],
        /,
    ) -> Self:
        """Rebuild the menu that was used."""
        return cls()

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Take the choice to the desk of rules."""
        chosen = [channel.id for channel in self.item.values]
        await cast("_HasCounters", interaction.client).chooser.chose_channels(interaction, chosen)


class RoleMenu(
    discord.ui.DynamicItem[discord.ui.RoleSelect[discord.ui.View]], template=r"rules:role"
):
    """The menu of the role whose members look after the server's own styles."""

    def __init__(self, chosen: int | None = None) -> None:
        defaults = [] if chosen is None else [chosen]
        super().__init__(
            discord.ui.RoleSelect(
                custom_id="rules:role",
                placeholder="A role that may add and remove styles",
                min_values=0,
                max_values=1,
                default_values=[
                    discord.SelectDefaultValue(id=each, type=discord.SelectDefaultValueType.role)
                    for each in defaults
                ],
            )
        )

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],
        item: discord.ui.Item[Any],
        match: re.Match[str],
        /,
    ) -> Self:
        """Rebuild the menu that was used."""
        return cls()

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Take the choice to the desk of rules."""
        chosen = next((role.id for role in self.item.values), None)
        await cast("_HasCounters", interaction.client).chooser.chose_role(interaction, chosen)


def counter_view(*items: discord.ui.Item[Any]) -> discord.ui.View:
    """Buttons and menus on a view without a timeout, which would take their template with it."""
    view = discord.ui.View(timeout=None)
    for item in items:
        view.add_item(item)
    return view
