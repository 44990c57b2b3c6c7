"""What a member may see of a painting privately: how it was made, and how it came to be."""

from __future__ import annotations

import asyncio
import io
import re
from typing import TYPE_CHECKING, Any, Final

import discord

from bot.artefacts.folder import job_prefix
from bot.exts.backend.responders import reply_ephemeral
from bot.views.card import shown_title
from bot.views.details import details_embed, recipe_file
from bot.views.text import sentences
from bot.views.timelapse import FEWEST_FRAMES, timelapse

if TYPE_CHECKING:
    from bot.exts.backend.dependencies import Dependencies
    from bot.jobs.models import Job

__all__ = ["JobDetails"]

_SNAPSHOT: Final = re.compile(r"snapshot-(\d+)")


class JobDetails:
    """Shows a job to one member alone; the interactions are acknowledged already."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._dependencies = dependencies
        self._turn = asyncio.Semaphore(1)

    async def details(self, interaction: discord.Interaction[Any], job: Job) -> None:
        """The recipe, the figures, and how to paint it again without the bot."""
        await reply_ephemeral(interaction, "", embed=details_embed(job), file=recipe_file(job))

    async def timelapse(self, interaction: discord.Interaction[Any], job: Job) -> None:
        """The painting coming to be, as an animation; made in a thread, one at a time.

        Raises:
            ArtefactMissingError: the pictures are not kept any more.
        """
        async with self._turn:
            frames = await self._frames(job)
            if len(frames) < FEWEST_FRAMES:
                await reply_ephemeral(interaction, sentences.NO_FRAMES)
                return
            limit = min(self._dependencies.settings.timelapse_bytes, interaction.filesize_limit)
            animation = await asyncio.to_thread(timelapse, frames, max_bytes=limit)
        file = discord.File(
            io.BytesIO(animation),
            filename="time-lapse.webp",
            spoiler=job.spoiler,
            description=f"{job.title} coming to be, an animation in {len(frames)} pictures"[:1024],
        )
        text = sentences.TIMELAPSE_READY.format(title=shown_title(job), frames=len(frames))
        await reply_ephemeral(interaction, text, file=file)

    async def _frames(self, job: Job) -> list[bytes]:
        """Every snapshot that is kept, oldest first, and the finished picture.

        Raises:
            ArtefactMissingError: they were deleted meanwhile.
        """
        prefix = job_prefix(job.job_id)
        steps: dict[int, str] = {}
        async for info in self._dependencies.artefacts.list(prefix):
            found = _SNAPSHOT.fullmatch(info.key.removeprefix(prefix))
            if found:
                steps[int(found[1])] = info.key
        keys = [steps[step] for step in sorted(steps)]
        if job.result_key is not None:
            keys.append(job.result_key)
        return [await self._dependencies.artefacts.get(key) for key in keys]
