"""Deleting a painting: its messages, and all that is kept of it."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Final

import discord

from bot.exts.backend.responders import reply_ephemeral
from bot.views.text import sentences

if TYPE_CHECKING:
    from bot.exts.backend.dependencies import Dependencies
    from bot.jobs.models import Job

__all__ = ["JobDeletion", "may_decide"]

logger = logging.getLogger(__name__)

DELETE_SECONDS: Final = 20.0


class JobDeletion:
    """Deletes for the requester and for moderators; interactions are acknowledged already."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._dependencies = dependencies

    async def delete(self, interaction: discord.Interaction[Any], job: Job) -> None:
        """Delete a job that is still kept: row, pictures, its message and its card.

        Its messages follow, however long Discord is away, since that is written down with it.

        Raises:
            StoreUnavailableError: the database cannot be reached; nothing is deleted.
        """
        if not may_decide(interaction, job):
            await reply_ephemeral(interaction, sentences.NOT_YOURS)
            return
        await self._dependencies.store.retention.forget_job(job.job_id, messages_too=True)
        # By the interaction it goes even from a channel that is closed to the bot by now.
        await self._delete_message(interaction)

    async def delete_remains(self, interaction: discord.Interaction[Any]) -> None:
        """Delete the message of a job that is not kept any more.

        Who asked for it is still to be seen: the message mentions them.
        """
        message = interaction.message
        mentioned = message is not None and interaction.user in message.mentions
        if not mentioned and not _is_moderator(interaction):
            await reply_ephemeral(interaction, sentences.JOB_GONE)
            return
        await self._delete_message(interaction)

    async def _delete_message(self, interaction: discord.Interaction[Any]) -> None:
        """Delete the message that was pressed on, by the interaction's own right to it."""
        try:
            async with asyncio.timeout(DELETE_SECONDS):
                await interaction.delete_original_response()
        except discord.NotFound:
            logger.debug("the message was deleted already")
        except (discord.HTTPException, TimeoutError) as error:
            logger.warning("a painting's message stays: %r", error)
            await reply_ephemeral(interaction, sentences.DELETED_HERE_ONLY)


def may_decide(interaction: discord.Interaction[Any], job: Job) -> bool:
    """The requester decides about a painting, and so do moderators of its server."""
    return interaction.user.id == job.origin.requester_id or _is_moderator(interaction)


def _is_moderator(interaction: discord.Interaction[Any]) -> bool:
    return interaction.guild_id is not None and interaction.permissions.manage_messages
