"""The commands and events that start a request to stylize.

Text command, slash command, Apps menu of a message, mention, direct message and reaction all
build a `StylizeRequest` and pass it to `StylizeHandler`.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import discord
from discord import app_commands
from discord.ext import commands

from bot.discord_errors import discord_request
from bot.errors import DiscordError, RequestProblem, RequestRefused, StyleBotError
from bot.exts.backend.prefixes import is_plain_prefix
from bot.exts.backend.responders import InteractionResponder, MessageResponder, sentence_for
from bot.exts.stylize.attachments import (
    FETCH_TIMEOUT_SECONDS,
    MessagePictures,
    attached,
    is_other_file,
    pictures_of_request,
    pictures_on,
    source_of_avatar,
    source_of_emoji,
    source_of_link,
)
from bot.exts.stylize.options import OPTIONS, usage
from bot.exts.stylize.parser import ParsedText, ReferenceKind, parse_options, parse_text
from bot.exts.stylize.picker_reactions import PickerReactions
from bot.exts.stylize.recent_pictures import find_recent_pictures
from bot.exts.stylize.request import ResolvedReference, StylizeRequest
from bot.exts.stylize.slash_command import build_slash_command, preset_choices
from bot.exts.stylize.suggestion_actions import open_start_form
from bot.exts.stylize.suggestions import apply_suggestion, find_awaiting
from bot.intake.download import allowed_origins, is_allowed
from bot.jobs.job_inputs import RoleAssignment
from bot.ops.error_report import Where, count_error
from bot.presets.expression import read_presets
from bot.views.components.items import CONTENT_FIELD
from bot.views.components.routes import Suggestion
from bot.views.text import requests as text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from discord.abc import MessageableChannel

    from bot.errors import Refusal
    from bot.exts.backend.admission import Admission
    from bot.exts.backend.dependencies import Dependencies
    from bot.exts.backend.in_flight import InFlightRequests
    from bot.exts.stylize.handler import StylizeHandler
    from bot.exts.stylize.picker import PickerHandler

__all__ = ["Stylize"]

_OWN_NAMES: Final = frozenset({"stylize", "stylise"})

logger = logging.getLogger(__name__)


class Stylize(commands.Cog, description=text.SECTION):
    """The ways to ask for a painting."""

    def __init__(
        self,
        bot: commands.AutoShardedBot,
        dependencies: Dependencies,
        requests: StylizeHandler,
        pickers: PickerHandler,
        *,
        admission: Admission,
        in_flight: InFlightRequests,
    ) -> None:
        """Create the cog.

        Args:
            bot: the client.
            dependencies: shared by the cogs.
            requests: handles every request.
            pickers: handles choices by reaction.
            admission: decides what this process serves.
            in_flight: tracks the requests that are being served.
        """
        self._bot = bot
        self._dependencies = dependencies
        self._settings = dependencies.settings
        self._reply_pacer = dependencies.reply_pacer
        self._recent_seconds = dependencies.settings.recent_picture_seconds
        self._catalog = dependencies.catalog
        self._origins = allowed_origins(dependencies.settings)
        self._requests = requests
        self._pickers = pickers
        self._reactions = PickerReactions(bot, dependencies, pickers, admission)
        self._admission = admission
        self._in_flight = in_flight
        # Not declared on the class: context menus cannot be, and the slash command is generated.
        self._menu = app_commands.ContextMenu(
            name=text.MENU_ENTRY,
            callback=self.on_message_menu,
            allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True),
            allowed_installs=app_commands.AppInstallationType(guild=True),
        )
        self._slash_command = build_slash_command(
            self.on_slash_command, suggest_presets=self.on_preset_autocomplete
        )

    async def cog_load(self) -> None:
        """Add the slash command and the menu entry."""
        self._bot.tree.add_command(self._slash_command)
        self._bot.tree.add_command(self._menu)

    async def cog_unload(self) -> None:
        """Remove the slash command and the menu entry, and stop adding reactions."""
        self._bot.tree.remove_command(self._slash_command.name)
        self._bot.tree.remove_command(self._menu.name, type=self._menu.type)
        await self._pickers.close()

    @commands.command(name="stylize", aliases=["stylise"], usage=usage(), help=text.STYLIZE_HELP)
    async def on_text_command(self, ctx: commands.Context[Any], *, words: str = "") -> None:
        """Handle the text command.

        Raises:
            TooManyArguments: it was called by a name that other bots may have, such as `paint`,
                with nothing but words that mean nothing to this one.
        """
        is_own_name = (ctx.invoked_with or "").lower() in _OWN_NAMES
        if not is_own_name and is_plain_prefix(ctx) and await self._is_unknown(ctx.message, words):
            raise commands.TooManyArguments
        await self._handle_message(ctx.message, words)

    async def on_slash_command(
        self, interaction: discord.Interaction[Any], values: dict[str, Any]
    ) -> None:
        """Handle the slash command; without parameters, open a form.

        Args:
            interaction: acknowledged if there are parameters.
            values: the parameters that the member gave, by name.
        """
        if not values:
            await open_start_form(interaction)
            return
        parsed = parse_options(
            {name: values[name] for name in OPTIONS if name in values},
            preset=values.get("preset", ""),
        )
        styles = attached(values, "style", "style2", "style3")
        # An avatar or emoji is the content if there is no other, else a style.
        others = [source_of_avatar(values["avatar"])] if "avatar" in values else []
        others += [
            source_of_emoji(discord.PartialEmoji.from_str(reference.value))
            for reference in parse_text(values.get("emoji", "")).references
        ]
        contents = attached(values, "content", "content2", "content3", "content4")
        if not contents:
            contents, others = others[:1], others[1:]
        responder = InteractionResponder(interaction)
        order = RoleAssignment.NAMED
        if not contents:
            recent = await self._find_recent(responder.channel, interaction.user.id)
            contents = list(recent.pictures[:1])
            if not styles:
                styles, order = list(recent.pictures[1:]), recent.order
        request = StylizeRequest(
            origin=responder.origin,
            pictures=(*contents[:1], *styles, *others),
            more_contents=tuple(contents[1:]),
            lacks_content=not contents,
            order=order,
            mask=next(iter(attached(values, "mask")), None),
            parsed=parsed,
            avatar=source_of_avatar(interaction.user),
        )
        await self._requests.serve(responder, request)

    async def on_preset_autocomplete(
        self, interaction: discord.Interaction[Any], typed: str
    ) -> list[app_commands.Choice[str]]:
        """Return the presets that contain the typed text, and the most similar one."""
        return preset_choices(typed, await self._catalog.presets(interaction.guild_id))

    async def on_message_menu(
        self, interaction: discord.Interaction[Any], message: discord.Message
    ) -> None:
        """Stylize the pictures on a message; with one picture, offer styles to choose from."""
        responder = InteractionResponder(interaction, reply_to=message.id)
        pictures = pictures_on(message, origins=self._origins)
        request = StylizeRequest(
            origin=responder.origin,
            pictures=pictures,
            order=RoleAssignment.GUESSED if len(pictures) > 1 else RoleAssignment.NAMED,
            avatar=source_of_avatar(interaction.user),
        )
        await self._requests.serve(responder, request)

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        """Handle a message that mentions the bot, or a direct message with pictures.

        So is the picture that an earlier request of the member waits for.
        """
        if await self._continue_request(message):
            return
        words = await self._words_to_bot(message)
        if words is None:
            return
        with self._in_flight.track(MessageResponder(message, self._reply_pacer).reply):
            if await self._admission.admit_message(message, f"message:{message.id}"):
                await self._handle_guarded(message, words)

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """Handle reactions added while the bot was not connected."""
        await self._reactions.catch_up()

    @commands.Cog.listener()
    async def on_raw_reaction_add(self, reaction: discord.RawReactionActionEvent) -> None:
        """Pass a member's reaction to one of the bot's messages to the pickers."""
        me = self._bot.user
        if me is None or reaction.user_id == me.id:
            return
        if reaction.message_author_id is not None and reaction.message_author_id != me.id:
            return
        with self._in_flight.track():
            await self._reactions.on_reaction(reaction)

    async def on_misspelt_command(self, message: discord.Message, words: str) -> None:
        """Ask whether an unknown command was meant to be `stylize`, with a button that says yes.

        Args:
            message: the message with the unknown command.
            words: the text after the command.
        """
        prefix = await self._dependencies.prefixes.of_guild(
            message.guild.id if message.guild is not None else None
        )
        name = f"{prefix}{self.on_text_command.name}"
        doubt = RequestRefused(RequestProblem.UNKNOWN_COMMAND, suggestion=name)
        await self._handle_guarded(message, words, doubt=doubt)

    async def _continue_request(self, message: discord.Message) -> bool:
        """Serve the request that waits for a picture, if this message has it.

        Returns:
            Whether the message was the awaited picture.
        """
        if message.author.bot or not message.attachments or not self._recent_seconds:
            return False
        if (await self._bot.get_context(message)).valid:
            return False
        pictures = pictures_on(message, origins=self._origins)
        pictures = tuple(each for each in pictures if not is_other_file(each))
        responder = MessageResponder(message, self._reply_pacer)
        try:
            awaiting = await find_awaiting(
                self._dependencies, message.author.id, message.channel.id
            )
        except StyleBotError as error:
            count_error(Where.BACKEND, error)
            logger.warning("cannot look for a request that waits for a picture: %s", error)
            return False
        if (
            awaiting is None
            or not pictures
            or not await self._admission.admit_message(message, f"message:{message.id}")
        ):
            return awaiting is not None and bool(pictures)
        saved, refused = awaiting
        responder.request_key = f"offer:{saved.request_id}"
        request = apply_suggestion(
            Suggestion.UPLOAD, refused.request, refused.suggested, {CONTENT_FIELD: pictures[0]}
        )
        request = replace(request, origin=responder.origin)
        with self._in_flight.track(responder.reply):
            try:
                if await self._requests.serve(responder, request):
                    await self._dependencies.store.saved_requests.mark_used(saved.request_id)
            except Exception as error:
                await responder.reply(sentence_for(error, doing=f"serving message {message.id}"))
        return True

    async def _find_recent(
        self,
        channel: MessageableChannel,
        member_id: int,
        *,
        before: discord.Message | None = None,
    ) -> MessagePictures:
        """Return the pictures of the member's newest message here, if that is recent."""
        if not self._recent_seconds:
            return MessagePictures()
        return await find_recent_pictures(
            channel, member_id, seconds=self._recent_seconds, origins=self._origins, before=before
        )

    async def _is_unknown(self, message: discord.Message, words: str) -> bool:
        """Return whether there are words that name no style and no option, and no picture."""
        if message.attachments or message.stickers or message.reference is not None:
            return False
        presets = await self._catalog.presets(message.guild.id if message.guild else None)
        parsed = parse_text(words, presets=presets)
        is_read = parsed.options or parsed.references or parsed.error or parsed.names_preset
        return bool(parsed.words and not is_read and read_presets(parsed.words, presets) is None)

    async def _words_to_bot(self, message: discord.Message) -> str | None:
        """Return the text of a message that addresses the bot without a command, else None."""
        me = self._bot.user
        if me is None or message.author.bot:
            return None
        text = message.content.strip()
        mentions = (f"<@{me.id}>", f"<@!{me.id}>")
        if text.startswith(mentions):
            text = text.removeprefix(mentions[0]).removeprefix(mentions[1]).strip()
        elif message.guild is not None or not (message.attachments or message.message_snapshots):
            return None
        return None if (await self._bot.get_context(message)).valid else text

    async def _handle_guarded(
        self, message: discord.Message, words: str, *, doubt: Refusal | None = None
    ) -> None:
        """Handle a message that is no command; discord.py would not report its errors."""
        responder = MessageResponder(message, self._reply_pacer)
        with self._in_flight.track(responder.reply):
            try:
                await self._handle_message(message, words, doubt=doubt, is_command=False)
            except Exception as error:
                await responder.reply(sentence_for(error, doing=f"serving message {message.id}"))

    async def _handle_message(
        self,
        message: discord.Message,
        words: str,
        *,
        doubt: Refusal | None = None,
        is_command: bool = True,
    ) -> None:
        """Find the pictures of a message and pass the request on.

        Args:
            message: the message.
            words: its text without the command.
            doubt: a question to ask first, or None.
            is_command: whether the message is the command, and not just a mention of the bot.
        """
        me = self._bot.user
        presets = await self._catalog.presets(message.guild.id if message.guild else None)
        parsed = parse_text(words, bot_id=me.id if me is not None else None, presets=presets)
        resolved = list(self._resolve_references(message, parsed))
        has_link = any(each.reference.kind is ReferenceKind.LINK for each in resolved)
        found = await pictures_of_request(message, origins=self._origins, previews=not has_link)
        if parsed.has_link and not found.pictures and not resolved:
            found = await self._wait_for_preview(message)
        has_other = found.pictures or resolved or parsed.has_link or found.reply_is_missing or doubt
        is_request = is_command or not parsed.words or read_presets(parsed.words, presets)
        if is_request and not has_other:
            found = await self._find_recent(message.channel, message.author.id, before=message)
        await self._requests.handle(
            MessageResponder(message, self._reply_pacer),
            found,
            resolved,
            parsed,
            avatar=source_of_avatar(message.author),
            doubt=doubt,
        )

    def _resolve_references(
        self, message: discord.Message, parsed: ParsedText
    ) -> Iterator[ResolvedReference]:
        """Yield the references that can be resolved; links only to allowed hosts."""
        members = {user.id: user for user in message.mentions}
        for reference in parsed.references:
            source = None
            match reference.kind:
                case ReferenceKind.REQUESTER:
                    source = source_of_avatar(message.author)
                case ReferenceKind.MEMBER if int(reference.value) in members:
                    source = source_of_avatar(members[int(reference.value)])
                case ReferenceKind.EMOJI:
                    source = source_of_emoji(discord.PartialEmoji.from_str(reference.value))
                case ReferenceKind.LINK if is_allowed(reference.value, self._origins):
                    source = source_of_link(reference.value, spoiler=reference.spoiler)
            if source is not None:
                yield ResolvedReference(reference=reference, source=source)

    async def _wait_for_preview(self, message: discord.Message) -> MessagePictures:
        """Return the pictures in link previews, which Discord adds shortly after the message."""
        await asyncio.sleep(self._settings.preview_wait_seconds)
        try:
            async with discord_request(seconds=FETCH_TIMEOUT_SECONDS):
                message = await message.channel.fetch_message(message.id)
        except DiscordError:
            return MessagePictures()
        return MessagePictures(pictures=pictures_on(message, origins=self._origins, links=False))
