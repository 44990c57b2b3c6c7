"""Every command as people read it, from the commands themselves: for `help` and for the docs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.exts.stylize.options import OPTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["CommandSection", "Entry", "Parameter", "command_docs"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Parameter:
    """An option of a slash command, or a word that a text command understands."""

    name: str
    text: str
    required: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One command.

    Attributes:
        name: without a prefix, e.g. ``"style add"``.
        usage: what follows the name in text, e.g. ``"[job]"``.
        aliases: other names it answers to.
        in_text: whether it can be written.
        as_slash: whether Discord lists it.
        summary: one sentence.
        details: the rest of what there is to say.
        parameters: of the slash command.
        words: what the text command understands beside its usage.
    """

    name: str
    usage: str = ""
    aliases: tuple[str, ...] = ()
    in_text: bool = True
    as_slash: bool = False
    summary: str
    details: str = ""
    parameters: tuple[Parameter, ...] = ()
    words: tuple[Parameter, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class CommandSection:
    """The commands of one cog.

    Attributes:
        title: what they are about.
        is_hidden: whether they are the operator's alone.
        entries: the commands.
        menus: entries of the Apps menu of messages.
    """

    title: str
    is_hidden: bool
    entries: Sequence[Entry]
    menus: Sequence[str] = ()


def command_docs(bot: commands.Bot | commands.AutoShardedBot) -> list[CommandSection]:
    """All commands of a bot, cog by cog, in the order in which they were added."""
    slashes = {
        command.qualified_name: command
        for command in bot.tree.walk_commands(type=discord.AppCommandType.chat_input)
        if isinstance(command, app_commands.Command)
    }
    chapters = []
    for cog in bot.cogs.values():
        entries = [_entry(command, slashes) for command in _shown(cog)]
        if entries:
            chapters.append(
                CommandSection(
                    title=cog.description.rstrip("."),
                    is_hidden=all(command.hidden for command in cog.get_commands()),
                    entries=entries,
                    menus=_menus(bot, cog),
                )
            )
    return chapters


def _shown(cog: commands.Cog) -> Iterator[commands.Command[Any, ..., Any]]:
    """The cog's commands; of a group its members, since the group alone does nothing of its own."""
    for command in cog.get_commands():
        if isinstance(command, commands.Group):
            yield from sorted(command.commands, key=lambda member: member.name)
        else:
            yield command


def _entry(
    command: commands.Command[Any, ..., Any],
    slashes: dict[str, app_commands.Command[Any, ..., Any]],
) -> Entry:
    summary, _, details = (command.help or "").partition("\n")
    slash = slashes.get(command.qualified_name)
    words = OPTIONS if command.qualified_name == "stylize" else {}
    return Entry(
        name=command.qualified_name,
        usage=command.signature,
        aliases=tuple(command.aliases),
        as_slash=slash is not None,
        summary=summary.strip(),
        details=" ".join(details.split()),
        parameters=tuple(
            Parameter(name=each.display_name, text=str(each.description), required=each.required)
            for each in (slash.parameters if slash is not None else ())
        ),
        words=tuple(Parameter(name=f"{name}=", text=option.help) for name, option in words.items()),
    )


def _menus(bot: commands.Bot | commands.AutoShardedBot, cog: commands.Cog) -> list[str]:
    """The entries of the Apps menu that a cog answers; they do not know their cog by themselves."""
    return [
        menu.name
        for menu in bot.tree.get_commands(type=discord.AppCommandType.message)
        if getattr(menu.callback, "__self__", None) is cog
    ]
