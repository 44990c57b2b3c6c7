"""Render all commands as Markdown; ``docs/commands.md`` is this page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.client import StyleBot
from bot.exts.backend.command_docs import command_docs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.exts.backend.command_docs import CommandSection
    from bot.exts.backend.dependencies import Dependencies
    from bot.views.help import CommandDoc, ParameterDoc

__all__ = ["commands_page"]

HEAD = """# Commands

This page is made by `python -m bot commands`. `!` stands for the prefix, which is a setting;
mentioning the bot works wherever it does. What has a slash can be chosen from Discord's own list of
commands as well, and is answered to the member alone. Square brackets may be left out.
"""


async def commands_page(dependencies: Dependencies) -> str:
    """Return the page as Markdown, without connecting to anything."""
    async with StyleBot(dependencies) as bot:
        await bot.setup_hook()
        return "\n".join([HEAD, *_lines(command_docs(bot))]).rstrip()


def _lines(sections: Sequence[CommandSection]) -> Iterator[str]:
    for section in sections:
        yield f"## {section.title}\n"
        for menu in section.menus:
            yield f"Right click on a message → Apps → **{menu}** does the same.\n"
        for command in section.commands:
            yield from _command(command)


def _command(command: CommandDoc) -> Iterator[str]:
    names = f"!{command.name} {command.usage}".strip()
    yield f"### `{names}`\n"
    text = f"{command.summary} {command.details}".strip()
    also = [f"`/{command.name}`"] if command.as_slash else []
    also += [f"`!{alias}`" for alias in command.aliases]
    if also:
        text += f" Also: {', '.join(also)}."
    yield f"{text}\n"
    if command.words:
        yield from _table("in text", command.words)
    if command.parameters:
        yield from _table("option", command.parameters)


def _table(title: str, parameters: Sequence[ParameterDoc]) -> Iterator[str]:
    yield f"| {title} | |"
    yield "|---|---|"
    for each in parameters:
        needed = " (needed)" if each.required else ""
        yield f"| `{each.name}`{needed} | {each.text} |"
    yield ""
