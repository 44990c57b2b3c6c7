"""Choose a preset on a picker by reaction, including reactions added while the bot was offline."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import discord
from cachetools import TTLCache

from bot.discord_errors import discord_request
from bot.errors import AccessDeniedError, AccessProblem, DiscordError
from bot.exts.backend.access import picker_subject
from bot.exts.backend.bot_permissions import check_permissions
from bot.exts.backend.policy import Act, Actor, Place, decide
from bot.exts.backend.responders import (
    own_permissions,
    send_reply,
    sentence_for,
)
from bot.ops.error_report import Where, count_error
from bot.ops.reply_pacer import ReplyTurn
from bot.ops.retry import retry_until_available
from bot.views.picker import preset_for_emoji
from bot.views.text.errors import REPLY_SKIPPED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.exts.backend.admission import Admission
    from bot.exts.backend.dependencies import Dependencies
    from bot.exts.stylize.picker import PickerHandler
    from bot.jobs.models import Picker
    from bot.presets.catalog import CatalogPreset

__all__ = ["PickerReactions"]

logger = logging.getLogger(__name__)

READ_TIMEOUT_SECONDS: Final = 30.0
SEND_TIMEOUT_SECONDS: Final = 30.0

MOST_REMEMBERED: Final = 4096
"""Messages that are remembered to have no open picker."""

REMEMBERED_SECONDS: Final = 60.0


class PickerReactions:
    """Handles reactions to pickers.

    Args:
        client: the connected client.
        dependencies: shared by the cogs.
        pickers: accepts the choices.
        admission: knows the cooldowns.
    """

    def __init__(
        self,
        client: discord.Client,
        dependencies: Dependencies,
        pickers: PickerHandler,
        admission: Admission,
    ) -> None:
        self._client = client
        self._dependencies = dependencies
        self._pickers = pickers
        self._admission = admission
        self._without_picker: TTLCache[int, None] = TTLCache(MOST_REMEMBERED, REMEMBERED_SECONDS)

    async def on_reaction(self, reaction: discord.RawReactionActionEvent) -> None:
        """Accept a reaction by the requester; remove one by another member.

        Reactions to other messages cost one look into the database a minute for each message.
        """
        if reaction.message_id in self._without_picker:
            return
        cooldowns = self._admission.cooldowns
        cooldown = cooldowns.count(reaction.user_id, reaction.guild_id)
        if cooldown is not None and not cooldowns.is_untold(reaction.user_id, cooldown):
            return
        picker = await retry_until_available(
            lambda: self._pickers.find(reaction.message_id),
            what=f"reading the picker {reaction.message_id}",
            where=Where.BACKEND,
        )
        if picker is None or picker.used_at is not None or self._pickers.is_expired(picker):
            if not self._pickers.is_saving:
                self._without_picker[reaction.message_id] = None
            return
        if cooldown is not None:
            if picker.requester_id == reaction.user_id:
                await self._reply(picker, sentence_for(cooldown, doing="a reaction"))
            return
        presets = await self._presets(picker)
        preset = preset_for_emoji(str(reaction.emoji), presets)
        if preset is None:
            return
        actor = Actor(member_id=reaction.user_id)
        place = Place(guild_id=reaction.guild_id, channel_id=reaction.channel_id)
        problem = decide(Act.USE_PICKER, actor, place, picker_subject(picker))
        if problem is None:
            await self._choose(picker, preset, reaction.member)
        elif problem is AccessProblem.PICKER_NOT_YOURS and self._may_manage_messages(picker):
            await self._remove(picker, reaction)

    async def catch_up(self) -> None:
        """Accept the choices made while the bot was not connected, on recent unused pickers."""
        age = timedelta(seconds=self._dependencies.settings.picker_catch_up_seconds)
        since = datetime.now(UTC) - age
        unused = await retry_until_available(
            lambda: self._dependencies.store.pickers.list_unused(since=since),
            what="looking for missed reactions",
            where=Where.BACKEND,
        )
        for picker in unused:
            if self._pickers.is_expired(picker):
                continue
            try:
                preset = await self._missed_choice(picker)
            except DiscordError as error:
                logger.info("cannot read picker %d: %s", picker.message_id, error)
                continue
            if preset is not None:
                logger.info("picker %d has a missed choice", picker.message_id)
                await self._choose(picker, preset, None)

    async def _missed_choice(self, picker: Picker) -> CatalogPreset | None:
        """Return the preset that the requester chose by reaction, or None.

        Raises:
            DiscordError: the picker's message cannot be read.
        """
        presets = await self._presets(picker)
        async with discord_request(seconds=READ_TIMEOUT_SECONDS):
            message = await self._channel(picker).fetch_message(picker.message_id)
            for reaction in message.reactions:
                preset = preset_for_emoji(str(reaction.emoji), presets)
                if preset is None or reaction.count <= reaction.me:
                    continue
                if picker.requester_id in [user.id async for user in reaction.users()]:
                    return preset
        return None

    async def _presets(self, picker: Picker) -> Sequence[CatalogPreset]:
        """Return what can be chosen on a picker, once the database can be reached."""
        return await retry_until_available(
            lambda: self._dependencies.catalog.presets(picker.guild_id),
            what=f"reading the styles of picker {picker.message_id}",
            where=Where.BACKEND,
        )

    async def _choose(
        self, picker: Picker, preset: CatalogPreset, member: discord.Member | None
    ) -> None:
        """Accept a choice, or tell the requester why it cannot be accepted."""
        try:
            self._check_permissions(picker)
            chosen = await self._pickers.accept_choice(picker, preset.name, member)
        except Exception as error:
            text = sentence_for(error, doing=f"choosing {preset.name} on a picker")
            await self._reply(picker, text)
            return
        if chosen is not None:
            message = self._channel(picker).get_partial_message(picker.message_id)
            clear = self._may_manage_messages(picker)
            await self._pickers.show_choice(message, picker, chosen, clear=clear)

    async def _remove(self, picker: Picker, reaction: discord.RawReactionActionEvent) -> None:
        """Remove a reaction of a member who may not choose here."""
        message = self._channel(picker).get_partial_message(picker.message_id)
        try:
            async with discord_request(seconds=SEND_TIMEOUT_SECONDS):
                await message.remove_reaction(reaction.emoji, discord.Object(reaction.user_id))
        except DiscordError as error:
            logger.info("cannot remove a reaction to picker %d: %s", picker.message_id, error)

    async def _reply(self, picker: Picker, text: str) -> None:
        """Reply to the picker, mentioning the requester; by DM if that is not allowed."""
        reference = discord.MessageReference(
            message_id=picker.message_id,
            channel_id=picker.channel_id,
            guild_id=picker.guild_id,
            fail_if_not_exists=False,
        )
        mentions = discord.AllowedMentions(
            everyone=False, roles=False, users=[discord.Object(picker.requester_id)]
        )
        text = f"<@{picker.requester_id}> {text}"
        turn = await self._dependencies.reply_pacer.wait_for_turn(
            picker.channel_id, picker.requester_id, text
        )
        if turn is ReplyTurn.REPEATED:
            return
        if turn is ReplyTurn.SKIPPED:
            text = f"<@{picker.requester_id}> {REPLY_SKIPPED}"
        try:
            async with discord_request(seconds=SEND_TIMEOUT_SECONDS):
                try:
                    await send_reply(
                        self._channel(picker), text, reference=reference, allowed_mentions=mentions
                    )
                except AccessDeniedError:
                    direct = await self._client.create_dm(discord.Object(picker.requester_id))
                    await direct.send(text, allowed_mentions=mentions)
        except DiscordError as error:
            count_error(Where.BACKEND, error)
            logger.warning("member %d cannot be answered: %s", picker.requester_id, error)

    def _check_permissions(self, picker: Picker) -> None:
        """Check that the bot can post a result in the picker's channel.

        Raises:
            RequestRefused: the bot lacks a permission there.
        """
        permissions = own_permissions(self._client, picker.channel_id)
        if permissions is not None:
            channel = self._client.get_channel(picker.channel_id)
            check_permissions(permissions, is_thread=isinstance(channel, discord.Thread))

    def _channel(self, picker: Picker) -> discord.PartialMessageable:
        return self._client.get_partial_messageable(picker.channel_id, guild_id=picker.guild_id)

    def _may_manage_messages(self, picker: Picker) -> bool:
        """Return whether the bot may remove others' reactions in the picker's channel."""
        permissions = own_permissions(self._client, picker.channel_id)
        return permissions is not None and permissions.manage_messages
