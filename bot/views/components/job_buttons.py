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

__all__ = ["JobActionHandler", "JobButton", "PresetMenu", "Verb", "job_id_of", "job_view"]


class Verb(StrEnum):
    """What a button on a job's messages does."""

    CANCEL = "cancel"
    AGAIN = "again"
    STYLE = "style"
    CONTENT = "content"
    KEEP = "keep"
    RECOLOUR = "recolour"
    LARGER = "larger"
    SMALLER = "smaller"
    TIMELAPSE = "timelapse"
    DETAILS = "details"
    DELETE = "delete"


class JobActionHandler(Protocol):
    """Where presses go. Answers every one of them within Discord's three seconds."""

    async def pressed(self, interaction: discord.Interaction[Any], job_id: str, verb: Verb) -> None:
        """A member pressed a job's button."""
        ...

    async def chose(self, interaction: discord.Interaction[Any], preset: str) -> None:
        """A member chose a preset from a picker's menu."""
        ...


class _HasDesk(Protocol):
    desk: JobActionHandler


LABELS: dict[Verb, tuple[str, str]] = {
    Verb.CANCEL: ("Cancel", "🛑"),
    Verb.AGAIN: ("Again", "🎲"),
    Verb.STYLE: ("More style", "🎨"),
    Verb.CONTENT: ("More content", "📷"),
    Verb.KEEP: ("Keep colours", "🌈"),
    Verb.RECOLOUR: ("Style's colours", "🌈"),
    Verb.LARGER: ("Larger", "🔎"),
    Verb.SMALLER: ("Smaller", "🤏"),
    Verb.TIMELAPSE: ("Time-lapse", "🎞️"),
    Verb.DETAILS: ("Details", "🧾"),
    Verb.DELETE: ("Delete", "🗑️"),
}
"""What each button says, and its emoji."""

_JOB_BUTTON = rf"job:(?P<id>[0-9a-f]{{12}}):(?P<verb>{'|'.join(Verb)})"


class JobButton(discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]], template=_JOB_BUTTON):
    """A button that does one thing with one job."""

    def __init__(
        self,
        job_id: str,
        verb: Verb,
        *,
        label: str | None = None,
        disabled: bool = False,
        row: int | None = None,
    ) -> None:
        """Make a button; `label` says it in other words than usual."""
        usual, emoji = LABELS[verb]
        super().__init__(
            discord.ui.Button(
                label=label or usual,
                emoji=emoji,
                style=discord.ButtonStyle.secondary,
                disabled=disabled,
                custom_id=f"job:{job_id}:{verb}",
                row=row,
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


def job_view(buttons: Iterable[JobButton]) -> discord.ui.View:
    """A job's buttons, in rows.

    The view has no timeout: a view that timed out would take its buttons' template with it,
    for every job.
    """
    view = discord.ui.View(timeout=None)
    for button in buttons:
        view.add_item(button)
    return view


def job_id_of(message: discord.Message) -> str | None:
    """The job whose buttons are on a message, or None."""
    for row in message.components:
        for component in getattr(row, "children", ()):
            found = re.fullmatch(_JOB_BUTTON, getattr(component, "custom_id", None) or "")
            if found:
                return found["id"]
    return None
