"""The documentation of all commands, for `help` and for ``docs/commands.md``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.exts.stylize.options import OPTIONS
from bot.views.help import CommandDoc, ParameterDoc

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["CommandSection", "command_docs"]


@dataclass(frozen=True, kw_only=True, slots=True)
class CommandSection:
    """The commands of one cog.

    Attributes:
        title: the cog's description.
        is_hidden: whether they are only for the operator.
        commands: the commands.
        menus: names of entries in the Apps menu of messages.
    """

    title: str
    is_hidden: bool
    commands: Sequence[CommandDoc]
    menus: Sequence[str] = ()


def command_docs(bot: commands.Bot | commands.AutoShardedBot) -> list[CommandSection]:
    """Describe all commands of a bot, by cog, in the order in which they were added."""
    slashes = {
        command.qualified_name: command
        for command in bot.tree.walk_commands(type=discord.AppCommandType.chat_input)
        if isinstance(command, app_commands.Command)
    }
    sections = []
    for cog in bot.cogs.values():
        docs = [_command_doc(command, slashes) for command in _leaf_commands(cog)]
        if docs:
            sections.append(
                CommandSection(
                    title=cog.description.rstrip("."),
                    is_hidden=all(command.hidden for command in cog.get_commands()),
                    commands=docs,
                    menus=_menus(bot, cog),
                )
            )
    return sections


def _leaf_commands(cog: commands.Cog) -> Iterator[commands.Command[Any, ..., Any]]:
    """The cog's commands; a group is replaced by its subcommands."""
    for command in cog.get_commands():
        if isinstance(command, commands.Group):
            yield from sorted(command.commands, key=lambda member: member.name)
        else:
            yield command


def _command_doc(
    command: commands.Command[Any, ..., Any],
    slashes: dict[str, app_commands.Command[Any, ..., Any]],
) -> CommandDoc:
    summary, _, details = (command.help or "").partition("\n")
    slash = slashes.get(command.qualified_name)
    words = OPTIONS if command.qualified_name == "stylize" else {}
    return CommandDoc(
        name=command.qualified_name,
        usage=command.signature,
        aliases=tuple(command.aliases),
        as_slash=slash is not None,
        summary=summary.strip(),
        details=" ".join(details.split()),
        parameters=tuple(
            ParameterDoc(name=each.display_name, text=str(each.description), required=each.required)
            for each in (slash.parameters if slash is not None else ())
        ),
        words=tuple(
            ParameterDoc(name=f"{name}=", text=option.help) for name, option in words.items()
        ),
    )


def _menus(bot: commands.Bot | commands.AutoShardedBot, cog: commands.Cog) -> list[str]:
    """The Apps menu entries that a cog answers; discord.py does not record their cog."""
    return [
        menu.name
        for menu in bot.tree.get_commands(type=discord.AppCommandType.message)
        if getattr(menu.callback, "__self__", None) is cog
    ]
