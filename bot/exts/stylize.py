"""`stylize`, in every way a member may ask for it; all of them lead to one place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import discord
from discord import app_commands
from discord.ext import commands

from bot.exts.answers import InteractionAsker, MessageAsker, defer, sentence_for
from bot.exts.pictures import pictures_meant_by, pictures_on, source_of
from bot.exts.wishes import LARGEST_SEED, LARGEST_SIZE, Wish, read_wish, with_options
from bot.presets import library
from stylenet.recipe import RECIPES

if TYPE_CHECKING:
    from bot.exts.picker import PickerTable
    from bot.exts.requests import Requests

__all__ = ["Stylize"]

MOST_CHOICES: Final = 25
_RECIPES: Final = [app_commands.Choice(name=name, value=name) for name in RECIPES]


class Stylize(commands.Cog):
    """Repaint a picture in the style of another."""

    def __init__(
        self, bot: commands.AutoShardedBot, requests: Requests, pickers: PickerTable
    ) -> None:
        self._bot = bot
        self._requests = requests
        self._pickers = pickers
        # A context menu cannot be declared inside a cog.
        self._menu = app_commands.ContextMenu(
            name="Stylize",
            callback=self.from_menu,
            allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True),
            allowed_installs=app_commands.AppInstallationType(guild=True),
        )

    async def cog_load(self) -> None:
        """Put the entry into the Apps menu of messages."""
        self._bot.tree.add_command(self._menu)

    async def cog_unload(self) -> None:
        """Take the entry out of the menu and leave pickers to their menus."""
        self._bot.tree.remove_command(self._menu.name, type=self._menu.type)
        await self._pickers.close()

    @commands.command(
        name="stylize",
        aliases=["stylise", "style", "paint"],
        usage="[style] [size=512] [strength=1] [keep colours] [swap]",
    )
    async def from_text(self, ctx: commands.Context[Any], *, words: str = "") -> None:
        """Repaint the first picture in the style of the second.

        Attach both, or reply to a message that holds them. With one picture, name a style or
        choose one of those I show.
        """
        await self._from_message(ctx.message, words)

    @app_commands.command(name="stylize", description="Repaint a picture in the style of another")
    @app_commands.describe(
        content="The picture to repaint",
        style="The picture whose style you like",
        preset="A style of mine, instead of a picture or on top of it",
        size="Longest side of the painting, in pixels",
        strength="How strongly the style shows; 1 is usual",
        strokes="How large the style's strokes are; 1 is usual",
        keep_colors="Keep the picture's own colours",
        passes="How long to paint; 40 is usual",
        seed="Another number, another painting",
        recipe="The way of painting",
    )
    @app_commands.choices(recipe=_RECIPES)
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
    async def from_slash(  # noqa: PLR0917 - Discord fills them by name
        self,
        interaction: discord.Interaction[Any],
        content: discord.Attachment,
        style: discord.Attachment | None = None,
        preset: str | None = None,
        size: app_commands.Range[int, 64, LARGEST_SIZE] | None = None,
        strength: app_commands.Range[float, 0.1, 10.0] | None = None,
        strokes: app_commands.Range[float, 0.25, 4.0] | None = None,
        keep_colors: bool | None = None,
        passes: app_commands.Range[int, 1, 300] | None = None,
        seed: app_commands.Range[int, 0, LARGEST_SEED] | None = None,
        recipe: app_commands.Choice[str] | None = None,
    ) -> None:
        """Repaint `content` in the style of `style`, of a preset, or of one yet to be chosen."""
        if not await defer(interaction):
            return
        pictures = [source_of(each) for each in (content, style) if each is not None]
        wish = with_options(
            Wish(words=preset or ""),
            size=size,
            strength=strength,
            strokes=strokes,
            keep_colors=keep_colors,
            passes=passes,
            seed=seed,
            recipe=recipe.value if recipe is not None else None,
        )
        await self._requests.handle(InteractionAsker(interaction), pictures, wish)

    @from_slash.autocomplete("preset")
    async def _suggest_presets(
        self, interaction: discord.Interaction[Any], typed: str
    ) -> list[app_commands.Choice[str]]:
        typed = typed.strip().lower()
        near = library.nearest(typed) if typed else None
        return [
            app_commands.Choice(name=f"{preset.emoji} {preset.title}", value=preset.name)
            for preset in library.PRESETS
            if typed in preset.title.lower() or typed in preset.name or preset.name == near
        ][:MOST_CHOICES]

    async def from_menu(
        self, interaction: discord.Interaction[Any], message: discord.Message
    ) -> None:
        """Repaint what is on a message: its two pictures, or its one with a style to be chosen."""
        if not await defer(interaction):
            return
        asker = InteractionAsker(interaction, reply_to=message.id)
        await self._requests.handle(asker, pictures_on(message), Wish())

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        """Serve members who mention the bot with pictures, or write to it directly, no command."""
        words = await self._addressed(message)
        if words is None:
            return
        try:
            await self._from_message(message, words)
        except Exception as error:
            text = sentence_for(error, doing=f"serving message {message.id}")
            await MessageAsker(message).say(text)

    @commands.Cog.listener()
    async def on_raw_reaction_add(self, reaction: discord.RawReactionActionEvent) -> None:
        """A reaction may be the choice of a preset."""
        me = self._bot.user
        if me is None or reaction.user_id == me.id:
            return
        if reaction.message_author_id is not None and reaction.message_author_id != me.id:
            return
        await self._pickers.reacted(self._bot, reaction)

    async def _addressed(self, message: discord.Message) -> str | None:
        """What a message says to the bot without being a command; None if it is not for it."""
        me = self._bot.user
        if me is None or message.author.bot:
            return None
        text = message.content.strip()
        mentions = (f"<@{me.id}>", f"<@!{me.id}>")
        mentioned = text.startswith(mentions)
        if mentioned:
            text = text.removeprefix(mentions[0]).removeprefix(mentions[1]).strip()
        elif message.guild is not None or not (message.attachments or message.message_snapshots):
            return None
        context = await self._bot.get_context(message)
        return None if context.valid else text

    async def _from_message(self, message: discord.Message, words: str) -> None:
        wish = read_wish(words)
        pictures = await pictures_meant_by(message)
        await self._requests.handle(MessageAsker(message), pictures, wish)
