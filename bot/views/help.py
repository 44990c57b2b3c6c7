"""Help on one page, and on one command."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import discord

from bot.views.picker import legend
from bot.views.text import help as text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.presets.catalog import CatalogPreset

__all__ = ["CommandDoc", "ParameterDoc", "command_embed", "help_embed", "presets_embed"]

COLOUR: Final = discord.Colour(0x8E6BD8)


@dataclass(frozen=True, kw_only=True, slots=True)
class ParameterDoc:
    """An option of a slash command, or one that a text command understands."""

    name: str
    text: str
    required: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class CommandDoc:
    """One command.

    Attributes:
        name: without a prefix, e.g. ``"style add"``.
        usage: what follows the name in text, e.g. ``"[job]"``.
        aliases: other names.
        as_slash: whether it is a slash command too.
        summary: one sentence.
        details: the sentences after it.
        parameters: of the slash command.
        words: options of the text command besides its usage.
    """

    name: str
    usage: str = ""
    aliases: tuple[str, ...] = ()
    as_slash: bool = False
    summary: str
    details: str = ""
    parameters: tuple[ParameterDoc, ...] = ()
    words: tuple[ParameterDoc, ...] = ()


def help_embed(*, prefix: str, sheet: str) -> discord.Embed:
    """Render the help page.

    Args:
        prefix: of text commands.
        sheet: name of the attached sheet of styles.
    """
    embed = discord.Embed(
        title=text.TITLE,
        description=text.HOW_TO_ASK.format(prefix=prefix),
        colour=COLOUR,
    )
    ways = "\n".join(f"- {line}" for line in text.WAYS_TO_ASK)
    embed.add_field(name=text.WAYS_TITLE, value=ways.format(prefix=prefix), inline=False)
    yours = "\n".join(f"- {line}" for line in text.YOURS)
    embed.add_field(name=text.YOURS_TITLE, value=yours.format(prefix=prefix), inline=False)
    embed.set_footer(text=text.FOOTER.format(prefix=prefix))
    return embed.set_image(url=f"attachment://{sheet}")


def command_embed(command: CommandDoc, *, prefix: str) -> discord.Embed:
    """Render one command."""
    lines = [f"**{command.summary}**", command.details]
    if command.usage:
        lines.append(f"`{prefix}{command.name} {command.usage}`")
    others = [f"`{prefix}{alias}`" for alias in command.aliases]
    if command.as_slash:
        others.insert(0, f"`/{command.name}`")
    if others:
        lines.append(text.SAME_COMMAND.format(names=", ".join(others)))
    embed = discord.Embed(
        title=f"{prefix}{command.name}",
        description="\n\n".join(line for line in lines if line),
        colour=COLOUR,
    )
    options = command.words or command.parameters
    if options:
        listed = "\n".join(f"`{option.name}` {option.text}" for option in options)
        embed.add_field(name=text.OPTIONS_TITLE, value=listed[:1024], inline=False)
    return embed


def presets_embed(
    presets: Sequence[CatalogPreset], *, own: int, prefix: str, sheet: str
) -> discord.Embed:
    """Render every preset on offer.

    Args:
        presets: the guild's own first.
        own: number of the guild's own.
        prefix: of text commands.
        sheet: name of the attached sheet of styles.
    """
    lines = [legend(presets[own:])]
    if own:
        lines = [text.OWN_PRESETS, legend(presets[:own]), "", text.BUILT_IN_PRESETS, *lines]
    embed = discord.Embed(title=text.PRESETS_TITLE, description="\n".join(lines), colour=COLOUR)
    embed.set_footer(text=text.NAME_A_STYLE.format(prefix=prefix))
    return embed.set_image(url=f"attachment://{sheet}")
