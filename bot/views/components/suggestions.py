"""What can be done about a refusal, as buttons under its sentence."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Protocol, Self, cast

import discord

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "CONTENT_FIELD",
    "STYLE_FIELD",
    "BeginButton",
    "PictureForm",
    "Suggestion",
    "SuggestionButton",
    "SuggestionHandler",
    "SwapButton",
    "begin_view",
    "form_of",
    "offer_view",
]

CONTENT_FIELD: Final = "content"
STYLE_FIELD: Final = "style"


class Suggestion(StrEnum):
    """What a button under a refusal does."""

    CORRECT = "correct"  # take the spelling or the value that was probably meant
    WITHOUT = "without"  # leave the option out
    UPLOAD = "upload"
    FIRST_FRAME = "frame"
    AVATAR = "avatar"
    PRESET = "preset"
    LEAVE_OUT = "leave"  # leave the picture out
    TWO = "two"
    BLEND = "blend"
    RETRY = "retry"
    STYLIZE = "stylize"  # take a misspelt command for the one that paints
    HELP = "help"


LABELS: Final[dict[Suggestion, tuple[str, str]]] = {
    Suggestion.CORRECT: ("Yes", "✅"),
    Suggestion.WITHOUT: ("Paint without it", "✂️"),
    Suggestion.UPLOAD: ("Add a picture", "📎"),
    Suggestion.FIRST_FRAME: ("Use its first frame", "🎞️"),
    Suggestion.AVATAR: ("Use my avatar", "🙂"),
    Suggestion.PRESET: ("Choose one of your styles", "🎨"),
    Suggestion.LEAVE_OUT: ("Leave it out", "✂️"),
    Suggestion.TWO: ("Take the first two", "✌️"),
    Suggestion.BLEND: ("Blend the first five", "🌀"),
    Suggestion.RETRY: ("Try again", "🔁"),
    Suggestion.STYLIZE: ("Yes, paint it", "✅"),
    Suggestion.HELP: ("How it works", "💡"),
}
"""What each button says, and its emoji."""

_OFFER: Final = rf"offer:(?P<id>[0-9a-f]{{12}}):(?P<remedy>{'|'.join(Suggestion)})"
_SWAP: Final = r"job:(?P<id>[0-9a-f]{12}):swap"
_BEGIN: Final = r"ask:(?P<preset>.{0,64})"
_FORM: Final = re.compile(r"form:(?P<id>[0-9a-f]{12}|new)(?::(?P<preset>.{1,64}))?")


class SuggestionHandler(Protocol):
    """Where presses that belong to asking go. Answers every one within three seconds."""

    async def began(self, interaction: discord.Interaction[Any], preset: str) -> None:
        """A member wants to ask for a painting, in the style of this preset where it names one."""
        ...

    async def offered(
        self, interaction: discord.Interaction[Any], offer_id: str, remedy: Suggestion
    ) -> None:
        """A member pressed a button under a refusal."""
        ...

    async def swap(self, interaction: discord.Interaction[Any], job_id: str) -> None:
        """A member says that the pictures were meant the other way round."""
        ...

    async def turned(self, interaction: discord.Interaction[Any], page: int) -> None:
        """A member turned a picker's page."""
        ...

    async def chose(self, interaction: discord.Interaction[Any], preset: str) -> None:
        """A member took the style that a picker proposes."""
        ...


class _HasAsking(Protocol):
    asking: SuggestionHandler


