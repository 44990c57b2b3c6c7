"""``docs/commands.md``: every command, as the code has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.client import StyleBot
from bot.exts.backend.command_docs import command_docs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.exts.backend.command_docs import CommandSection, Entry, Parameter
    from bot.exts.backend.dependencies import Dependencies

__all__ = ["commands_page"]

HEAD = """# Commands

This page is made by `python -m bot commands`. `!` stands for the prefix, which is a setting;
mentioning the bot works wherever it does. What has a slash can be chosen from Discord's own list of
commands as well, and is answered to the member alone. Square brackets may be left out.
"""


async def commands_page(dependencies: Dependencies) -> str:
    """The page as Markdown. Nothing is connected to for it."""
    async with StyleBot(dependencies) as bot:
        await bot.setup_hook()
        return "\n".join([HEAD, *_lines(command_docs(bot))]).rstrip()


def _lines(chapters: Sequence[CommandSection]) -> Iterator[str]:
    for chapter in chapters:
        yield f"## {chapter.title}\n"
        for menu in chapter.menus:
            yield f"Right click on a message → Apps → **{menu}** does the same.\n"
        for entry in chapter.entries:
            yield from _entry(entry)


def _entry(entry: Entry) -> Iterator[str]:
    names = f"!{entry.name} {entry.usage}".strip()
    yield f"### `{names}`\n"
    text = f"{entry.summary} {entry.details}".strip()
    also = [f"`/{entry.name}`"] if entry.as_slash else []
    also += [f"`!{alias}`" for alias in entry.aliases]
    if also:
        text += f" Also: {', '.join(also)}."
    yield f"{text}\n"
    if entry.words:
        yield from _table("in text", entry.words)
    if entry.parameters:
        yield from _table("option", entry.parameters)


def _table(title: str, parameters: Sequence[Parameter]) -> Iterator[str]:
    yield f"| {title} | |"
    yield "|---|---|"
    for each in parameters:
        needed = " (needed)" if each.required else ""
        yield f"| `{each.name}`{needed} | {each.text} |"
    yield ""
