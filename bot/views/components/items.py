"""Buttons, menus and forms that work for as long as their message exists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import discord

from bot.views.components import routes
from bot.views.components.routes import JobAction, Suggestion, UploadForm
from bot.views.text import jobs, requests

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "CONTENT_FIELD",
    "STYLE_FIELD",
    "Button",
    "PictureForm",
    "RoutedView",
    "button",
    "job_button",
    "job_id_of",
    "start_button",
    "start_view",
    "suggestion_view",
]

Button = discord.ui.Button[discord.ui.View]

CONTENT_FIELD: Final = "content"
STYLE_FIELD: Final = "style"
LONGEST_LABEL: Final = 80

JOB_EMOJIS: Final[Mapping[JobAction, str]] = {
    JobAction.CANCEL: "🛑",
    JobAction.NOTIFY: "🔔",
    JobAction.AGAIN: "🎲",
    JobAction.RESTYLE: "🖼️",
    JobAction.STYLE: "🎨",
    JobAction.CONTENT: "📷",
    JobAction.KEEP: "🌈",
    JobAction.RECOLOUR: "🌈",
    JobAction.LARGER: "🔎",
    JobAction.TWICE: "⚡",
    JobAction.SMALLER: "🤏",
    JobAction.TIMELAPSE: "🎞️",
    JobAction.POST_TIMELAPSE: "📣",
    JobAction.FAVOURITE: "❤️",
    JobAction.DETAILS: "🧾",
    JobAction.DELETE: "🗑️",
}
SUGGESTION_EMOJIS: Final[Mapping[Suggestion, str]] = {
    Suggestion.CORRECT: "✅",
    Suggestion.WITHOUT: "✂️",
    Suggestion.UPLOAD: "📎",
    Suggestion.FIRST_FRAME: "🎞️",
    Suggestion.AVATAR: "🙂",
    Suggestion.PRESET: "🎨",
    Suggestion.LEAVE_OUT: "✂️",
    Suggestion.TWO: "✌️",
    Suggestion.BLEND: "🌀",
    Suggestion.RETRY: "🔁",
    Suggestion.STYLIZE: "✅",
    Suggestion.HELP: "💡",
}


def button(
    custom_id: str,
    label: str,
    *,
    emoji: discord.PartialEmoji | str | None = None,
    style: discord.ButtonStyle = discord.ButtonStyle.secondary,
    disabled: bool = False,
    row: int | None = None,
) -> Button:
    """Make a button; a label that is too long for Discord is cut off."""
    return discord.ui.Button(
        custom_id=custom_id,
        label=label[:LONGEST_LABEL],
        emoji=emoji,
        style=style,
        disabled=disabled,
        row=row,
    )


def job_button(
    job_id: str,
    action: JobAction,
    *,
    label: str | None = None,
    disabled: bool = False,
    row: int | None = None,
) -> Button:
    """Make a button that does one thing with one job; `label` replaces the usual one."""
    custom_id = routes.JOB.custom_id(job_id=job_id, action=action)
    return button(
        custom_id,
        label or jobs.LABELS[action],
        emoji=JOB_EMOJIS[action],
        disabled=disabled,
        row=row,
    )


def start_button(preset: str = "", *, label: str = requests.START, emoji: str = "🖌️") -> Button:
    """Make a button that asks whoever presses it for a picture to paint.

    Args:
        preset: name of the preset that is painted with; empty if the form asks for a style.
        label: what it says.
        emoji: in front of the label.
    """
    return button(routes.START.custom_id(preset=preset), label, emoji=emoji)


class RoutedView(discord.ui.View):
    """A view whose components the router answers, also after a restart.

    discord.py keeps every view that it sends until the view has finished, in order to call back
    its items. The router needs no such memory, so these count as finished from the beginning.
    """

    def __init__(self, *items: discord.ui.Item[Any]) -> None:
        super().__init__(timeout=None)
        for item in items:
            self.add_item(item)

    def is_finished(self) -> bool:
        """True: discord.py shall not keep it."""
        return True


class PictureForm(discord.ui.Modal):
    """A form that takes pictures; like a `RoutedView`, the router answers it."""

    def __init__(
        self,
        custom_id: str,
        *,
        title: str,
        fields: Sequence[tuple[str, str, bool]],
        most: int = 1,
    ) -> None:
        """Make a form.

        Args:
            custom_id: of one of the forms' routes.
            title: above the form.
            fields: id, label and whether it is required, of each field.
            most: number of pictures that the first field takes.
        """
        super().__init__(title=title, custom_id=custom_id)
        for number, (field, label, required) in enumerate(fields):
            upload: discord.ui.FileUpload[Any] = discord.ui.FileUpload(
                custom_id=field,
                required=required,
                min_values=int(required),
                max_values=most if number == 0 else 1,
            )
            self.add_item(discord.ui.Label(text=label, component=upload))

    def is_finished(self) -> bool:
        """True: discord.py shall not keep it."""
        return True


def start_view() -> RoutedView:
    """The one button that starts a painting, below an answer that there is none."""
    return RoutedView(start_button())


def suggestion_view(
    suggestion_id: str,
    suggestions: Sequence[Suggestion],
    *,
    correction: str | None,
    form: UploadForm,
    owner_id: int,
) -> RoutedView:
    """Make the buttons below a refusal.

    Args:
        suggestion_id: of the saved request.
        suggestions: in this order.
        correction: what `Suggestion.CORRECT` agrees to.
        form: what `Suggestion.UPLOAD` asks for.
        owner_id: the member whose request was refused.
    """
    buttons = []
    for suggestion in suggestions:
        label = requests.LABELS[suggestion]
        if suggestion is Suggestion.CORRECT and correction:
            label = requests.YES.format(what=correction)
        if suggestion is Suggestion.UPLOAD:
            custom_id = routes.SUGGESTION_UPLOAD.custom_id(
                suggestion_id=suggestion_id, form=form, owner_id=owner_id
            )
        else:
            custom_id = routes.SUGGESTION.custom_id(
                suggestion_id=suggestion_id, suggestion=suggestion
            )
        buttons.append(button(custom_id, label, emoji=SUGGESTION_EMOJIS[suggestion]))
    return RoutedView(*buttons)


def job_id_of(message: discord.Message) -> str | None:
    """Find the job whose buttons are on a message; None if there are none."""
    for row in message.components:
        for component in getattr(row, "children", ()):
            fields = routes.JOB.parse(getattr(component, "custom_id", None) or "")
            if fields is not None:
                return str(fields["job_id"])
    return None
