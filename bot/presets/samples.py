"""Painting the thumbnails of guilds' own styles, so that they look like what the style gives.

A style is offered at once, with a detail of its picture. While the painter has nothing else to do,
it repaints the photograph that the built-in styles' thumbnails show, and that takes its place.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from importlib import resources
from typing import TYPE_CHECKING, Final

from bot.errors import ArtefactMissingError, StyleBotError
from bot.executors.protocol import Failed, Finished, Work
from bot.ops.tasks import BackgroundTasks
from bot.presets.editor import thumbnail
from stylenet.events import Checkpoint
from stylenet.recipe import Recipe

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.artefacts.folder import Artefacts
    from bot.executors.protocol import Executor
    from bot.jobs.guild_models import GuildPreset
    from bot.jobs.guilds import GuildPresets

__all__ = ["PAINTED", "PresetSamples"]

logger = logging.getLogger(__name__)

PAINTED: Final = "painted"
"""What the key of a painted thumbnail ends with; one that is yet to be painted ends otherwise."""

SIZE: Final = 256
PASSES: Final = 24
LOOK_SECONDS: Final = 30.0


class PresetSamples:
    """Paints one thumbnail at a time, and steps back as soon as a member wants a painting.

    Args:
        presets: guilds' own styles.
        artefacts: where their pictures are.
        executor: paints.
        is_busy: whether the executor has work for members.
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
        self._given_up: set[str] = set()
        self._checkpoints: dict[str, bytes] = {}
        self._tasks = BackgroundTasks()

    def start(self) -> None:
        """Start painting in the background."""
        self._tasks.keep_running(
            self._paint_all, name="preset samples", transient=(StyleBotError, OSError)
        )

    async def close(self) -> None:
        """Stop painting."""
        await self._tasks.close()

    async def _paint_all(self) -> None:
        """Paint until the executor is busy or no preset is left, then pause."""
        while not self._is_busy() and await self.paint_next():
            pass
        await asyncio.sleep(LOOK_SECONDS)

    async def paint_next(self) -> bool:
        """Paint the thumbnail of the style that has waited longest; return False if none waits.

        Raises:
            StoreUnavailableError: the database cannot be reached.
            OSError: the artefacts cannot be reached.
        """
        waiting = await self._presets.unpainted(PAINTED)
        waiting = [each for each in waiting if each.picture_key not in self._given_up]
        if not waiting:
            return False
        preset = waiting[0]
        try:
            picture = await self._paint(preset)
            if picture is None:
                return False
            small = await asyncio.to_thread(thumbnail, picture)
        except ArtefactMissingError:  # removed meanwhile
            self._given_up.add(preset.picture_key)
            return True
        key = preset.folder + PAINTED
        await self._artefacts.put(key, small)
        if await self._presets.show_as(preset, key):
            await self._artefacts.delete(preset.thumbnail_key)
            logger.info("painted a sample of style %s in guild %d", preset.name, preset.guild_id)
        else:
            await self._artefacts.delete(key)
        self._checkpoints.clear()
        return True

    async def _paint(self, preset: GuildPreset) -> bytes | None:
        """Paint the sample photograph and encode it; None if interrupted or failed."""
        work = Work(
            job_id=f"sample {preset.name}",
            content=await asyncio.to_thread(_photograph),
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
                    logger.warning("no sample of style %s: %s", preset.name, event.message)
                    if not event.retryable:
                        self._given_up.add(preset.picture_key)
                    return None
                if self._is_busy():
                    return None
        return None


def _photograph() -> bytes:
    return (resources.files("bot.presets") / "pictures" / "sample.webp").read_bytes()
