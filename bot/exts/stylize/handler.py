"""The one way from a wish to a job, whatever surface it came from."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from bot.errors import Refusal, RequestProblem, RequestRefused
from bot.exts.backend.responders import check_may_paint_here, priority_of
from bot.exts.guild.policy import check_may_ask_here
from bot.exts.stylize.request import arrange
from bot.exts.stylize.saved_suggestions import refuse
from bot.intake.accept import MAX_STYLES
from bot.intake.request import StyleRequest
from bot.views.text import requests, sentences

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.exts.backend.dependencies import Services
    from bot.exts.backend.responders import Asker
    from bot.exts.stylize.attachments import Found
    from bot.exts.stylize.parser import Wish
    from bot.exts.stylize.picker import PickerTable
    from bot.exts.stylize.request import Ask, NamedPicture
    from bot.intake.request import PictureSource
    from bot.jobs.models import Job

__all__ = ["Requests"]

logger = logging.getLogger(__name__)


class Requests:
    """Turns pictures and a wish into a job, or into a picker where the style is missing."""

    def __init__(self, services: Services, pickers: PickerTable) -> None:
        self._services = services
        self._pickers = pickers

    async def handle(
        self,
        asker: Asker,
        found: Found,
        named: Sequence[NamedPicture],
        wish: Wish,
        *,
        avatar: PictureSource,
        doubt: Refusal | None = None,
    ) -> bool:
        """Serve what was written in a message: decide which picture is which, then go on.

        Args:
            asker: whoever asked.
            found: the pictures that were posted.
            named: those named in words.
            wish: everything else that was written.
            avatar: the asker's own.
            doubt: why the asker should say first whether this was meant at all.

        Returns:
            Whether something came of it; if not, the asker was told why.
        """
        preset = None
        if wish.words:
            preset = await self._services.shelf.get(wish.words, guild_id=asker.origin.guild_id)
        ask = arrange(
            found,
            named,
            wish,
            names_preset=preset is not None,
            origin=asker.origin,
            avatar=avatar,
        )
        if doubt is not None:
            await refuse(self._services, asker, ask, doubt)
            return False
        return await self.serve(asker, ask)

    async def serve(self, asker: Asker, ask: Ask) -> bool:
        """Serve one request, or say why not, with buttons that do something about it.

        Returns:
            Whether something came of it.
        """
        try:
            text = await self._serve(asker, ask)
        except Refusal as refusal:
            logger.info("member %d is refused: %s", ask.origin.requester_id, refusal)
            await refuse(self._services, asker, ask, refusal)
            return False
        await asker.accepted(text)
        return True

    async def _serve(self, asker: Asker, ask: Ask) -> str:
        """Serve one request; returns what to tell a member who must be told something.

        Raises:
            Refusal: it cannot be served.
        """
        if not self._services.scheduler.accepting:
            raise RequestRefused(RequestProblem.SHUTTING_DOWN)
        await check_may_ask_here(self._services.store.guilds, ask.origin.guild_id, asker.channel)
        if ask.wish.trouble is not None:
            raise ask.wish.trouble
        self._check_pictures(ask)
        check_may_paint_here(asker)
        preset, unknown = await self._preset(ask)
        styles = len(ask.pictures) - 1 + (preset is not None)
        if styles > MAX_STYLES:
            raise RequestRefused(RequestProblem.TOO_MANY_PICTURES, detail=str(len(ask.pictures)))
        weights = ask.wish.options.get("weights")
        if weights is not None and len(weights) != max(1, styles):
            raise RequestRefused(
                RequestProblem.BAD_OPTION_VALUE,
                detail=f"weights={':'.join(f'{each:g}' for each in weights)}",
                suggestion=requests.numbers_for_styles(max(1, styles)),
            )
        if styles == 0:
            await self._pickers.offer(asker, ask, unknown=unknown)
            return sentences.PICKER_POSTED
        job = await self._paint(asker, ask, preset)
        logger.info(
            "accepted job %s of member %d in channel %d: %s",
            job.job_id, job.origin.requester_id, job.origin.channel_id, job.title,
        )  # fmt: skip
        return sentences.ACCEPTED

    def _check_pictures(self, ask: Ask) -> None:
        """Make sure there is something to repaint.

        Raises:
            RequestRefused: there is not.
        """
        if ask.pictures and not ask.lacks_content:
            return
        if ask.pictures:
            problem = RequestProblem.STYLE_WITHOUT_CONTENT
        elif ask.mask is not None:
            problem = RequestProblem.MASK_WITHOUT_PICTURE
        elif ask.is_gone:
            problem = RequestProblem.MESSAGE_GONE
        elif ask.wish.has_link:
            problem = RequestProblem.LINK_INSTEAD_OF_FILE
        else:
            problem = RequestProblem.NO_PICTURES
        raise RequestRefused(problem, detail=self._services.settings.prefix)

    async def _preset(self, ask: Ask) -> tuple[str | None, str | None]:
        """The preset that the words name, and else the words that were meant as one.

        Beside two pictures, words that name no preset are a caption, unless they were given as a
        preset's name.

        Raises:
            RequestRefused: there is no preset of the name that was given.
        """
        wish, shelf, guild_id = ask.wish, self._services.shelf, ask.origin.guild_id
        if not wish.words:
            return None, None
        found = await shelf.get(wish.words, guild_id=guild_id)
        if found is not None:
            return found.name, None
        if len(ask.pictures) == 1:
            return None, wish.words
        if wish.names_preset:
            raise RequestRefused(
                RequestProblem.UNKNOWN_PRESET,
                detail=wish.words,
                suggestion=await shelf.nearest(wish.words, guild_id=guild_id),
            )
        return None, None

    async def _paint(self, asker: Asker, ask: Ask, preset: str | None) -> Job:
        content, *styles = ask.pictures
        recipe = ask.wish.recipe(self._services.settings.recipe)
        return await self._services.intake.accept(
            StyleRequest(
                origin=ask.origin,
                content=content,
                styles=tuple(styles),
                preset=preset,
                mask=ask.mask,
                order=ask.order,
                recipe=recipe,
                options=ask.wish.recipe_changes(recipe),
                request_key=asker.request_key,
                priority=priority_of(asker.member, self._services.settings),
            )
        )
