"""Offering presets for one picture, and taking the requester's choice, however late it comes."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import discord

from bot.errors import RequestProblem, RequestRefused
from bot.exts.answers import sentence_for, whisper
from bot.intake.request import HeldPicture, StyleRequest
from bot.jobs.model import Origin, Picker
from bot.presets import library
from bot.views import wording
from bot.views.picker import (
    picker_embed,
    picker_view,
    preset_for_emoji,
    presets_sheet,
    settled_text,
)
from stylenet.recipe import Recipe

if TYPE_CHECKING:
    from bot.exts.answers import Asker
    from bot.exts.services import Services
    from bot.exts.wishes import Wish
    from bot.intake.request import PictureSource
    from bot.presets.library import Preset

__all__ = ["PickerTable"]

log = logging.getLogger(__name__)

POST_SECONDS: Final = 30.0
SAVE_SECONDS: Final = 5.0

MOST_REACTIONS: Final = 20
"""Different reactions one message can have; the menu has them all."""


class PickerTable:
    """The pickers on offer. Their rows outlive restarts; this class remembers nothing."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._reacting: set[asyncio.Task[None]] = set()
        self._saving: set[asyncio.Event] = set()

    async def close(self) -> None:
        """Stop adding reactions; the menu is enough."""
        tasks = list(self._reacting)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def offer(
        self, asker: Asker, picture: PictureSource, wish: Wish, *, unknown: str | None
    ) -> None:
        """Hold the picture and post a picker for it.

        Raises:
            Refusal: the picture cannot be used, or the picker cannot be posted.
        """
        base = wish.recipe(self._services.settings.recipe)
        recipe = base.evolve(**wish.recipe_changes(base))
        held = await self._services.intake.hold(picture)
        may_react = asker.permissions.add_reactions and asker.permissions.read_message_history
        embed = picker_embed(filename=picture.filename, unknown=unknown, may_react=may_react)
        sheet = await asyncio.to_thread(library.picker_sheet)
        saved = asyncio.Event()
        self._saving.add(saved)
        try:
            message = await self._post(asker, embed, sheet)
            await self._services.store.pickers.save(
                Picker(
                    message_id=message.id,
                    channel_id=asker.origin.channel_id,
                    guild_id=asker.origin.guild_id,
                    requester_id=asker.origin.requester_id,
                    request_message_id=asker.origin.message_id,
                    content_key=held.key,
                    filename=held.filename,
                    spoiler=held.spoiler,
                    created_at=datetime.now(UTC),
                    recipe=recipe,
                    content_size=held.size,
                )
            )
        except (discord.HTTPException, TimeoutError) as error:
            await self._services.intake.release(held)
            raise RequestRefused(RequestProblem.NOT_ALLOWED_HERE) from error
        finally:
            self._saving.discard(saved)
            saved.set()
        if may_react:
            task = asyncio.create_task(_add_reactions(message), name=f"reactions {message.id}")
            self._reacting.add(task)
            task.add_done_callback(self._reacting.discard)

    async def reacted(
        self, client: discord.Client, reaction: discord.RawReactionActionEvent
    ) -> None:
        """A reaction was added somewhere; if it is a choice, the painting begins."""
        preset = preset_for_emoji(str(reaction.emoji))
        if preset is None:
            return
        picker = await self._find(reaction.message_id)
        if picker is None or picker.requester_id != reaction.user_id or self._expired(picker):
            return
        place = client.get_partial_messageable(picker.channel_id, guild_id=picker.guild_id)
        try:
            taken = await self._take(picker, preset)
        except Exception as error:
            text = sentence_for(error, doing=f"choosing {preset.name} on a picker")
            await _tell(place, picker, text)
            return
        if taken:
            await _settle(place.get_partial_message(picker.message_id), picker, preset)

    async def chose(self, interaction: discord.Interaction[Any], name: str) -> None:
        """The menu was used; the interaction is acknowledged already.

        Raises:
            Refusal: the painting cannot be accepted.
        """
        message = interaction.message
        preset = library.get(name)
        picker = None
        if message is not None:
            picker = await self._find(message.id)
        if message is None or picker is None or preset is None or self._expired(picker):
            await whisper(interaction, wording.PICKER_GONE)
        elif picker.requester_id != interaction.user.id:
            await whisper(interaction, wording.PICKER_NOT_YOURS)
        elif not await self._take(picker, preset):
            await whisper(interaction, wording.PICKER_USED)
        else:
            await _settle(message, picker, preset)

    async def _find(self, message_id: int) -> Picker | None:
        """The picker on a message; a member may be quicker than its row is written."""
        saving = list(self._saving)
        picker = await self._services.store.pickers.get(message_id)
        if picker is not None or not saving:
            return picker
        with suppress(TimeoutError):
            async with asyncio.timeout(SAVE_SECONDS):
                for saved in saving:
                    await saved.wait()
        return await self._services.store.pickers.get(message_id)

    def _expired(self, picker: Picker) -> bool:
        age = datetime.now(UTC) - picker.created_at
        return age > timedelta(seconds=self._services.settings.picker_seconds)

    async def _take(self, picker: Picker, preset: Preset) -> bool:
        """Accept the choice; False where one was made before.

        The job comes first: its request_key makes it one job however often that happens, so a
        crash in between loses nothing, and of two choices at once the first counts.

        Raises:
            Refusal: the painting cannot be accepted; the picker stays on offer.
        """
        if picker.used_at is not None:
            return False
        if not self._services.scheduler.accepting:
            raise RequestRefused(RequestProblem.SHUTTING_DOWN)
        recipe, options = _choices(picker, default=self._services.settings.recipe)
        request = StyleRequest(
            origin=Origin(
                guild_id=picker.guild_id,
                channel_id=picker.channel_id,
                message_id=picker.request_message_id,
                requester_id=picker.requester_id,
            ),
            content=HeldPicture(
                key=picker.content_key,
                filename=picker.filename,
                spoiler=picker.spoiler,
                size=picker.content_size,
            ),
            preset=preset.name,
            recipe=recipe,
            options=options,
            request_key=f"picker:{picker.message_id}",
        )
        await self._services.intake.accept(request)
        return await self._services.store.pickers.use(picker.message_id)

    async def _post(self, asker: Asker, embed: discord.Embed, sheet: bytes) -> discord.Message:
        origin = asker.origin
        options: dict[str, Any] = {}
        if origin.message_id is not None:
            options["reference"] = discord.MessageReference(
                message_id=origin.message_id,
                channel_id=origin.channel_id,
                guild_id=origin.guild_id,
                fail_if_not_exists=False,
            )
        async with asyncio.timeout(POST_SECONDS):
            return await asker.channel.send(
                embed=embed,
                file=presets_sheet(sheet),
                view=picker_view(),
                allowed_mentions=discord.AllowedMentions.none(),
                **options,
            )


