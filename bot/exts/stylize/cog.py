"""`stylize`, in every way a member may ask for it; all of them lead to one place."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import discord
from discord import app_commands
from discord.ext import commands

from bot.errors import RequestProblem, RequestRefused
from bot.exts.backend.responders import InteractionResponder, MessageResponder, defer, sentence_for
from bot.exts.stylize.attachments import (
    FETCH_SECONDS,
    Found,
    avatar_of,
    emoji_as_picture,
    linked_picture,
    pictures_meant_by,
    pictures_on,
    source_of,
)
from bot.exts.stylize.parser import (
    LARGEST_SEED,
    LARGEST_SIZE,
    Kind,
    ParsedText,
    parse_text,
    with_options,
)
from bot.exts.stylize.picker_catch_up import catch_up
from bot.exts.stylize.request import NamedPicture, StylizeRequest
from bot.exts.stylize.suggestion_actions import open_new_form
from bot.intake.download import allowed_origins, is_allowed
from bot.jobs.models import Order
from bot.presets.catalog import nearest
from stylenet.recipe import RECIPES

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from bot.errors import Refusal
    from bot.exts.backend.dependencies import Dependencies
    from bot.exts.stylize.handler import StylizeHandler
    from bot.exts.stylize.picker import PickerTable

__all__ = ["Stylize"]

MOST_CHOICES: Final = 25
_RECIPES: Final = [app_commands.Choice(name=name, value=name) for name in RECIPES]


class Stylize(commands.Cog):
    """Repaint a picture in the style of another."""

    def __init__(
        self,
        bot: commands.AutoShardedBot,
        dependencies: Dependencies,
        requests: StylizeHandler,
        pickers: PickerTable,
        *,
        is_ours: Callable[[str], Awaitable[bool]],
    ) -> None:
        """Make the cog.

        Args:
            bot: the client.
            dependencies: the rooms behind the counter.
            requests: where every way of asking leads.
            pickers: where reactions go.
            is_ours: whether this process answers a message that others may have heard too.
        """
        self._bot = bot
        self._dependencies = dependencies
        self._settings = dependencies.settings
        self._catalog = dependencies.catalog
        self._origins = allowed_origins(dependencies.settings)
        self._requests = requests
        self._pickers = pickers
        self._is_ours = is_ours
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
        aliases=["stylise", "paint"],
        usage="[style] [me] [@member] [size=512] [strength=1] [weights=2:1] [keep colours] [mask] "
        "[swap]",
    )
    async def from_text(self, ctx: commands.Context[Any], *, words: str = "") -> None:
        """Repaint the first picture in the style of the second, or of several.

        Attach them, or reply to a message that holds them. With one picture, name a style or
        choose one of those I show. `me` stands for your avatar, and so does a member or a
        custom emoji for its picture.
        """
        await self._from_message(ctx.message, words)

    @app_commands.command(name="stylize", description="Repaint a picture in the style of another")
    @app_commands.describe(
        content="The picture to repaint",
        style="The picture whose style you like",
        preset="A style of mine, instead of a picture or on top of it",
        avatar="A member's avatar, for the picture that is missing",
        emoji="A custom emoji, for the picture that is missing",
        style2="Another picture to blend in",
        style3="One more picture to blend in",
        weights="How much of each style, where there are several: 2:1",
        mask="Where to paint: white yes, black no",
        size="Longest side of the painting, in pixels",
        strength="How strongly the style shows; 1 is usual",
        strokes="How large the style's strokes are; 1 is usual",
        keep_colors="Keep the picture's own colours",
        passes="How long to paint; more is finer and slower",
        seed="Another number, another painting",
        recipe="The way of painting",
    )
    @app_commands.choices(recipe=_RECIPES)
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
    async def from_slash(  # noqa: PLR0917 - Discord fills them by name
        self,
        interaction: discord.Interaction[Any],
        content: discord.Attachment | None = None,
        style: discord.Attachment | None = None,
        preset: str | None = None,
        avatar: discord.User | None = None,
        emoji: str | None = None,
        style2: discord.Attachment | None = None,
        style3: discord.Attachment | None = None,
        weights: str | None = None,
        mask: discord.Attachment | None = None,
        size: app_commands.Range[int, 64, LARGEST_SIZE] | None = None,
        strength: app_commands.Range[float, 0.1, 10.0] | None = None,
        strokes: app_commands.Range[float, 0.25, 4.0] | None = None,
        keep_colors: bool | None = None,
        passes: app_commands.Range[int, 1, 300] | None = None,
        seed: app_commands.Range[int, 0, LARGEST_SEED] | None = None,
        recipe: app_commands.Choice[str] | None = None,
    ) -> None:
        """Repaint `content` in the style of `style`, of a preset, or of one yet to be chosen."""
        if not interaction.namespace.__dict__:
            await open_new_form(interaction)
            return
        if not await defer(interaction):
            return
        # Read like words, so that a weight or an emoji is understood in the same way.
        parsed = parse_text(f"weights={weights.replace(' ', '')}" if weights else "")
        named = tuple(parse_text(emoji).named) if emoji else ()
        parsed = with_options(
            replace(parsed, words=preset or "", names_preset=bool(preset)),
            size=size,
            strength=strength,
            strokes=strokes,
            keep_colors=keep_colors,
            passes=passes,
            seed=seed,
            recipe=recipe.value if recipe is not None else None,
        )
        styles = [source_of(each) for each in (style, style2, style3) if each is not None]
        others = [emoji_as_picture(discord.PartialEmoji.from_str(each.value)) for each in named]
        if avatar is not None:
            others.insert(0, avatar_of(avatar))
        if content is not None:
            contents = [source_of(content)]
        else:
            contents, others = others[:1], others[1:]
        responder = InteractionResponder(interaction)
        ask = StylizeRequest(
            origin=responder.origin,
            pictures=(*contents, *styles, *others),
            lacks_content=not contents,
            mask=source_of(mask) if mask is not None else None,
            parsed=parsed,
            avatar=avatar_of(interaction.user),
        )
        await self._requests.serve(responder, ask)

    @from_slash.autocomplete("preset")
    async def _suggest_presets(
        self, interaction: discord.Interaction[Any], typed: str
    ) -> list[app_commands.Choice[str]]:
        typed = typed.strip().lower()
        presets = await self._catalog.presets(interaction.guild_id)
        near = nearest(typed, presets) if typed else None
        return [
            app_commands.Choice(name=f"{preset.emoji} {preset.title}", value=preset.name)
            for preset in presets
            if typed in preset.title.lower() or typed in preset.name or preset.name == near
        ][:MOST_CHOICES]

    async def from_menu(
        self, interaction: discord.Interaction[Any], message: discord.Message
    ) -> None:
        """Repaint what is on a message: its two pictures, or its one with a style to be chosen."""
        if not await defer(interaction):
            return
        responder = InteractionResponder(interaction, reply_to=message.id)
        pictures = pictures_on(message, origins=self._origins)
        ask = StylizeRequest(
            origin=responder.origin,
            pictures=pictures,
            order=Order.GUESSED if len(pictures) > 1 else Order.NAMED,
            avatar=avatar_of(interaction.user),
        )
        await self._requests.serve(responder, ask)

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        """Serve members who mention the bot with pictures, or write to it directly, no command."""
        words = await self._addressed(message)
        if words is not None and await self._is_ours(f"message:{message.id}"):
            await self._guarded(message, words)

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """After a start, or a connection that could not be resumed, reactions were missed."""
        await catch_up(self._bot, self._dependencies, self._pickers)

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

    async def misspelt(self, message: discord.Message, words: str) -> None:
        """Ask whether a word that is no command was meant to be this one, with a button for yes.

        Args:
            message: what was written.
            words: what follows the misspelt command.
        """
        name = f"{self._settings.prefix}{self.from_text.name}"
        doubt = RequestRefused(RequestProblem.UNKNOWN_COMMAND, suggestion=name)
        await self._guarded(message, words, doubt=doubt)

    async def _guarded(
        self, message: discord.Message, words: str, *, doubt: Refusal | None = None
    ) -> None:
        """Serve a message that is no command, and answer for whatever goes wrong."""
        try:
            await self._from_message(message, words, doubt=doubt)
        except Exception as error:
            text = sentence_for(error, doing=f"serving message {message.id}")
            await MessageResponder(message).say(text)

    async def _from_message(
        self, message: discord.Message, words: str, *, doubt: Refusal | None = None
    ) -> None:
        me = self._bot.user
        parsed = parse_text(words, me=me.id if me is not None else None)
        named = list(self._named(message, parsed))
        has_link = any(each.named.kind is Kind.LINK for each in named)
        found = await pictures_meant_by(message, origins=self._origins, previews=not has_link)
        if parsed.has_link and not found.pictures and not named:
            found = await self._preview_of(message)
        await self._requests.handle(
            MessageResponder(message),
            found,
            named,
            parsed,
            avatar=avatar_of(message.author),
            doubt=doubt,
        )

    def _named(self, message: discord.Message, parsed: ParsedText) -> Iterator[NamedPicture]:
        """The pictures that words stand for; links only where they may be opened."""
        members = {user.id: user for user in message.mentions}
        for named in parsed.named:
            source = None
            match named.kind:
                case Kind.REQUESTER:
                    source = avatar_of(message.author)
                case Kind.MEMBER if int(named.value) in members:
                    source = avatar_of(members[int(named.value)])
                case Kind.EMOJI:
                    source = emoji_as_picture(discord.PartialEmoji.from_str(named.value))
                case Kind.LINK if is_allowed(named.value, self._origins):
                    source = linked_picture(named.value, spoiler=named.spoiler)
            if source is not None:
                yield NamedPicture(named=named, source=source)

    async def _preview_of(self, message: discord.Message) -> Found:
        """The picture in the preview of a link, which Discord adds a moment after the message."""
        await asyncio.sleep(self._settings.preview_wait_seconds)
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                message = await message.channel.fetch_message(message.id)
        except (discord.HTTPException, TimeoutError):
            return Found()
        return Found(pictures=pictures_on(message, origins=self._origins, links=False))
