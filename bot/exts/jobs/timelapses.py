"""Time-lapses: shown to a member alone, and posted in a channel."""

from __future__ import annotations

import asyncio
import io
import logging
from typing import TYPE_CHECKING, Any, Final

import discord

from bot.artefacts.keys import job_prefix, snapshot_step
from bot.discord_errors import discord_request
from bot.exts.backend.responders import (
    InteractionResponder,
    check_bot_permissions,
    reply_ephemeral,
)
from bot.views.card import shown_title
from bot.views.components.items import RoutedView, job_button
from bot.views.components.routes import JobAction
from bot.views.text import jobs as text
from bot.views.text.quoting import plain
from bot.views.timelapse import FEWEST_FRAMES, timelapse

if TYPE_CHECKING:
    from bot.exts.backend.dependencies import Dependencies
    from bot.jobs.models import Job

__all__ = ["Timelapses"]

logger = logging.getLogger(__name__)

POST_SECONDS: Final = 60.0


class Timelapses:
    """Makes the animations, one at a time, and sends them."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._store = dependencies.store
        self._artefacts = dependencies.artefacts
        self._largest = dependencies.settings.timelapse_bytes
        self._lock = asyncio.Lock()

    async def show(self, interaction: discord.Interaction[Any], job: Job) -> None:
        """Show a time-lapse to the member alone, with a button that posts it.

        Raises:
            ArtefactMissingError: the pictures are not kept any more.
        """
        made = await self._make(interaction, job)
        if made is not None:
            view = RoutedView(job_button(job.job_id, JobAction.POST_TIMELAPSE))
            await reply_ephemeral(interaction, _sentence(job), file=made, view=view)

    async def post(self, interaction: discord.Interaction[Any], job: Job) -> None:
        """Post a time-lapse in the channel, below the painting if that is there.

        The message is deleted with the job. Its nonce makes two presses within a few minutes one.

        Raises:
            ArtefactMissingError: the pictures are not kept any more.
            UnknownJobError: the job was deleted meanwhile.
            RequestRefused: the bot may not post here.
            DiscordError: it was not posted.
        """
        responder = InteractionResponder(interaction)
        check_bot_permissions(responder)
        made = await self._make(interaction, job)
        if made is None:
            return
        channel: Any = responder.channel
        # Pressed at once, the painting's message may have been recorded only meanwhile.
        job = await self._store.get(job.job_id)
        is_below = channel.id == job.outcome_channel_id and job.outcome_message_id is not None
        reference = None
        if is_below and responder.permissions.read_message_history:
            reference = discord.MessageReference(
                message_id=job.outcome_message_id or 0,
                channel_id=channel.id,
                guild_id=interaction.guild_id,
                fail_if_not_exists=False,
            )
        async with discord_request(seconds=POST_SECONDS):
            message = await channel.send(
                _sentence(job),
                file=made,
                nonce=f"{job.job_id}-lapse",
                reference=reference,
                allowed_mentions=discord.AllowedMentions.none(),
            )
        await self._store.job_messages.add(job.job_id, channel_id=channel.id, message_id=message.id)
        logger.info("member %d posted the time-lapse of job %s", interaction.user.id, job.job_id)

    async def _make(self, interaction: discord.Interaction[Any], job: Job) -> discord.File | None:
        """Make the animation in a thread; None if the member was told why there is none."""
        limit = min(self._largest, interaction.filesize_limit)
        async with self._lock:
            frames = await self._frames(job)
            if len(frames) < FEWEST_FRAMES:
                await reply_ephemeral(interaction, text.NO_FRAMES)
                return None
            try:
                animation = await asyncio.to_thread(timelapse, frames, max_bytes=limit)
            except ValueError as error:
                logger.info("job %s: %s", job.job_id, error)
                await reply_ephemeral(interaction, text.TIMELAPSE_TOO_LARGE)
                return None
        return discord.File(
            io.BytesIO(animation),
            filename="time-lapse.webp",
            spoiler=job.spoiler,
            description=text.TIMELAPSE_ALT.format(title=plain(job.title))[:1024],
        )

    async def _frames(self, job: Job) -> list[bytes]:
        """Load every snapshot that is kept, oldest first, and the finished picture.

        Raises:
            ArtefactMissingError: they were deleted meanwhile.
        """
        prefix = job_prefix(job.job_id)
        steps: dict[int, str] = {}
        async for info in self._artefacts.list(prefix):
            step = snapshot_step(info.key)
            if step is not None:
                steps[step] = info.key
        keys = [steps[step] for step in sorted(steps)]
        if job.result_key is not None:
            keys.append(job.result_key)
        return [await self._artefacts.get(key) for key in keys]


def _sentence(job: Job) -> str:
    return text.TIMELAPSE_READY.format(title=shown_title(job))
