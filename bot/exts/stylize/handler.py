"""The one way from a wish to a job, whatever surface it came from."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from bot.errors import Refusal, RequestProblem, RequestRefused
from bot.exts.backend.responders import check_may_paint_here, priority_of
from bot.exts.guild.policy import check_may_ask_here
from bot.exts.stylize.request import arrange
from bot.exts.stylize.saved_suggestions import refuse
from bot.intake.intake import MAX_STYLES
from bot.intake.job_request import JobRequest
from bot.views.text import requests, sentences

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.exts.backend.dependencies import Dependencies
    from bot.exts.backend.responders import Responder
    from bot.exts.stylize.attachments import Found
    from bot.exts.stylize.parser import ParsedText
    from bot.exts.stylize.picker import PickerTable
    from bot.exts.stylize.request import NamedPicture, StylizeRequest
    from bot.intake.job_request import PictureSource
    from bot.jobs.models import Job

__all__ = ["StylizeHandler"]

logger = logging.getLogger(__name__)


class StylizeHandler:
    """Turns pictures and a wish into a job, or into a picker where the style is missing."""

    def __init__(self, dependencies: Dependencies, pickers: PickerTable) -> None:
        self._dependencies = dependencies
        self._pickers = pickers

    async def handle(
        self,
        responder: Responder,
        found: Found,
        named: Sequence[NamedPicture],
        parsed: ParsedText,
        *,
        avatar: PictureSource,
        doubt: Refusal | None = None,
    ) -> bool:
        """Serve what was written in a message: decide which picture is which, then go on.

        Args:
            responder: whoever asked.
            found: the pictures that were posted.
            named: those named in words.
            parsed: everything else that was written.
            avatar: the asker's own.
            doubt: why the asker should say first whether this was meant at all.

        Returns:
            Whether something came of it; if not, the asker was told why.
        """
        preset = None
        if parsed.words:
            preset = await self._dependencies.catalog.get(
                parsed.words, guild_id=responder.origin.guild_id
            )
        ask = arrange(
            found,
            named,
            parsed,
            names_preset=preset is not None,
            origin=responder.origin,
            avatar=avatar,
        )
        if doubt is not None:
            await refuse(self._dependencies, responder, ask, doubt)
            return False
        return await self.serve(responder, ask)

    async def serve(self, responder: Responder, ask: StylizeRequest) -> bool:
        """Serve one request, or say why not, with buttons that do something about it.

        Returns:
            Whether something came of it.
        """
        try:
            text = await self._serve(responder, ask)
        except Refusal as refusal:
            logger.info("member %d is refused: %s", ask.origin.requester_id, refusal)
            await refuse(self._dependencies, responder, ask, refusal)
            return False
        await responder.accepted(text)
        return True

    async def _serve(self, responder: Responder, ask: StylizeRequest) -> str:
        """Serve one request; returns what to tell a member who must be told something.

        Raises:
            Refusal: it cannot be served.
        """
        if not self._dependencies.scheduler.accepting:
            raise RequestRefused(RequestProblem.SHUTTING_DOWN)
        await check_may_ask_here(
            self._dependencies.store.guilds, ask.origin.guild_id, responder.channel
        )
        if ask.parsed.trouble is not None:
            raise ask.parsed.trouble
        self._check_pictures(ask)
        check_may_paint_here(responder)
        preset, unknown = await self._preset(ask)
        styles = len(ask.pictures) - 1 + (preset is not None)
        if styles > MAX_STYLES:
            raise RequestRefused(RequestProblem.TOO_MANY_PICTURES, detail=str(len(ask.pictures)))
        weights = ask.parsed.options.get("weights")
        if weights is not None and len(weights) != max(1, styles):
            raise RequestRefused(
                RequestProblem.BAD_OPTION_VALUE,
                detail=f"weights={':'.join(f'{each:g}' for each in weights)}",
                suggestion=requests.numbers_for_styles(max(1, styles)),
            )
        if styles == 0:
            await self._pickers.offer(responder, ask, unknown=unknown)
            return sentences.PICKER_POSTED
        job = await self._paint(responder, ask, preset)
        logger.info(
            "accepted job %s of member %d in channel %d: %s",
            job.job_id, job.origin.requester_id, job.origin.channel_id, job.title,
        )  # fmt: skip
        return sentences.ACCEPTED

    def _check_pictures(self, ask: StylizeRequest) -> None:
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
        elif ask.parsed.has_link:
            problem = RequestProblem.LINK_INSTEAD_OF_FILE
        else:
            problem = RequestProblem.NO_PICTURES
        raise RequestRefused(problem, detail=self._dependencies.settings.prefix)

    async def _preset(self, ask: StylizeRequest) -> tuple[str | None, str | None]:
        """The preset that the words name, and else the words that were meant as one.

        Beside two pictures, words that name no preset are a caption, unless they were given as a
        preset's name.

        Raises:
            RequestRefused: there is no preset of the name that was given.
        """
        parsed, catalog, guild_id = ask.parsed, self._dependencies.catalog, ask.origin.guild_id
        if not parsed.words:
            return None, None
        found = await catalog.get(parsed.words, guild_id=guild_id)
        if found is not None:
            return found.name, None
        if len(ask.pictures) == 1:
            return None, parsed.words
        if parsed.names_preset:
            raise RequestRefused(
                RequestProblem.UNKNOWN_PRESET,
                detail=parsed.words,
                suggestion=await catalog.nearest(parsed.words, guild_id=guild_id),
            )
        return None, None

    async def _paint(self, responder: Responder, ask: StylizeRequest, preset: str | None) -> Job:
        content, *styles = ask.pictures
        recipe = ask.parsed.recipe(self._dependencies.settings.recipe)
        return await self._dependencies.intake.accept(
            JobRequest(
                origin=ask.origin,
                content=content,
                styles=tuple(styles),
                preset=preset,
                mask=ask.mask,
                order=ask.order,
                recipe=recipe,
                options=ask.parsed.recipe_changes(recipe),
                request_key=responder.request_key,
                priority=priority_of(responder.member, self._dependencies.settings),
            )
        )
