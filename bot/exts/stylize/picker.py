"""Offering presets for one picture, and taking the requester's choice, however late it comes."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import discord

from bot.discord_errors import discord_request, translate_discord_errors
from bot.errors import (
    AccessDeniedError,
    ArtefactMissingError,
    DiscordError,
    MessageNotFoundError,
    RequestProblem,
    RequestRefused,
)
from bot.exts.backend.responders import priority_of, reply_ephemeral, sentence_for
from bot.exts.stylize.request import PICTURE_SOURCE_JSON
from bot.intake.job_request import JobRequest, SavedPicture
from bot.jobs.job_inputs import InputImage, InputSource
from bot.jobs.models import Origin, Picker
from bot.presets.catalog import find, nearest
from bot.views.components.items import start_view
from bot.views.picker import (
    page_of,
    picker_embed,
    picker_view,
    presets_sheet,
    settled_text,
    style_for_emoji,
)
from bot.views.text import requests
from stylenet.recipe import Recipe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.exts.backend.dependencies import Dependencies
    from bot.exts.backend.responders import Responder
    from bot.exts.stylize.request import StylizeRequest
    from bot.presets.catalog import CatalogPreset

__all__ = ["PickerTable"]

logger = logging.getLogger(__name__)

POST_SECONDS: Final = 30.0
SAVE_SECONDS: Final = 5.0


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class _Page:
    """The styles on one page of a picker, and their sheet."""

    styles: Sequence[CatalogPreset]
    sheet: bytes
    number: int
    pages: int


class PickerTable:
    """The pickers on offer. Their rows outlive restarts; this class remembers nothing."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._dependencies = dependencies
        self._reacting: dict[int, asyncio.Task[None]] = {}
        self._saving: set[asyncio.Event] = set()
        self._closed = False

    async def close(self) -> None:
        """Stop adding reactions; the menu is enough."""
        self._closed = True
        tasks = list(self._reacting.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def post(
        self, responder: Responder, request: StylizeRequest, *, unknown: str | None
    ) -> None:
        """Hold the picture and post a picker for it.

        Raises:
            Refusal: the picture cannot be used, or the bot may not post the picker here.
            DiscordError: Discord did not accept the picker.
        """
        base = request.parsed.recipe(self._dependencies.settings.recipe)
        recipe = base.evolve(**request.parsed.recipe_changes(base))
        picture = request.pictures[0]
        held = await self._dependencies.intake.save_picture(picture)
        permissions = responder.permissions
        may_react = permissions.add_reactions and permissions.read_message_history
        presets = await self._dependencies.catalog.presets(responder.origin.guild_id)
        near = find(nearest(unknown, presets) or "", presets) if unknown is not None else None
        page = await self._page(responder.origin.guild_id, 0)
        embed = picker_embed(
            page.styles,
            filename=picture.filename,
            unknown=unknown,
            near=near,
            may_react=may_react,
            pages=page.pages,
        )
        view = picker_view(page.styles, near=near, pages=page.pages)
        saved = asyncio.Event()
        self._saving.add(saved)
        try:
            message = await self._post(responder, embed, page, view)
            await self._dependencies.store.pickers.save(
                Picker(
                    message_id=message.id,
                    channel_id=responder.origin.channel_id,
                    guild_id=responder.origin.guild_id,
                    requester_id=responder.origin.requester_id,
                    request_message_id=responder.origin.message_id,
                    content_key=held.key,
                    filename=held.filename,
                    spoiler=held.spoiler,
                    created_at=datetime.now(UTC),
                    recipe=recipe,
                    content_size=held.size,
                    content=InputImage(name=held.filename, place=held.place, size=held.size),
                    mask=None
                    if request.mask is None
                    else PICTURE_SOURCE_JSON.dump_python(request.mask, mode="json"),
                )
            )
        except DiscordError as error:
            await self._dependencies.intake.delete_saved(held)
            if isinstance(error, AccessDeniedError):
                raise RequestRefused(RequestProblem.NOT_ALLOWED_HERE) from error
            raise
        finally:
            self._saving.discard(saved)
            saved.set()
        if may_react:
            without = picker_embed(
                page.styles, filename=picture.filename, may_react=False, pages=page.pages
            )
            self._react(message, page, without=without)

    async def reacted(
        self, client: discord.Client, reaction: discord.RawReactionActionEvent
    ) -> None:
        """A reaction was added somewhere; if it is a choice, the painting begins."""
        picker = await self._find(reaction.message_id)
        if picker is None or picker.used_at is not None or self.is_expired(picker):
            return
        presets = await self._dependencies.catalog.presets(picker.guild_id)
        preset = style_for_emoji(str(reaction.emoji), presets)
        if preset is None:
            return
        place = client.get_partial_messageable(picker.channel_id, guild_id=picker.guild_id)
        message = place.get_partial_message(picker.message_id)
        if picker.requester_id != reaction.user_id:
            if _may_manage(client, picker):
                await _take_back(message, reaction)
            return
        await self.choose(client, picker, preset, reaction.member)

    async def choose(
        self,
        client: discord.Client,
        picker: Picker,
        preset: CatalogPreset,
        member: discord.Member | None,
    ) -> None:
        """Paint what a reaction chose, or tell the member why not."""
        place = client.get_partial_messageable(picker.channel_id, guild_id=picker.guild_id)
        try:
            taken = await self._take(picker, preset.name, member)
        except Exception as error:
            text = sentence_for(error, doing=f"choosing {preset.name} on a picker")
            await _tell(place, picker, text)
            return
        if taken:
            message = place.get_partial_message(picker.message_id)
            await self._settle(message, picker, preset, clear=_may_manage(client, picker))

    async def show_page(self, interaction: discord.Interaction[Any], number: int) -> None:
        """Show another page; the interaction is acknowledged already."""
        picker = await self._chosen_on(interaction)
        message = interaction.message
        if picker is None or message is None:
            return
        page = await self._page(picker.guild_id, number)
        permissions = interaction.app_permissions
        may_react = permissions.add_reactions and permissions.read_message_history
        shown: dict[str, Any] = {
            "filename": picker.filename, "page": page.number, "pages": page.pages
        }  # fmt: skip
        async with discord_request(seconds=POST_SECONDS):
            await interaction.edit_original_response(
                embed=picker_embed(page.styles, may_react=may_react, **shown),
                attachments=[presets_sheet(page.sheet, page.styles)],
                view=picker_view(page.styles, page=page.number, pages=page.pages),
            )
        if may_react:
            without = picker_embed(page.styles, may_react=False, **shown)
            self._react(message, page, without=without, clear=permissions.manage_messages)

    async def take(self, interaction: discord.Interaction[Any], name: str) -> None:
        """The menu was used; the interaction is acknowledged already.

        Raises:
            Refusal: the painting cannot be accepted.
        """
        picker = await self._chosen_on(interaction)
        if picker is None or interaction.message is None:
            return
        presets = await self._dependencies.catalog.presets(picker.guild_id)
        preset = find(name, presets)
        if not await self._take(picker, name, interaction.user):
            await reply_ephemeral(interaction, requests.PICKER_USED, view=start_view())
        elif preset is not None:
            may_manage = interaction.app_permissions.manage_messages
            await self._settle(interaction.message, picker, preset, clear=may_manage)

    async def _chosen_on(self, interaction: discord.Interaction[Any]) -> Picker | None:
        """The picker on the message, if this member may choose; otherwise they are told."""
        message = interaction.message
        picker = None if message is None else await self._find(message.id)
        if picker is None or self.is_expired(picker):
            await reply_ephemeral(interaction, requests.PICKER_GONE, view=start_view())
        elif picker.requester_id != interaction.user.id:
            await reply_ephemeral(interaction, requests.PICKER_NOT_YOURS, view=start_view())
        elif picker.used_at is not None:
            await reply_ephemeral(interaction, requests.PICKER_USED, view=start_view())
        else:
            return picker
        return None

    async def _page(self, guild_id: int | None, number: int) -> _Page:
        """A page of what is on offer now; a style may be removed while its sheet is made."""
        catalog = self._dependencies.catalog
        for last in (False, True):
            presets = await catalog.presets(guild_id)
            where, number, pages = page_of(len(presets), number)
            styles = presets[where]
            try:
                sheet = await catalog.sheet(styles, first=where.start + 1)
            except ArtefactMissingError:
                if last:
                    raise
            else:
                return _Page(styles=styles, sheet=sheet, number=number, pages=pages)
        raise AssertionError("the second attempt returns or raises")

    def _react(
        self,
        message: discord.Message,
        page: _Page,
        *,
        without: discord.Embed,
        clear: bool | None = None,
    ) -> None:
        """Offer the page's styles as reactions, instead of those of an earlier page.

        Args:
            message: the picker's.
            page: what it shows now.
            without: what its embed becomes where reactions turn out to be impossible.
            clear: whether earlier reactions go at once, or only the bot's own, one by one; None
                where there are none.
        """
        if self._closed:
            return
        earlier = self._reacting.get(message.id)
        if earlier is not None:
            earlier.cancel()
        work = _offer_reactions(message, page.styles, without=without, clear=clear)
        task = asyncio.create_task(work, name=f"reactions {message.id}")
        self._reacting[message.id] = task

        def ended(task: asyncio.Task[None]) -> None:
            if self._reacting.get(message.id) is task:
                del self._reacting[message.id]

        task.add_done_callback(ended)

    async def _settle(
        self,
        message: discord.Message | discord.PartialMessage,
        picker: Picker,
        preset: CatalogPreset,
        *,
        clear: bool,
    ) -> None:
        """Fold the picker up to one line; the card says the rest.

        Args:
            message: the picker's.
            picker: whose choice is made.
            preset: what was chosen.
            clear: whether the reactions may be taken away, which choose nothing any more.
        """
        reacting = self._reacting.get(message.id)
        if reacting is not None:
            reacting.cancel()
        text = settled_text(preset, filename=picker.filename)
        try:
            async with discord_request(seconds=POST_SECONDS):
                await message.edit(content=text, embed=None, attachments=[], view=None)
                if clear:
                    await message.clear_reactions()
        except DiscordError as error:
            logger.info("picker %d stays as it is: %s", picker.message_id, error)

    async def _find(self, message_id: int) -> Picker | None:
        """The picker on a message; a member may be quicker than its row is written."""
        saving = list(self._saving)
        picker = await self._dependencies.store.pickers.get(message_id)
        if picker is not None or not saving:
            return picker
        with suppress(TimeoutError):
            async with asyncio.timeout(SAVE_SECONDS):
                for saved in saving:
                    await saved.wait()
        return await self._dependencies.store.pickers.get(message_id)

    def is_expired(self, picker: Picker) -> bool:
        """Whether a picker is too old to be answered."""
        age = datetime.now(UTC) - picker.created_at
        return age > timedelta(seconds=self._dependencies.settings.picker_seconds)

    async def _take(
        self, picker: Picker, preset: str, member: discord.User | discord.Member | None
    ) -> bool:
        """Accept the choice; False where one was made before.

        The job comes first: its request_key makes it one job however often that happens, so a
        crash in between loses nothing, and of two choices at once the first counts.

        Raises:
            Refusal: the painting cannot be accepted; the picker stays on offer.
        """
        if picker.used_at is not None:
            return False
        if not self._dependencies.scheduler.accepting:
            raise RequestRefused(RequestProblem.SHUTTING_DOWN)
        recipe, options = _choices(picker, default=self._dependencies.settings.recipe)
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
            ),
            preset=preset,
            mask=None if picker.mask is None else PICTURE_SOURCE_JSON.validate_python(picker.mask),
            recipe=recipe,
            options=options,
            request_key=f"picker:{picker.message_id}",
            priority=priority_of(member, self._dependencies.settings),
        )
        await self._dependencies.intake.accept(request)
        return await self._dependencies.store.pickers.mark_used(picker.message_id)

    async def _post(
        self, responder: Responder, embed: discord.Embed, page: _Page, view: discord.ui.View
    ) -> discord.Message:
        origin = responder.origin
        options: dict[str, Any] = {}
        if origin.message_id is not None:
            options["reference"] = discord.MessageReference(
                message_id=origin.message_id,
                channel_id=origin.channel_id,
                guild_id=origin.guild_id,
                fail_if_not_exists=False,
            )
        async with discord_request(seconds=POST_SECONDS):
            return await responder.channel.send(
                embed=embed,
                file=presets_sheet(page.sheet, page.styles),
                view=view,
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


async def _offer_reactions(
    message: discord.Message,
    styles: Sequence[CatalogPreset],
    *,
    without: discord.Embed,
    clear: bool | None,
) -> None:
    """Offer every style as a reaction; the member may choose before they are all there."""
    me = message.author
    offered = 0
    try:
        with translate_discord_errors():
            if clear:
                await message.clear_reactions()
            elif clear is False:
                for reaction in message.reactions:
                    if reaction.me:
                        await message.remove_reaction(reaction.emoji, me)
            for style in styles:
                await message.add_reaction(style.emoji)
                offered += 1
    except MessageNotFoundError:
        logger.debug("the picker was settled or deleted before all reactions were there")
    except DiscordError as error:
        logger.info("reactions stay away from picker %d, the menu serves: %s", message.id, error)
        if offered == 0:
            await _without_reactions(message, without)


async def _without_reactions(message: discord.Message, embed: discord.Embed) -> None:
    """Say that only the menu is left, where reactions turned out to be impossible."""
    try:
        async with discord_request(seconds=POST_SECONDS):
            await message.edit(embed=embed)
    except DiscordError as error:
        logger.info("picker %d promises reactions that do not come: %s", message.id, error)


def _may_manage(client: discord.Client, picker: Picker) -> bool:
    """Whether the bot may take others' reactions back where the picker is."""
    guild = client.get_guild(picker.guild_id) if picker.guild_id is not None else None
    channel = None if guild is None else guild.get_channel_or_thread(picker.channel_id)
    if guild is None or channel is None:
        return False
    return channel.permissions_for(guild.me).manage_messages


async def _take_back(
    message: discord.PartialMessage, reaction: discord.RawReactionActionEvent
) -> None:
    """Take back the reaction of somebody who has no choice here; that is all they are told."""
    try:
        async with discord_request(seconds=POST_SECONDS):
            await message.remove_reaction(reaction.emoji, discord.Object(reaction.user_id))
    except DiscordError as error:
        logger.info("a reaction to picker %d stays: %s", message.id, error)


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
        async with discord_request(seconds=POST_SECONDS):
            await place.send(
                f"<@{picker.requester_id}> {text}",
                reference=reference,
                allowed_mentions=mentions,
            )
    except DiscordError as error:
        logger.warning("member %d cannot be answered: %s", picker.requester_id, error)