def _choices(picker: Picker, *, default: str) -> tuple[Recipe, dict[str, Any]]:
    """The recipe to begin with, and the fields that the member set, which win over a preset's."""
    chosen = picker.recipe
    if chosen is None:
        return Recipe.named(default), {}
    base = Recipe.named(chosen.name)
    fields = (field.name for field in dataclasses.fields(base))
    return base, {
        name: getattr(chosen, name)
        for name in fields
        if getattr(chosen, name) != getattr(base, name)
    }


async def _add_reactions(message: discord.Message) -> None:
    """Offer every preset as a reaction; the member may choose before they are all there."""
    try:
        for preset in library.PRESETS[:MOST_REACTIONS]:
            await message.add_reaction(preset.emoji)
    except discord.NotFound:
        log.debug("the picker was settled or deleted before all reactions were there")
    except discord.HTTPException as error:
        log.info("reactions stay away from picker %d, the menu serves: %s", message.id, error)


async def _settle(
    message: discord.Message | discord.PartialMessage, picker: Picker, preset: Preset
) -> None:
    """Fold the picker up to one line; the card says the rest."""
    text = settled_text(preset, filename=picker.filename)
    try:
        async with asyncio.timeout(POST_SECONDS):
            await message.edit(content=text, embed=None, attachments=[], view=None)
    except (discord.HTTPException, TimeoutError) as error:
        log.info("picker %d stays as it is: %s", picker.message_id, error)


async def _tell(place: discord.PartialMessageable, picker: Picker, text: str) -> None:
    """Tell the requester why a reaction led to nothing, as a reply to the picker."""
    reference = discord.MessageReference(
        message_id=picker.message_id,
        channel_id=picker.channel_id,
        guild_id=picker.guild_id,
        fail_if_not_exists=False,
    )
    mentions = discord.AllowedMentions(
        everyone=False, roles=False, users=[discord.Object(picker.requester_id)]
    )
    try:
        async with asyncio.timeout(POST_SECONDS):
            await place.send(
                f"<@{picker.requester_id}> {text}",
                reference=reference,
                allowed_mentions=mentions,
            )
    except (discord.HTTPException, TimeoutError) as error:
        log.warning("member %d cannot be answered: %s", picker.requester_id, error)
