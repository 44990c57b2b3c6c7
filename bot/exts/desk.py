"""The front desk: what happens when a member presses a button or uses a menu."""

from __future__ import annotations

import logging
import random
from typing import TYPE_CHECKING, Any, Final

import discord

from bot.errors import RequestProblem, RequestRefused
from bot.exts.answers import (
    InteractionAsker,
    check_may_paint_here,
    defer,
    sentence_for,
    whisper,
)
from bot.exts.wishes import LARGEST_SEED
from bot.intake.request import HeldPicture, StyleRequest
from bot.views import wording
from bot.views.buttons import Verb
from bot.views.details import details_embed

if TYPE_CHECKING:
    from bot.exts.picker import PickerTable
    from bot.exts.services import Services
    from bot.jobs.model import Job

__all__ = ["FrontDesk"]

log = logging.getLogger(__name__)

UNKNOWN_MESSAGE: Final = 10008


class FrontDesk:
    """Answers every press, also on messages of jobs long gone and from processes long dead."""

    def __init__(self, services: Services, pickers: PickerTable) -> None:
        self._services = services
        self._pickers = pickers

    async def pressed(self, interaction: discord.Interaction[Any], job_id: str, verb: Verb) -> None:
        """A member pressed a job's button."""
        if not await defer(interaction):
            return
        try:
            job = await self._services.store.get(job_id)
            match verb:
                case Verb.CANCEL:
                    await self._cancel(interaction, job)
                case Verb.AGAIN:
                    await self._again(interaction, job)
                case Verb.DETAILS:
                    await whisper(interaction, "", embed=details_embed(job))
                case Verb.DELETE:
                    await self._delete(interaction, job)
        except Exception as error:
            await whisper(interaction, sentence_for(error, doing=f"{verb} on job {job_id}"))

    async def chose(self, interaction: discord.Interaction[Any], preset: str) -> None:
        """A member chose a preset from a picker's menu."""
        if not await defer(interaction):
            return
        try:
            await self._pickers.chose(interaction, preset)
        except Exception as error:
            await whisper(interaction, sentence_for(error, doing=f"choosing {preset}"))

    async def _cancel(self, interaction: discord.Interaction[Any], job: Job) -> None:
        if not _may_decide(interaction, job):
            await whisper(interaction, wording.NOT_YOURS)
        elif job.state.is_final:
            await whisper(interaction, wording.ALREADY_ENDED)
        else:
            await self._services.store.cancel(job.job_id)  # the card says the rest

    async def _again(self, interaction: discord.Interaction[Any], job: Job) -> None:
        """Paint the same pictures with another seed, for whoever pressed."""
        if not self._services.scheduler.accepting:
            raise RequestRefused(RequestProblem.SHUTTING_DOWN)
        message = interaction.message
        asker = InteractionAsker(interaction, reply_to=message.id if message else None)
        check_may_paint_here(asker)
        content, styles = _held(job)
        seed = random.randrange(LARGEST_SEED)  # noqa: S311 - variety, not secrecy
        await self._services.intake.accept(
            StyleRequest(
                origin=asker.origin,
                content=content,
                styles=styles,
                recipe=job.recipe,
                options={"seed": seed},
                title=job.title,
                request_key=asker.request_key,
            )
        )

    async def _delete(self, interaction: discord.Interaction[Any], job: Job) -> None:
        """Delete the message and the job's card."""
        if not _may_decide(interaction, job):
            await whisper(interaction, wording.NOT_YOURS)
            return
        message = interaction.message
        if message is not None:
            await _delete(message)
        if job.card_message_id is not None:
            place = interaction.client.get_partial_messageable(
                job.origin.channel_id, guild_id=job.origin.guild_id
            )
            await _delete(place.get_partial_message(job.card_message_id))


def _may_decide(interaction: discord.Interaction[Any], job: Job) -> bool:
    """The requester decides about a painting, and so do moderators of its server."""
    if interaction.user.id == job.origin.requester_id:
        return True
    return interaction.guild_id is not None and interaction.permissions.manage_messages


def _held(job: Job) -> tuple[HeldPicture, tuple[HeldPicture, ...]]:
    """The job's own inputs, as pictures for another one."""
    content = HeldPicture(
        key=job.content_key, filename=job.title, spoiler=job.spoiler, size=job.content_size
    )
    styles = tuple(HeldPicture(key=key, filename=job.title) for key in job.style_keys)
    return content, styles


async def _delete(message: discord.Message | discord.PartialMessage) -> None:
    try:
        await message.delete()
    except discord.NotFound:
        log.debug("message %d was deleted already", message.id)
