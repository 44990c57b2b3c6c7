"""Post pickers, from which a member chooses the preset for one picture, and accept the choice."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import discord

from bot.discord_errors import discord_request
from bot.errors import (
    AccessDeniedError,
    AccessProblem,
    AccessRefused,
    CooldownActive,
    DiscordError,
    RequestProblem,
    RequestRefused,
)
from bot.exts.backend.access import check, picker_subject
from bot.exts.backend.bot_permissions import check_permissions
from bot.exts.backend.policy import Act
from bot.exts.backend.responders import priority_of, reply_ephemeral
from bot.exts.stylize.picker_pages import load_page
from bot.exts.stylize.picker_record import (
    UnstyledRequest,
    new_picker,
    recipe_and_options,
    request_of_job,
)
from bot.exts.stylize.reaction_offers import ReactionOffers
from bot.exts.stylize.request import MASK_JSON
from bot.intake.job_request import JobRequest, SavedPicture
from bot.jobs.job_inputs import InputSource
from bot.jobs.models import Origin, Picker
from bot.ops.reply_pacer import ReplyTurn
from bot.presets.catalog import find
from bot.presets.expression import nearest_preset
from bot.views.components.items import start_view
from bot.views.picker import (
    chosen_text,
    picker_embed,
    picker_view,
    presets_sheet,
)
from bot.views.text import requests

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.exts.backend.dependencies import Dependencies
    from bot.exts.backend.responders import Responder
    from bot.exts.stylize.picker_pages import PickerPage
    from bot.exts.stylize.request import StylizeRequest
    from bot.jobs.models import Job

__all__ = ["PickerHandler"]

logger = logging.getLogger(__name__)

SEND_TIMEOUT_SECONDS: Final = 30.0

SAVE_TIMEOUT_SECONDS: Final = 5.0
"""How long a choice waits for the row of a picker that has just been posted."""


class PickerHandler:
    """Posts pickers and accepts choices. The pickers are in the database, so they outlive it."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._dependencies = dependencies
        self._reactions = ReactionOffers()
        self._saving: set[asyncio.Event] = set()

    async def close(self) -> None:
        """Stop adding reactions."""
        await self._reactions.close()

    async def post(
        self, responder: Responder, request: StylizeRequest, *, unknown: str | None
    ) -> None:
        """Store the request's picture and post a picker for it.

        Args:
            responder: knows the channel.
            request: a request with one picture.
            unknown: the preset name that the member gave and that does not exist, or None.

        Raises:
            Refusal: the picture cannot be used, or the bot may not post the picker here.
            DiscordError: Discord did not accept the picker.
        """
        base = request.parsed.recipe(self._dependencies.settings.recipe)
        unstyled = UnstyledRequest(
            origin=request.origin,
            content=request.pictures[0],
            mask=request.mask,
            recipe=base.evolve(**request.parsed.recipe_changes(base)),
            notify=request.parsed.notify,
        )
        await self._post(responder, unstyled, unknown=unknown)

    async def post_for_job(self, responder: Responder, job: Job) -> None:
        """Post a picker for an earlier job's content image, with a copy of it.

        Args:
            responder: the member who asks, and the channel.
            job: the earlier job, which they may repeat here.

        Raises:
            ArtefactMissingError: the picture is not kept any more.
            Refusal: the picker cannot be posted here, or its picture not be stored.
            DiscordError: Discord did not accept the picker.
        """
        await self._post(responder, request_of_job(job, responder.origin), unknown=None)

    async def _post(
        self, responder: Responder, request: UnstyledRequest, *, unknown: str | None
    ) -> None:
        origin, filename = responder.origin, request.content.filename
        turn = await self._dependencies.reply_pacer.wait_for_turn(
            origin.channel_id, origin.requester_id, responder.request_key
        )
        if turn is not ReplyTurn.GRANTED:
            seconds = self._dependencies.settings.reply_window_seconds
            raise CooldownActive("member", seconds=seconds)
        may_react = _may_react(responder.permissions)
        presets = await self._dependencies.catalog.presets(origin.guild_id)
        near = nearest_preset(unknown, presets) if unknown is not None else None
        page = await load_page(self._dependencies.catalog, origin.guild_id, 0)
        embed = picker_embed(
            page.presets,
            filename=filename,
            unknown=unknown,
            near=near,
            may_react=may_react,
            pages=page.pages,
        )
        view = picker_view(page.presets, near=near, pages=page.pages)
        intake = self._dependencies.intake
        saved_mask = request.mask if isinstance(request.mask, SavedPicture) else None
        try:
            async with (
                intake.save_picture(request.content, request.origin, mask=saved_mask) as stored,
                self._announce_save(),
            ):
                picture, copied_mask = stored
                message = await _send(responder, embed, page, view)
                picker = new_picker(message.id, request, picture, copied_mask or request.mask)
                await self._dependencies.store.pickers.save(picker)
        except AccessDeniedError as error:
            raise RequestRefused(RequestProblem.NOT_ALLOWED_HERE) from error
        if may_react:
            fallback = picker_embed(
                page.presets, filename=filename, may_react=False, pages=page.pages
            )
            self._reactions.start(message, page.presets, fallback=fallback)

    async def show_page(self, interaction: discord.Interaction[Any], number: int) -> None:
        """Show another page.

        Args:
            interaction: acknowledged.
            number: of the page, counted from 0.

        Raises:
            DiscordError: the picker cannot be edited.
        """
        picker = await self._find_usable(interaction)
        message = interaction.message
        if picker is None or message is None:
            return
        page = await load_page(self._dependencies.catalog, picker.guild_id, number)
        permissions = interaction.app_permissions
        may_react = _may_react(permissions)
        shown: dict[str, Any] = {
            "filename": picker.filename, "page": page.number, "pages": page.pages
        }  # fmt: skip
        async with discord_request(seconds=SEND_TIMEOUT_SECONDS):
            await interaction.edit_original_response(
                embed=picker_embed(page.presets, may_react=may_react, **shown),
                attachments=[presets_sheet(page.sheet, page.presets)],
                view=picker_view(page.presets, page=page.number, pages=page.pages),
            )
        if may_react:
            fallback = picker_embed(page.presets, may_react=False, **shown)
            clear = permissions.manage_messages
            self._reactions.start(message, page.presets, fallback=fallback, clear=clear)

    async def take(self, interaction: discord.Interaction[Any], name: str) -> None:
        """Accept a choice made with the menu or a button.

        Args:
            interaction: acknowledged.
            name: of the preset.

        Raises:
            Refusal: the request cannot be accepted.
        """
        picker = await self._find_usable(interaction)
        if picker is None or interaction.message is None:
            return
        is_thread = isinstance(interaction.channel, discord.Thread)
        check_permissions(interaction.app_permissions, is_thread=is_thread)
        chosen = await self.accept_choice(picker, name, interaction.user)
        if chosen != name:
            await reply_ephemeral(interaction, requests.PICKER_USED, view=start_view())
        if chosen is not None:
            clear = interaction.app_permissions.manage_messages
            await self.show_choice(interaction.message, picker, chosen, clear=clear)

    async def accept_choice(
        self, picker: Picker, preset: str, member: discord.User | discord.Member | None
    ) -> str | None:
        """Accept a job for the choice.

        The job is accepted before the picker is marked as used. Its request key makes it the
        same job however often this happens, so a crash in between loses nothing, and the
        transaction that adds the job decides which of two simultaneous choices wins.

        Returns:
            The name of the preset that is painted, which another choice may have decided; None if
            the picker was used before.

        Raises:
            Refusal: the request cannot be accepted; the picker stays usable.
        """
        if picker.used_at is not None:
            return None
        if not self._dependencies.scheduler.accepting:
            raise RequestRefused(RequestProblem.SHUTTING_DOWN)
        recipe, options = recipe_and_options(picker, default=self._dependencies.settings.recipe)
        request = JobRequest(
            origin=Origin(
                guild_id=picker.guild_id,
                channel_id=picker.channel_id,
                message_id=picker.request_message_id,
                requester_id=picker.requester_id,
            ),
            content=SavedPicture(
                key=picker.content_key,
                filename=picker.filename,
                spoiler=picker.spoiler,
                size=picker.content_size,
                place=picker.content.place if picker.content is not None else InputSource.ATTACHED,
                is_borrowed=picker.content is not None and picker.content.is_borrowed,
            ),
            presets=(preset,),
            mask=None if picker.mask is None else MASK_JSON.validate_python(picker.mask),
            recipe=recipe,
            options=options,
            request_key=f"picker:{picker.message_id}",
            priority=priority_of(member, self._dependencies.settings),
            notify=picker.notify,
        )
        job = await self._dependencies.intake.accept(request)
        await self._dependencies.store.pickers.mark_used(picker.message_id)
        return job.preset

    async def show_choice(
        self,
        message: discord.Message | discord.PartialMessage,
        picker: Picker,
        chosen: str,
        *,
        clear: bool,
    ) -> None:
        """Replace the picker by one line that names the chosen preset.

        Args:
            message: the picker's message.
            picker: the picker.
            chosen: the name of the preset that is painted.
            clear: whether the bot may remove all reactions.
        """
        preset = find(chosen, await self._dependencies.catalog.presets(picker.guild_id))
        if preset is None:
            return  # it was removed meanwhile; the card names it
        self._reactions.stop(message.id)
        text = chosen_text(preset, filename=picker.filename)
        try:
            async with discord_request(seconds=SEND_TIMEOUT_SECONDS):
                await message.edit(content=text, embed=None, attachments=[], view=None)
                if clear:
                    await message.clear_reactions()
        except DiscordError as error:
            logger.info("cannot edit picker %d: %s", picker.message_id, error)

    async def find(self, message_id: int) -> Picker | None:
        """Return the picker on a message; waits for pickers that are being saved."""
        saving = list(self._saving)
        picker = await self._dependencies.store.pickers.get(message_id)
        if picker is not None or not saving:
            return picker
        with suppress(TimeoutError):
            async with asyncio.timeout(SAVE_TIMEOUT_SECONDS):
                for saved in saving:
                    await saved.wait()
        return await self._dependencies.store.pickers.get(message_id)

    @property
    def is_saving(self) -> bool:
        """Whether a picker has been posted whose row is not saved yet."""
        return bool(self._saving)

    def is_expired(self, picker: Picker) -> bool:
        """Return whether a picker is too old to be used."""
        age = datetime.now(UTC) - picker.created_at
        return age > timedelta(seconds=self._dependencies.settings.picker_seconds)

    async def _find_usable(self, interaction: discord.Interaction[Any]) -> Picker | None:
        """Return the picker on the message, or tell the member that it is used.

        Raises:
            AccessRefused: it has expired, or belongs elsewhere or to another member.
        """
        message = interaction.message
        picker = None if message is None else await self.find(message.id)
        if picker is None or self.is_expired(picker):
            raise AccessRefused(AccessProblem.UNKNOWN_PICKER)
        check(Act.USE_PICKER, interaction, picker_subject(picker))
        if picker.used_at is not None:
            await reply_ephemeral(interaction, requests.PICKER_USED, view=start_view())
            return None
        return picker

    @asynccontextmanager
    async def _announce_save(self) -> AsyncIterator[None]:
        """Let `find` wait for the picker that is posted and saved in the block."""
        saved = asyncio.Event()
        self._saving.add(saved)
        try:
            yield
        finally:
            self._saving.discard(saved)
            saved.set()


def _may_react(permissions: discord.Permissions) -> bool:
    return permissions.add_reactions and permissions.read_message_history


async def _send(
    responder: Responder, embed: discord.Embed, page: PickerPage, view: discord.ui.View
) -> discord.Message:
    """Post a picker, as a reply to the request if that is a message.

    Raises:
        DiscordError: Discord did not accept the picker.
    """
    origin = responder.origin
    options: dict[str, Any] = {}
    # Without the history, Discord refuses replies.
    if origin.message_id is not None and responder.permissions.read_message_history:
        options["reference"] = discord.MessageReference(
            message_id=origin.message_id,
            channel_id=origin.channel_id,
            guild_id=origin.guild_id,
            fail_if_not_exists=False,
        )
    async with discord_request(seconds=SEND_TIMEOUT_SECONDS):
        return await responder.channel.send(
            embed=embed,
            file=presets_sheet(page.sheet, page.presets),
            view=view,
            allowed_mentions=discord.AllowedMentions.none(),
            **options,
        )
