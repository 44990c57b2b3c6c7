"""Buttons that live for ever: everything they need is in their custom_id.

A button pressed after any number of restarts still finds its way, because the client knows the
class by its template and the job by the id within. What pressing does is decided at the desk,
which the client carries; a view only knows how to ask.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol, Self, cast

import discord

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Desk", "JobButton", "PresetMenu", "Verb", "job_id_of", "job_view"]


class Verb(StrEnum):
    """What a button on a job's messages does."""

    CANCEL = "cancel"
    AGAIN = "again"
    DETAILS = "details"
    DELETE = "delete"


class Desk(Protocol):
    """Where presses go. Answers every one of them within Discord's three seconds."""

    async def pressed(self, interaction: discord.Interaction[Any], job_id: str, verb: Verb) -> None:
        """A member pressed a job's button."""
        ...

    async def chose(self, interaction: discord.Interaction[Any], preset: str) -> None:
        """A member chose a preset from a picker's menu."""
        ...


class _HasDesk(Protocol):
    desk: Desk


LABELS: dict[Verb, tuple[str, str, discord.ButtonStyle]] = {
    Verb.CANCEL: ("Cancel", "🛑", discord.ButtonStyle.secondary),
    Verb.AGAIN: ("Again", "🎲", discord.ButtonStyle.primary),
    Verb.DETAILS: ("Details", "🔍", discord.ButtonStyle.secondary),
    Verb.DELETE: ("Delete", "🗑️", discord.ButtonStyle.secondary),
}

_JOB_BUTTON = r"job:(?P<id>[0-9a-f]{12}):(?P<verb>cancel|again|details|delete)"


class JobButton(discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]], template=_JOB_BUTTON):
    """A button that does one thing with one job."""

    def __init__(self, job_id: str, verb: Verb, *, disabled: bool = False) -> None:
        label, emoji, style = LABELS[verb]
        super().__init__(
            discord.ui.Button(
                label=label,
                emoji=emoji,
                style=style,
                disabled=disabled,
                custom_id=f"job:{job_id}:{verb}",
            )
        )
        self.job_id = job_id
        self.verb = verb

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],
        item: discord.ui.Item[Any],
        match: re.Match[str],
        /,
    ) -> Self:
        """Rebuild the button that was pressed."""
        return cls(match["id"], Verb(match["verb"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Take the press to the desk."""
        await cast("_HasDesk", interaction.client).desk.pressed(interaction, self.job_id, self.verb)


class PresetMenu(
    discord.ui.DynamicItem[discord.ui.Select[discord.ui.View]], template=r"picker:choose"
):
    """The menu of a picker; the picker itself is found by the message the menu is on."""

    def __init__(self, options: list[discord.SelectOption]) -> None:
        super().__init__(
            discord.ui.Select(
                custom_id="picker:choose",
                placeholder="Choose a style",
                options=options,
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
        return cls(cast("discord.ui.Select[Any]", item).options)

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Take the choice to the desk."""
        await cast("_HasDesk", interaction.client).desk.chose(interaction, self.item.values[0])


def job_view(job_id: str, verbs: Iterable[Verb], *, disabled: bool = False) -> discord.ui.View:
    """A row of a job's buttons.

    The view has no timeout: a view that timed out would take its buttons' template with it,
    for every job.
    """
    view = discord.ui.View(timeout=None)
    for verb in verbs:
        view.add_item(JobButton(job_id, verb, disabled=disabled))
    return view


def job_id_of(message: discord.Message) -> str | None:
    """The job whose buttons are on a message, or None."""
    for row in message.components:
        for component in getattr(row, "children", ()):
            found = re.fullmatch(_JOB_BUTTON, getattr(component, "custom_id", None) or "")
            if found:
                return found["id"]
    return None
