"""Help on one page, and on one command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

import discord

from bot.views.picker import legend
from bot.views.text import sentences

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.views.picker import Style

__all__ = ["command_embed", "help_embed", "presets_embed"]

COLOUR: Final = discord.Colour(0x8E6BD8)

YOURS: Final = (
    "`{prefix}gallery` shows your paintings",
    "`{prefix}queue` shows what is under way, `{prefix}cancel` stops it",
    "`{prefix}again` paints your last one once more, differently",
    "`{prefix}privacy` shows what I hold about you, to export or to forget",
)
FOOTER: Final = "{prefix}help stylize has all the options, {prefix}presets all the styles"


class Parameter(Protocol):
    """An option of a command."""

    @property
    def name(self) -> str:
        """As it is written."""
        ...

    @property
    def text(self) -> str:
        """What it does."""
        ...


class Entry(Protocol):
    """What there is to say about a command."""

    @property
    def name(self) -> str:
        """Without a prefix."""
        ...

    @property
    def usage(self) -> str:
        """What follows the name."""
        ...

    @property
    def aliases(self) -> Sequence[str]:
        """Other names."""
        ...

    @property
    def as_slash(self) -> bool:
        """Whether Discord lists it."""
        ...

    @property
    def summary(self) -> str:
        """One sentence."""
        ...

    @property
    def details(self) -> str:
        """The rest."""
        ...

    @property
    def parameters(self) -> Sequence[Parameter]:
        """Of the slash command."""
        ...

    @property
    def words(self) -> Sequence[Parameter]:
        """What the text command understands besides."""
        ...


def help_embed(*, prefix: str, sheet: str) -> discord.Embed:
    """The one page.

    Args:
        prefix: of text commands.
        sheet: name of the attached sheet of styles.
    """
    embed = discord.Embed(
        title="Paint a picture in the style of another",
        description=sentences.HOW_TO_ASK.format(prefix=prefix),
        colour=COLOUR,
    )
    ways = "\n".join(f"- {line}" for line in sentences.WAYS_TO_ASK)
    embed.add_field(name="Other ways to ask", value=ways.format(prefix=prefix), inline=False)
    yours = "\n".join(f"- {line}" for line in YOURS)
    embed.add_field(name="Yours", value=yours.format(prefix=prefix), inline=False)
    embed.set_footer(text=FOOTER.format(prefix=prefix))
    return embed.set_image(url=f"attachment://{sheet}")


def command_embed(entry: Entry, *, prefix: str) -> discord.Embed:
    """All there is to know about one command."""
    lines = [f"**{entry.summary}**", entry.details]
    if entry.usage:
        lines.append(f"`{prefix}{entry.name} {entry.usage}`")
    others = [f"`{prefix}{alias}`" for alias in entry.aliases]
    if entry.as_slash:
        others.insert(0, f"`/{entry.name}`")
    if others:
        lines.append(f"-# The same: {', '.join(others)}")
    embed = discord.Embed(
        title=f"{prefix}{entry.name}",
        description="\n\n".join(line for line in lines if line),
        colour=COLOUR,
    )
    options = entry.words or entry.parameters
    if options:
        listed = "\n".join(f"`{option.name}` {option.text}" for option in options)
        embed.add_field(name="Options", value=listed[:1024], inline=False)
    return embed


def presets_embed(presets: Sequence[Style], *, own: int, prefix: str, sheet: str) -> discord.Embed:
    """Every style on offer.

    Args:
        presets: the styles, the server's own first.
        own: how many of them are the server's own.
        prefix: of text commands.
        sheet: name of the attached sheet of styles.
    """
    lines = [legend(presets[own:])]
    if own:
        lines = ["**This server's own**", legend(presets[:own]), "", "**Built in**", *lines]
    embed = discord.Embed(title="GuildPresetCommands", description="\n".join(lines), colour=COLOUR)
    embed.set_footer(text=sentences.NAME_A_STYLE.format(prefix=prefix))
    return embed.set_image(url=f"attachment://{sheet}")