class SuggestionButton(discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]], template=_OFFER):
    """A button that goes on from a refusal."""

    def __init__(self, offer_id: str, remedy: Suggestion, *, label: str | None = None) -> None:
        usual, emoji = LABELS[remedy]
        super().__init__(
            discord.ui.Button(
                label=(label or usual)[:80],
                emoji=emoji,
                style=discord.ButtonStyle.secondary,
                custom_id=f"offer:{offer_id}:{remedy}",
            )
        )
        self.offer_id = offer_id
        self.remedy = remedy

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],
        item: discord.ui.Item[Any],
        match: re.Match[str],
        /,
    ) -> Self:
        """Rebuild the button that was pressed."""
        return cls(match["id"], Suggestion(match["remedy"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Take the press to the desk."""
        desk = cast("_HasAsking", interaction.client).asking
        await desk.offered(interaction, self.offer_id, self.remedy)


class SwapButton(discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]], template=_SWAP):
    """A button on a card that takes the pictures the other way round."""

    def __init__(self, job_id: str, *, several: bool = False, disabled: bool = False) -> None:
        """Make a button; of several styles, the next one becomes the content."""
        super().__init__(
            discord.ui.Button(
                label="Repaint the next one instead" if several else "Swap",
                emoji="🔀",
                style=discord.ButtonStyle.secondary,
                disabled=disabled,
                custom_id=f"job:{job_id}:swap",
            )
        )
        self.job_id = job_id

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],
        item: discord.ui.Item[Any],
        match: re.Match[str],
        /,
    ) -> Self:
        """Rebuild the button that was pressed."""
        return cls(match["id"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Take the press to the desk."""
        await cast("_HasAsking", interaction.client).asking.swap(interaction, self.job_id)


class BeginButton(discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]], template=_BEGIN):
    """A button that asks whoever presses it for a picture to paint."""

    def __init__(
        self, preset: str = "", *, label: str = "Paint a picture", emoji: str = "🖌️"
    ) -> None:
        """Make a button; with a preset's name, what is painted will be in its style."""
        super().__init__(
            discord.ui.Button(
                label=label,
                emoji=emoji,
                style=discord.ButtonStyle.secondary,
                custom_id=f"ask:{preset}",
            )
        )
        self.preset = preset

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],
        item: discord.ui.Item[Any],
        match: re.Match[str],
        /,
    ) -> Self:
        """Rebuild the button that was pressed."""
        return cls(match["preset"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Take the press to the desk."""
        await cast("_HasAsking", interaction.client).asking.began(interaction, self.preset)


class PictureForm(discord.ui.Modal):
    """A form that takes pictures where none came, or a better one for one that did not do.

    What is submitted is read from the interaction itself, so that a form opened before a restart
    still counts.
    """

    def __init__(
        self,
        form_id: str,
        *,
        title: str,
        fields: Sequence[tuple[str, str, bool]],
        preset: str = "",
    ) -> None:
        """Make a form.

        Args:
            form_id: an offer's id, or ``"new"`` for a request that begins with the form.
            title: what stands above it.
            fields: the id, the label and whether it must be filled in, of each picture.
            preset: the name of the style that was chosen before, if one was.
        """
        custom_id = f"form:{form_id}:{preset}" if preset else f"form:{form_id}"
        super().__init__(title=title, custom_id=custom_id, timeout=900)
        for field, label, required in fields:
            upload: discord.ui.FileUpload[Any] = discord.ui.FileUpload(
                custom_id=field, required=required, min_values=int(required), max_values=1
            )
            self.add_item(discord.ui.Label(text=label, component=upload))


def form_of(custom_id: str) -> tuple[str, str] | None:
    """The id of the form that was submitted and its preset; None where it is none of these."""
    found = _FORM.fullmatch(custom_id)
    return None if found is None else (found["id"], found["preset"] or "")


def begin_view() -> discord.ui.View:
    """The one button that begins a painting, below whatever says that there is none."""
    view = discord.ui.View(timeout=None)
    view.add_item(BeginButton())
    return view


def offer_view(
    offer_id: str, remedies: Sequence[Suggestion], *, correction: str | None
) -> discord.ui.View:
    """The buttons under a refusal; `correction` is what `Suggestion.CORRECT` says yes to."""
    view = discord.ui.View(timeout=None)
    for remedy in remedies:
        label = f"Yes, {correction}" if remedy is Suggestion.CORRECT and correction else None
        view.add_item(SuggestionButton(offer_id, remedy, label=label))
    return view
