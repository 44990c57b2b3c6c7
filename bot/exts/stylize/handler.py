"""Serve a request to stylize: validate it, then accept a job or post a picker."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from bot.errors import PictureRefused, Refusal, RequestProblem, RequestRefused
from bot.exts.backend.access import check_channel_allowed
from bot.exts.backend.responders import check_bot_permissions, priority_of
from bot.exts.stylize.option_reader import leftover_option
from bot.exts.stylize.request import build_request
from bot.exts.stylize.suggestions import refuse
from bot.intake.intake import MAX_STYLES
from bot.intake.job_request import JobRequest
from bot.presets.catalog import nearest
from bot.presets.expression import named_presets, nearest_expression, read_presets
from bot.views.text import jobs, requests
from bot.views.text.units import count, duration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.exts.backend.dependencies import Dependencies
    from bot.exts.backend.responders import Responder
    from bot.exts.stylize.attachments import MessagePictures
    from bot.exts.stylize.parser import ParsedText
    from bot.exts.stylize.picker import PickerHandler
    from bot.exts.stylize.request import ResolvedReference, StylizeRequest
    from bot.intake.job_request import PictureSource
    from bot.presets.catalog import CatalogPreset
    from bot.presets.expression import PresetBlend

__all__ = ["StylizeHandler"]

logger = logging.getLogger(__name__)


class StylizeHandler:
    """Turns requests into jobs, or into pickers if the style is missing."""

    def __init__(self, dependencies: Dependencies, pickers: PickerHandler) -> None:
        self._dependencies = dependencies
        self._pickers = pickers

    async def handle(
        self,
        responder: Responder,
        found: MessagePictures,
        resolved: Sequence[ResolvedReference],
        parsed: ParsedText,
        *,
        avatar: PictureSource,
        doubt: Refusal | None = None,
    ) -> bool:
        """Decide which picture of a message is which, then serve the request.

        Args:
            responder: answers the requester.
            found: the posted pictures.
            resolved: the pictures that the text refers to.
            parsed: the text.
            avatar: the requester's avatar.
            doubt: a question to ask instead of serving the request, or None.

        Returns:
            Whether the request was served; if not, the requester got the reason.
        """
        presets = await self._dependencies.catalog.presets(responder.origin.guild_id)
        request = build_request(
            found,
            resolved,
            parsed,
            names_preset=_names_preset(parsed, presets),
            origin=responder.origin,
            avatar=avatar,
        )
        if doubt is not None:
            await refuse(self._dependencies, responder, request, doubt)
            return False
        return await self.serve(responder, request)

    async def serve(self, responder: Responder, request: StylizeRequest) -> bool:
        """Serve one request, or refuse it with suggestions.

        Returns:
            Whether the request was served.
        """
        presets = await self._dependencies.catalog.presets(request.origin.guild_id)
        request = _with_leftover_option(request, presets)
        try:
            text = await self._serve(responder, request, presets)
        except Refusal as refusal:
            logger.info("refused a request of member %d: %s", request.origin.requester_id, refusal)
            await refuse(self._dependencies, responder, request, refusal)
            return False
        await responder.confirm(text)
        return True

    async def _serve(
        self, responder: Responder, request: StylizeRequest, presets: Sequence[CatalogPreset]
    ) -> str:
        """Serve one request and return the text of the acknowledgement.

        Raises:
            Refusal: the request cannot be served.
        """
        await self._check(responder, request, presets)
        blend, unknown = _find_presets(request, presets)
        styles = len(request.pictures) - 1 + (0 if blend is None else len(blend.presets))
        _check_styles(request, styles)
        if styles == 0 and request.more_contents:
            raise _several_without_style(unknown, presets)
        if styles == 0:
            await self._pickers.post(responder, request, unknown=unknown)
            return requests.PICKER_POSTED
        return await self._accept_each(responder, request, blend)

    async def _check(
        self, responder: Responder, request: StylizeRequest, presets: Sequence[CatalogPreset]
    ) -> None:
        """Check everything but the styles.

        Raises:
            AccessRefused: the channel is closed to requests.
            RequestRefused: the bot is shutting down, an option has a problem, there is no content
                picture, or a permission is missing.
        """
        if not self._dependencies.scheduler.accepting:
            raise RequestRefused(RequestProblem.SHUTTING_DOWN)
        await check_channel_allowed(
            self._dependencies.store.guilds, request.origin.guild_id, responder.channel
        )
        if request.parsed.error is not None:
            raise request.parsed.error
        await self._check_content(request, presets)
        check_bot_permissions(responder)

    async def _check_content(
        self, request: StylizeRequest, presets: Sequence[CatalogPreset]
    ) -> None:
        """Check that there is a content picture.

        Raises:
            RequestRefused: there is none.
        """
        if request.pictures and not request.lacks_content:
            return
        if request.pictures:
            problem = RequestProblem.STYLE_WITHOUT_CONTENT
        elif request.mask is not None:
            problem = RequestProblem.MASK_WITHOUT_PICTURE
        elif request.reply_is_missing:
            problem = RequestProblem.MESSAGE_GONE
        elif request.parsed.has_link:
            problem = RequestProblem.LINK_INSTEAD_OF_FILE
        elif _names_preset(request.parsed, presets):
            seconds = self._dependencies.settings.recent_picture_seconds
            raise RequestRefused(
                RequestProblem.AWAITING_PICTURE,
                detail=request.parsed.words,
                suggestion=duration(seconds) if seconds else None,
            )
        else:
            problem = RequestProblem.NO_PICTURES
        prefix = await self._dependencies.prefixes.of_guild(request.origin.guild_id)
        raise RequestRefused(problem, detail=prefix)

    async def _accept_each(
        self, responder: Responder, request: StylizeRequest, blend: PresetBlend | None
    ) -> str:
        """Accept a job for each content picture and return the text of the acknowledgement.

        If some are accepted and others not, the member reads which, with suggestions for the rest.

        Raises:
            Refusal: none can be accepted.
        """
        contents = (request.pictures[0], *request.more_contents)
        if len(contents) == 1:
            await self._accept(responder, request, blend, key=responder.request_key)
            return jobs.ACCEPTED
        accepted: list[PictureSource] = []
        left: list[PictureSource] = []
        refusals: list[Refusal] = []
        for index, content in enumerate(contents):
            one = replace(request, pictures=(content, *request.pictures[1:]))
            try:
                if refusals and not isinstance(refusals[-1], PictureRefused):
                    left.append(content)  # what refused the one before refuses this one too
                    continue
                await self._accept(responder, one, blend, key=f"{responder.request_key}:{index}")
                accepted.append(content)
            except Refusal as refusal:
                refusals.append(refusal)
                left.append(content)
        if not accepted:
            raise refusals[0]
        if refusals:
            rest = replace(
                request,
                pictures=(left[0], *request.pictures[1:]),
                more_contents=tuple(left[1:]),
            )
            logger.info("refused some of a member's pictures: %s", refusals[0])
            said = requests.some_accepted(
                [each.filename for each in accepted], [each.filename for each in left]
            )
            await refuse(self._dependencies, responder, rest, refusals[0], before=said)
        return jobs.ACCEPTED_SEVERAL.format(paintings=count(len(accepted), "painting"))

    async def _accept(
        self,
        responder: Responder,
        request: StylizeRequest,
        blend: PresetBlend | None,
        *,
        key: str,
    ) -> None:
        content, *styles = request.pictures
        recipe = request.parsed.recipe(self._dependencies.settings.recipe)
        options = request.parsed.recipe_changes(recipe)
        if blend is not None and blend.weights:
            options.setdefault("blend", (1.0,) * len(styles) + blend.weights)
        job = await self._dependencies.intake.accept(
            JobRequest(
                origin=request.origin,
                content=content,
                styles=tuple(styles),
                presets=() if blend is None else tuple(each.name for each in blend.presets),
                mask=request.mask,
                order=request.order,
                recipe=recipe,
                options=options,
                request_key=key,
                priority=priority_of(responder.member, self._dependencies.settings),
                notify=request.parsed.notify,
            )
        )
        logger.info(
            "accepted job %s of member %d in channel %d: %s",
            job.job_id, job.origin.requester_id, job.origin.channel_id, job.title,
        )  # fmt: skip


def _names_preset(parsed: ParsedText, presets: Sequence[CatalogPreset]) -> bool:
    return bool(parsed.words) and read_presets(parsed.words, presets) is not None


def _with_leftover_option(
    request: StylizeRequest, presets: Sequence[CatalogPreset]
) -> StylizeRequest:
    """Return the request with the words that look like an option reported as its error.

    Without an error of an option they would be dropped, or taken for a style.
    """
    parsed = request.parsed
    if parsed.error is not None or not parsed.words or _names_preset(parsed, presets):
        return request
    is_caption = len(request.pictures) > 1 and not parsed.names_preset
    found = leftover_option(parsed.words, presets, is_caption=is_caption)
    if found is None:
        return request
    error, correction, words = found
    return replace(request, parsed=replace(parsed, error=error, correction=correction, words=words))


def _find_presets(
    request: StylizeRequest, presets: Sequence[CatalogPreset]
) -> tuple[PresetBlend | None, str | None]:
    """Return the presets of the request, or else the words that were meant as one.

    With several pictures, words that name no preset are a caption, unless they were given
    explicitly as a preset's name.

    Raises:
        RequestRefused: one of several presets, or one given explicitly, does not exist.
    """
    parsed = request.parsed
    if not parsed.words:
        return None, None
    blend = read_presets(parsed.words, presets)
    if blend is not None:
        return blend, None
    has_one_picture = len(request.pictures) == 1
    near = nearest_expression(parsed.words, presets)
    is_blend = near is not None and len(named_presets(near, presets)) > 1
    if (parsed.names_preset and not has_one_picture) or (has_one_picture and is_blend):
        raise RequestRefused(
            RequestProblem.UNKNOWN_PRESET,
            detail=parsed.words,
            suggestion=near or nearest(parsed.words, presets),
        )
    return None, parsed.words if has_one_picture else None


def _several_without_style(unknown: str | None, presets: Sequence[CatalogPreset]) -> RequestRefused:
    """Return the refusal of several content pictures without a style."""
    if unknown is None:
        return RequestRefused(RequestProblem.SEVERAL_WITHOUT_STYLE)
    suggestion = nearest(unknown, presets)
    return RequestRefused(RequestProblem.UNKNOWN_PRESET, detail=unknown, suggestion=suggestion)


def _check_styles(request: StylizeRequest, styles: int) -> None:
    """Check the number of styles, and that the weights match it.

    Raises:
        RequestRefused: there are too many styles, or too many or too few weights.
    """
    if styles > MAX_STYLES:
        raise RequestRefused(RequestProblem.TOO_MANY_PICTURES, detail=str(len(request.pictures)))
    weights = request.parsed.options.get("weights")
    if weights is not None and len(weights) != max(1, styles):
        raise RequestRefused(
            RequestProblem.BAD_OPTION_VALUE,
            detail=f"weights={':'.join(f'{weight:g}' for weight in weights)}",
            suggestion=requests.numbers_for_styles(max(1, styles)),
        )
