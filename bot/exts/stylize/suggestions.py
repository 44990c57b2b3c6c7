"""Suggest what to do about a refused request: which suggestions fit, and what each changes.

The suggestions are buttons under the refusal. The request is saved with them, so that the
buttons work after a restart.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import AliasChoices, Field, TypeAdapter

from bot.errors import (
    LimitReached,
    PictureProblem,
    PictureRefused,
    Refusal,
    RequestProblem,
    RequestRefused,
    StyleBotError,
)
from bot.exts.stylize.request import StylizeRequest  # noqa: TC001 - pydantic reads it
from bot.exts.stylize.upload_form import MASK_INDEX, form_of
from bot.intake.intake import MAX_STYLES
from bot.jobs.job_inputs import InputSource, RoleAssignment
from bot.jobs.models import SavedRequest, new_saved_request_id
from bot.ops.error_report import Where, count_error
from bot.views.components.items import CONTENT_FIELD, STYLE_FIELD, suggestion_view
from bot.views.components.routes import Suggestion
from bot.views.text import errors

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bot.exts.backend.dependencies import Dependencies
    from bot.exts.backend.responders import Responder
    from bot.exts.stylize.parser import ParsedText
    from bot.intake.job_request import PictureSource

__all__ = [
    "RefusedRequest",
    "SuggestionSet",
    "apply_suggestion",
    "find_awaiting",
    "find_refused",
    "refuse",
    "suggestions_for",
]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class SuggestionSet:
    """The suggestions for one refusal. The validation aliases are earlier field names.

    Attributes:
        suggestions: the most likely first.
        picture: index of the refused picture: 0 for the content, `MASK_INDEX` for the mask; None
            if no single picture was refused.
        option: name and value that the refused option probably meant.
        preset: name that the unknown preset probably meant.
        drops_preset: whether `Suggestion.WITHOUT` removes the preset instead of the option.
        awaits_picture: whether the member's next picture in the channel is the missing one.
    """

    suggestions: Annotated[
        tuple[Suggestion, ...], Field(validation_alias=AliasChoices("suggestions", "remedies"))
    ] = ()
    picture: Annotated[int | None, Field(validation_alias=AliasChoices("picture", "at"))] = None
    option: tuple[str, Any] | None = None
    preset: str | None = None
    drops_preset: bool = False
    awaits_picture: bool = False

    @property
    def correction(self) -> str | None:
        """What `Suggestion.CORRECT` would use, as text for its button."""
        if self.preset is not None:
            return self.preset
        if self.option is not None:
            name, value = self.option
            return f"{name}={value:g}" if isinstance(value, float) else f"{name}={value}"
        return None


@dataclass(frozen=True, kw_only=True, slots=True)
class RefusedRequest:
    """A refused request and its suggestions, as saved in `SavedRequest.payload`."""

    request: Annotated[StylizeRequest, Field(validation_alias=AliasChoices("request", "ask"))]
    suggested: Annotated[SuggestionSet, Field(validation_alias=AliasChoices("suggested", "way"))]


REFUSED_REQUEST_JSON: Final = TypeAdapter(RefusedRequest)


async def refuse(
    dependencies: Dependencies,
    responder: Responder,
    request: StylizeRequest,
    refusal: Refusal,
    *,
    before: str = "",
) -> None:
    """Tell the member why the request is refused, with buttons for the suggestions.

    If the request cannot be saved, the text is sent without buttons.

    Args:
        dependencies: shared by the cogs.
        responder: answers the member.
        request: the request, or what is left of it.
        refusal: why.
        before: a sentence to say first.
    """
    suggested = suggestions_for(refusal, request)
    text = f"{before} {errors.explain(refusal) or refusal}".strip()
    if not suggested.suggestions:
        await responder.reply(text)
        return
    refused = RefusedRequest(request=request, suggested=suggested)
    size = len(REFUSED_REQUEST_JSON.dump_json(refused))
    saved = SavedRequest(
        request_id=new_saved_request_id(),
        requester_id=request.origin.requester_id,
        guild_id=request.origin.guild_id,
        payload=REFUSED_REQUEST_JSON.dump_python(refused, mode="json"),
        stored_bytes=size,
        created_at=datetime.now(UTC),
    )
    try:
        await dependencies.intake.quota.check(request.origin, size)
        await dependencies.store.saved_requests.save(saved)
    except StyleBotError as error:
        count_error(Where.BACKEND, error)
        logger.warning("cannot save a refused request, no suggestions are shown: %s", error)
        await responder.reply(text)
        return
    view = suggestion_view(
        saved.request_id,
        suggested.suggestions,
        correction=suggested.correction,
        form=form_of(request, suggested.picture),
        owner_id=saved.requester_id,
    )
    await responder.reply(text, view=view)


async def find_refused(
    dependencies: Dependencies, suggestion_id: str
) -> tuple[SavedRequest, RefusedRequest] | None:
    """Return the saved request of this id, used or not; None if it has expired.

    Raises:
        StoreUnavailableError: the database cannot be reached.
    """
    saved = await dependencies.store.saved_requests.get(suggestion_id)
    oldest = datetime.now(UTC) - timedelta(seconds=dependencies.settings.picker_seconds)
    if saved is None or saved.created_at < oldest:
        return None
    return saved, REFUSED_REQUEST_JSON.validate_python(saved.payload)


async def find_awaiting(
    dependencies: Dependencies, requester_id: int, channel_id: int
) -> tuple[SavedRequest, RefusedRequest] | None:
    """Return the member's newest request that awaits a picture in a channel, or None.

    Raises:
        StoreUnavailableError: the database cannot be reached.
    """
    seconds = dependencies.settings.recent_picture_seconds
    oldest = datetime.now(UTC) - timedelta(seconds=seconds)
    for saved in reversed(await dependencies.store.saved_requests.list_for_member(requester_id)):
        if saved.used_at is not None or saved.created_at < oldest:
            continue
        refused = REFUSED_REQUEST_JSON.validate_python(saved.payload)
        if refused.suggested.awaits_picture and refused.request.origin.channel_id == channel_id:
            return saved, refused
    return None


_FIXED: Final[Mapping[RequestProblem, tuple[Suggestion, ...]]] = {
    RequestProblem.NO_PICTURES: (Suggestion.UPLOAD, Suggestion.AVATAR, Suggestion.HELP),
    RequestProblem.AWAITING_PICTURE: (Suggestion.UPLOAD, Suggestion.AVATAR, Suggestion.HELP),
    RequestProblem.MESSAGE_GONE: (Suggestion.UPLOAD, Suggestion.AVATAR, Suggestion.HELP),
    RequestProblem.LINK_INSTEAD_OF_FILE: (Suggestion.UPLOAD, Suggestion.AVATAR, Suggestion.HELP),
    RequestProblem.STYLE_WITHOUT_CONTENT: (Suggestion.UPLOAD, Suggestion.AVATAR, Suggestion.HELP),
    RequestProblem.MASK_WITHOUT_PICTURE: (Suggestion.UPLOAD, Suggestion.AVATAR, Suggestion.HELP),
    RequestProblem.TOO_MANY_PICTURES: (Suggestion.TWO, Suggestion.BLEND),
    RequestProblem.UNKNOWN_COMMAND: (Suggestion.STYLIZE,),
    RequestProblem.SHUTTING_DOWN: (Suggestion.RETRY,),
    RequestProblem.NOT_ALLOWED_HERE: (Suggestion.RETRY,),
}
"""Suggestions for problems that do not depend on the rest of the request."""


def suggestions_for(refusal: Refusal, request: StylizeRequest) -> SuggestionSet:
    """Return the suggestions for a refusal of this request; an empty set if nothing helps."""
    match refusal:
        case PictureRefused():
            return _suggestions_for_picture(refusal, request)
        case RequestRefused(
            problem=RequestProblem.UNKNOWN_OPTION | RequestProblem.BAD_OPTION_VALUE
        ):
            option = request.parsed.correction
            corrections = (Suggestion.CORRECT,) if option is not None else ()
            return SuggestionSet(suggestions=(*corrections, Suggestion.WITHOUT), option=option)
        case RequestRefused(problem=RequestProblem.UNKNOWN_PRESET):
            near = refusal.suggestion
            corrections = (Suggestion.CORRECT,) if near is not None else ()
            has_style = len(request.pictures) > 1
            alternatives = [Suggestion.WITHOUT if has_style else Suggestion.PRESET]
            if request.more_contents and not has_style:
                alternatives = []  # a picker takes one picture
            return SuggestionSet(
                suggestions=(*corrections, *alternatives), preset=near, drops_preset=True
            )
        case RequestRefused(problem=problem):
            return SuggestionSet(
                suggestions=_FIXED.get(problem, ()),
                awaits_picture=problem is RequestProblem.AWAITING_PICTURE,
            )
        case LimitReached():
            return SuggestionSet(suggestions=(Suggestion.RETRY,))
        case _:
            return SuggestionSet()


def _suggestions_for_picture(refusal: PictureRefused, request: StylizeRequest) -> SuggestionSet:
    index = _index_of(refusal.filename, request)
    suggestions = []
    if index is not None and _picture_at(request, index).first_frame is not None:
        suggestions.append(Suggestion.FIRST_FRAME)
    if refusal.problem is PictureProblem.DOWNLOAD_FAILED:
        suggestions.append(Suggestion.RETRY)
    suggestions.append(Suggestion.UPLOAD)
    if index == 0:
        suggestions.append(Suggestion.AVATAR)
    elif index is not None:
        is_dispensable = index == MASK_INDEX or len(request.pictures) > 2
        suggestions.append(Suggestion.LEAVE_OUT if is_dispensable else Suggestion.PRESET)
    return SuggestionSet(suggestions=tuple(suggestions), picture=index)


def apply_suggestion(
    suggestion: Suggestion,
    request: StylizeRequest,
    suggested: SuggestionSet,
    uploads: Mapping[str, PictureSource] | None = None,
) -> StylizeRequest:
    """Return the request as the suggestion changes it.

    Args:
        suggestion: what the member chose.
        request: the refused request.
        suggested: the set that the suggestion is from.
        uploads: the form's pictures by field, for `Suggestion.UPLOAD`.
    """
    request = replace(request, parsed=replace(request.parsed, error=None, correction=None))
    match suggestion:
        case Suggestion.CORRECT | Suggestion.WITHOUT:
            is_correction = suggestion is Suggestion.CORRECT
            change_text = _with_correction if is_correction else _without_refused_text
            return replace(request, parsed=change_text(request.parsed, suggested))
        case Suggestion.UPLOAD:
            return _with_uploads(request, suggested, uploads or {})
        case Suggestion.AVATAR:
            return _with_content(request, suggested, request.avatar)
        case Suggestion.FIRST_FRAME:
            return _replace_picture(request, suggested, _first_frame_of)
        case Suggestion.RETRY | Suggestion.STYLIZE | Suggestion.HELP:
            return request
        case _:
            return _with_fewer_pictures(suggestion, request, suggested)


def _with_correction(parsed: ParsedText, suggested: SuggestionSet) -> ParsedText:
    if suggested.preset is not None:
        return replace(parsed, words=suggested.preset, names_preset=True)
    if suggested.option is not None:
        name, value = suggested.option
        return replace(parsed, options={**parsed.options, name: value})
    return parsed


def _without_refused_text(parsed: ParsedText, suggested: SuggestionSet) -> ParsedText:
    if suggested.drops_preset:
        return replace(parsed, words="", names_preset=False)
    # The parser already left out unreadable options. Weights can be readable and still not fit
    # the number of styles.
    options = {name: value for name, value in parsed.options.items() if name != "weights"}
    return replace(parsed, options=options)


def _with_fewer_pictures(
    suggestion: Suggestion, request: StylizeRequest, suggested: SuggestionSet
) -> StylizeRequest:
    pictures, parsed = request.pictures, request.parsed
    match suggestion:
        case Suggestion.LEAVE_OUT if suggested.picture == MASK_INDEX:
            return replace(request, mask=None)
        case Suggestion.LEAVE_OUT:
            pictures = tuple(
                picture for index, picture in enumerate(pictures) if index != suggested.picture
            )
        case Suggestion.PRESET:
            pictures = pictures[:1]
            parsed = replace(parsed, words="", names_preset=False)
        case Suggestion.TWO:
            pictures = pictures[:2]
        case _:
            pictures = pictures[: 1 + MAX_STYLES]
    return replace(request, pictures=pictures, parsed=parsed)


def _with_uploads(
    request: StylizeRequest, suggested: SuggestionSet, uploads: Mapping[str, PictureSource]
) -> StylizeRequest:
    picture = uploads.get(CONTENT_FIELD)
    if picture is not None:
        if suggested.picture is not None:
            request = _replace_picture(request, suggested, lambda _: picture)
        else:
            request = _with_content(request, suggested, picture)
    style = uploads.get(STYLE_FIELD)
    if style is not None:
        request = replace(request, pictures=(*request.pictures, style), order=RoleAssignment.NAMED)
    return request


def _with_content(
    request: StylizeRequest, suggested: SuggestionSet, content: PictureSource
) -> StylizeRequest:
    """Replace the content picture if it was refused; otherwise add one in front."""
    if suggested.picture == 0:
        return _replace_picture(request, suggested, lambda _: content)
    return replace(
        request,
        pictures=(content, *request.pictures),
        lacks_content=False,
        reply_is_missing=False,
    )


def _replace_picture(
    request: StylizeRequest,
    suggested: SuggestionSet,
    change: Callable[[PictureSource], PictureSource],
) -> StylizeRequest:
    """Apply `change` to the refused picture."""
    index = suggested.picture
    if index is None:
        return request
    changed = change(_picture_at(request, index))
    if index == MASK_INDEX:
        return replace(request, mask=changed)
    pictures = list(request.pictures)
    pictures[index] = changed
    return replace(request, pictures=tuple(pictures))


def _first_frame_of(video: PictureSource) -> PictureSource:
    return replace(
        video,
        url=video.first_frame or video.url,
        size=None,
        content_type=None,
        place=InputSource.FIRST_FRAME,
        first_frame=None,
    )


def _index_of(filename: str, request: StylizeRequest) -> int | None:
    filenames = [picture.filename for picture in request.pictures]
    if filename in filenames:
        return filenames.index(filename)
    if request.mask is not None and request.mask.filename == filename:
        return MASK_INDEX
    return None


def _picture_at(request: StylizeRequest, index: int) -> PictureSource:
    if index == MASK_INDEX and request.mask is not None:
        return request.mask
    return request.pictures[index]
