"""The one way from a wish to a job, whatever surface it came from."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from bot.errors import RequestProblem, RequestRefused
from bot.exts.answers import check_may_paint_here
from bot.intake.request import StyleRequest
from bot.presets import library
from bot.views import wording

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.exts.answers import Asker
    from bot.exts.picker import PickerTable
    from bot.exts.services import Services
    from bot.exts.wishes import Wish
    from bot.intake.request import PictureSource
    from bot.jobs.model import Job

__all__ = ["Requests"]

log = logging.getLogger(__name__)


class Requests:
    """Turns pictures and a wish into a job, or into a picker where the style is missing."""

    def __init__(self, services: Services, pickers: PickerTable) -> None:
        self._services = services
        self._pickers = pickers

    async def handle(self, asker: Asker, pictures: Sequence[PictureSource], wish: Wish) -> None:
        """Serve one request.

        Raises:
            Refusal: it cannot be served; the member is to be told why.
        """
        if not self._services.scheduler.accepting:
            raise RequestRefused(RequestProblem.SHUTTING_DOWN)
        if not pictures:
            problem = RequestProblem.NO_PICTURES
            if wish.has_link:
                problem = RequestProblem.LINK_INSTEAD_OF_FILE
            raise RequestRefused(problem, detail=self._services.settings.prefix)
        check_may_paint_here(asker)
        preset, unknown = _preset(wish, pictures)
        if len(pictures) == 1 and preset is None:
            await self._pickers.offer(asker, pictures[0], wish, unknown=unknown)
            await asker.accepted(wording.PICKER_POSTED)
            return
        job = await self._paint(asker, pictures, wish, preset)
        log.info(
            "accepted job %s of member %d in channel %d: %s",
            job.job_id, job.origin.requester_id, job.origin.channel_id, job.title,
        )  # fmt: skip
        await asker.accepted(wording.ACCEPTED)

    async def _paint(
        self, asker: Asker, pictures: Sequence[PictureSource], wish: Wish, preset: str | None
    ) -> Job:
        content, *styles = pictures
        if wish.swap and styles:
            content, styles = styles[0], [content, *styles[1:]]
        recipe = wish.recipe(self._services.settings.recipe)
        return await self._services.intake.accept(
            StyleRequest(
                origin=asker.origin,
                content=content,
                styles=tuple(styles),
                preset=preset,
                recipe=recipe,
                options=wish.recipe_changes(recipe),
                request_key=asker.request_key,
            )
        )


def _preset(wish: Wish, pictures: Sequence[PictureSource]) -> tuple[str | None, str | None]:
    """The preset that the wish names, and else the words that were meant as one.

    Beside two pictures, words that name no preset are a caption.
    """
    if not wish.words:
        return None, None
    found = library.get(wish.words)
    if found is not None:
        return found.name, None
    return None, wish.words if len(pictures) == 1 else None
