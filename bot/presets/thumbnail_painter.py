"""Paint thumbnails of guilds' presets while the executor is idle.

A new preset's thumbnail is a crop of its style picture. It is replaced by a painting of the
photograph that the built-in presets' thumbnails show.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from importlib import resources
from typing import TYPE_CHECKING, Final

from bot.errors import ArtefactMissingError, StyleBotError
from bot.executors.protocol import Failed, Finished, Work
from bot.ops.error_report import Where, count_error
from bot.ops.tasks import BackgroundTasks
from bot.presets.editor import make_thumbnail
from stylenet.events import Checkpoint
from stylenet.recipe import Recipe

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.artefacts.base import Artefacts
    from bot.executors.protocol import Executor
    from bot.jobs.guilds import GuildPresets
    from bot.jobs.models import GuildPreset

__all__ = ["PAINTED", "ThumbnailPainter"]

logger = logging.getLogger(__name__)

PAINTED: Final = "painted"
"""Last part of the key of a painted thumbnail; the keys of crops end differently."""

SIZE: Final = 256
PASSES: Final = 24
POLL_SECONDS: Final = 30.0


class ThumbnailPainter:
    """Paints one thumbnail at a time, and stops as soon as the executor has a member's job.

    Args:
        presets: the guilds' presets.
        artefacts: holds their pictures.
        executor: paints the thumbnails.
        is_busy: returns whether the executor has work for members.
    """

    def __init__(
        self,
        presets: GuildPresets,
        artefacts: Artefacts,
        executor: Executor,
        *,
        is_busy: Callable[[], bool],
    ) -> None:
        self._presets = presets
        self._artefacts = artefacts
        self._executor = executor
        self._is_busy = is_busy
        self._failed: set[str] = set()
        self._checkpoints: dict[str, bytes] = {}
        self._tasks = BackgroundTasks(Where.PRESETS)

    def start(self) -> None:
        """Start painting in the background."""
        self._tasks.keep_running(
            self._paint_all, name="preset thumbnails", transient=(StyleBotError, OSError)
        )

    async def close(self) -> None:
        """Stop painting."""
        await self._tasks.close()

    async def _paint_all(self) -> None:
        """Paint until the executor is busy or no preset is left, then pause."""
        while not self._is_busy() and await self.paint_next():
            pass
        await asyncio.sleep(POLL_SECONDS)

    async def paint_next(self) -> bool:
        """Paint the thumbnail of the preset that has waited longest; return False if none waits.

        Raises:
            StoreUnavailableError: the database cannot be reached.
            OSError: the artefacts cannot be reached.
        """
        waiting = await self._presets.list_without_sample(PAINTED)
        waiting = [each for each in waiting if each.picture_key not in self._failed]
        if not waiting:
            return False
        preset = waiting[0]
        try:
            picture = await self._paint(preset)
            if picture is None:
                return False
            thumbnail = await asyncio.to_thread(make_thumbnail, picture)
        except ArtefactMissingError:  # the preset was removed
            self._failed.add(preset.picture_key)
            return True
        key = preset.folder + PAINTED
        await self._artefacts.put(key, thumbnail)
        if await self._presets.set_thumbnail(preset, key):
            await self._artefacts.delete(preset.thumbnail_key)
            logger.info(
                "painted the thumbnail of preset %s in guild %d", preset.name, preset.guild_id
            )
        else:
            await self._artefacts.delete(key)
        self._checkpoints.clear()
        return True

    async def _paint(self, preset: GuildPreset) -> bytes | None:
        """Paint the sample photograph and encode it; None if interrupted or failed."""
        work = Work(
            job_id=f"sample {preset.name}",
            content=await asyncio.to_thread(_sample_photograph),
            styles=(await self._artefacts.get(preset.picture_key),),
            recipe=Recipe.named("default").evolve(size=SIZE, passes=PASSES, style_fit="area"),
            checkpoint=self._checkpoints.get(preset.picture_key),
        )
        async with contextlib.aclosing(self._executor.run(work)) as events:
            async for event in events:
                if isinstance(event, Finished):
                    return event.image
                if isinstance(event, Checkpoint):
                    self._checkpoints = {preset.picture_key: event.state}
                if isinstance(event, Failed):
                    count_error(Where.PRESETS, event.code)
                    logger.warning(
                        "painting the thumbnail of preset %s failed: %s", preset.name, event.message
                    )
                    if not event.retryable:
                        self._failed.add(preset.picture_key)
                    return None
                if self._is_busy():
                    return None
        return None


def _sample_photograph() -> bytes:
    return (resources.files("bot.presets") / "pictures" / "sample.webp").read_bytes()
