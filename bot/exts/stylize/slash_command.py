"""Build the slash command `/stylize` from the table of options."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Final

import discord
from discord import app_commands

from bot.exts.stylize.option_types import BlendWeights, Choice, Number, WholeNumber, YesNo
from bot.exts.stylize.options import OPTIONS, SLASH_INPUTS, InputKind
from bot.presets.catalog import nearest
from bot.presets.expression import RANDOM
from bot.views.text import requests as text
from bot.views.text.quoting import plain

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

    from bot.exts.stylize.option_types import OptionType
    from bot.presets.catalog import CatalogPreset

    Callback = Callable[[discord.Interaction[Any], dict[str, Any]], Awaitable[None]]
    Autocomplete = Callable[
        [discord.Interaction[Any], str], Awaitable[list[app_commands.Choice[str]]]
    ]

__all__ = ["build_slash_command", "opens_form", "preset_choices"]

MAX_CHOICES: Final = 25
"""Choices that Discord shows for one autocompletion."""

FORM_COMMAND: Final = "stylize"
"""The command that opens a form if it is used without parameters."""

_INPUT_ANNOTATIONS: Final[dict[InputKind, Any]] = {
    InputKind.PICTURE: discord.Attachment,
    InputKind.TEXT: str,
    InputKind.MEMBER: discord.User,
}


def build_slash_command(
    callback: Callback, *, suggest_presets: Autocomplete
) -> app_commands.Command[Any, ..., None]:
    """Build the command; discord.py reads the parameters from a generated signature.

    Args:
        callback: called with the interaction and the parameters that the member gave.
        suggest_presets: completes the name of a preset.
    """

    async def stylize(interaction: discord.Interaction[Any], **values: Any) -> None:  # noqa: ANN401
        await callback(
            interaction, {name: value for name, value in values.items() if value is not None}
        )

    async def complete_preset(
        interaction: discord.Interaction[Any], typed: str
    ) -> list[app_commands.Choice[str]]:
        return await suggest_presets(interaction, typed)

    stylize.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [_parameter("interaction", discord.Interaction), *_parameters()]
    )
    labels = {slash_input.name: slash_input.label for slash_input in SLASH_INPUTS}
    labels |= {option.name: option.label for option in OPTIONS.values()}
    choices = {
        option.name: [app_commands.Choice(name=name, value=name) for name in option.type.choices]
        for option in OPTIONS.values()
        if isinstance(option.type, Choice)
    }
    app_commands.describe(**labels)(stylize)
    app_commands.choices(**choices)(stylize)
    app_commands.autocomplete(preset=complete_preset)(stylize)
    return app_commands.Command(
        name=FORM_COMMAND,
        description=text.SLASH_DESCRIPTION,
        callback=stylize,
        allowed_contexts=app_commands.AppCommandContext(
            guild=True, dm_channel=True, private_channel=False
        ),
        allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
    )


def preset_choices(typed: str, presets: Sequence[CatalogPreset]) -> list[app_commands.Choice[str]]:
    """Return the presets that contain the typed text, the most similar one, and a random one."""
    typed = typed.strip().lower()
    near = nearest(typed, presets) if typed else None
    choices = [
        app_commands.Choice(name=f"{preset.emoji} {plain(preset.title)}", value=preset.name)
        for preset in presets
        if typed in preset.title.lower() or typed in preset.name or preset.name == near
    ]
    if typed in text.SURPRISE.lower() or typed in RANDOM:
        choices.insert(0, app_commands.Choice(name=f"🎲 {text.SURPRISE}", value=RANDOM))
    return choices[:MAX_CHOICES]


def opens_form(interaction: discord.Interaction[Any]) -> bool:
    """Return whether a command is answered with a form, so that it is not acknowledged before."""
    data: Any = interaction.data or {}
    return data.get("name") == FORM_COMMAND and not data.get("options")


def _parameters() -> Iterator[inspect.Parameter]:
    for slash_input in SLASH_INPUTS:
        yield _parameter(slash_input.name, _INPUT_ANNOTATIONS[slash_input.kind] | None, None)
    for option in OPTIONS.values():
        yield _parameter(option.name, _annotation(option.type) | None, None)


def _parameter(
    name: str, annotation: object, default: object = inspect.Parameter.empty
) -> inspect.Parameter:
    return inspect.Parameter(
        name, inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=annotation, default=default
    )


def _annotation(option_type: OptionType) -> Any:  # noqa: ANN401 - a type, or discord.py's Range
    match option_type:
        case WholeNumber(lowest=lowest, highest=highest):
            return app_commands.Range[int, lowest, highest]
        case Number(lowest=lowest, highest=highest):
            return app_commands.Range[float, float(lowest), float(highest)]
        case YesNo():
            return bool
        case Choice() | BlendWeights():
            return str
