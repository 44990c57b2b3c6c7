"""Which remedies fit a refusal, and what becomes of the request when one is chosen."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from bot.errors import (
    LimitReached,
    PictureProblem,
    PictureRefused,
    Refusal,
    RequestProblem,
    RequestRefused,
)
from bot.intake.intake import MAX_STYLES
from bot.jobs.models import Order, Place
from bot.views.components.items import CONTENT_FIELD, STYLE_FIELD
from bot.views.components.routes import Suggestion
from bot.views.text import requests

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bot.exts.stylize.parser import ParsedText
    from bot.exts.stylize.request import StylizeRequest
    from bot.intake.job_request import PictureSource

__all__ = ["MASK", "Way", "applied", "fields", "way_on"]

MASK: Final = -1
"""The place of the mask, where pictures are counted from 0."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Way:
    """How a request can go on after a refusal.

    Attributes:
        remedies: what the buttons do, the likeliest first.
        at: the picture that is to blame: 0 is the content, `MASK` the mask, None none of them.
        option: the option that is to blame: its name and the value that was probably meant.
        preset: the preset that was probably meant.
        drops_preset: whether `Suggestion.WITHOUT` goes on without the preset, not the option.
    """

    remedies: tuple[Suggestion, ...] = ()
    at: int | None = None
    option: tuple[str, Any] | None = None
    preset: str | None = None
    drops_preset: bool = False

    @property
    def correction(self) -> str | None:
        """What `Suggestion.CORRECT` says yes to, in words."""
        if self.preset is not None:
            return self.preset
        if self.option is not None:
            name, value = self.option
            return f"{name}={value:g}" if isinstance(value, float) else f"{name}={value}"
        return None


def way_on(refusal: Refusal, ask: StylizeRequest) -> Way:
    """What can be done about a refusal of this request; no remedies where nothing can."""
    match refusal:
        case PictureRefused():
            return _other_picture(refusal, ask)
        case RequestRefused(
            problem=RequestProblem.UNKNOWN_OPTION | RequestProblem.BAD_OPTION_VALUE
        ):
            option = ask.parsed.fix
            corrections = (Suggestion.CORRECT,) if option is not None else ()
            return Way(remedies=(*corrections, Suggestion.WITHOUT), option=option)
        case RequestRefused(problem=RequestProblem.UNKNOWN_PRESET):
            near = refusal.suggestion
            corrections = (Suggestion.CORRECT,) if near is not None else ()
            others = (Suggestion.WITHOUT,) if len(ask.pictures) > 1 else (Suggestion.PRESET,)
            return Way(remedies=(*corrections, *others), preset=near, drops_preset=True)
        case RequestRefused(problem=problem):
            return Way(remedies=_REMEDIES.get(problem, ()))
        case LimitReached():
            return Way(remedies=(Suggestion.RETRY,))
        case _:
            return Way()


_REMEDIES: Final[Mapping[RequestProblem, tuple[Suggestion, ...]]] = {
    RequestProblem.NO_PICTURES: (Suggestion.UPLOAD, Suggestion.AVATAR, Suggestion.HELP),
    RequestProblem.MESSAGE_GONE: (Suggestion.UPLOAD, Suggestion.AVATAR, Suggestion.HELP),
    RequestProblem.LINK_INSTEAD_OF_FILE: (Suggestion.UPLOAD, Suggestion.AVATAR, Suggestion.HELP),
    RequestProblem.STYLE_WITHOUT_CONTENT: (Suggestion.UPLOAD, Suggestion.AVATAR, Suggestion.HELP),
    RequestProblem.MASK_WITHOUT_PICTURE: (Suggestion.UPLOAD, Suggestion.AVATAR, Suggestion.HELP),
    RequestProblem.TOO_MANY_PICTURES: (Suggestion.TWO, Suggestion.BLEND),
    RequestProblem.UNKNOWN_COMMAND: (Suggestion.STYLIZE,),
    RequestProblem.SHUTTING_DOWN: (Suggestion.RETRY,),
    RequestProblem.NOT_ALLOWED_HERE: (Suggestion.RETRY,),
}


def applied(
    remedy: Suggestion,
    ask: StylizeRequest,
    way: Way,
    uploads: Mapping[str, PictureSource] | None = None,
) -> StylizeRequest:
    """The request as it is with the remedy.

    Args:
        remedy: what was chosen.
        ask: what was refused.
        way: the way that offered the remedy.
        uploads: the form's pictures by their field, for `Suggestion.UPLOAD`.
    """
    ask = dataclasses.replace(ask, parsed=dataclasses.replace(ask.parsed, trouble=None, fix=None))
    match remedy:
        case Suggestion.CORRECT | Suggestion.WITHOUT:
            return dataclasses.replace(ask, parsed=_mended(remedy, ask.parsed, way))
        case Suggestion.UPLOAD:
            return _uploaded(ask, way, uploads or {})
        case Suggestion.AVATAR:
            return _with_content(ask, way, ask.avatar)
        case Suggestion.FIRST_FRAME:
            return _replaced(ask, way, _first_frame)
        case Suggestion.RETRY | Suggestion.STYLIZE | Suggestion.HELP:
            return ask
        case _:
            return _fewer(remedy, ask, way)


def _mended(remedy: Suggestion, parsed: ParsedText, way: Way) -> ParsedText:
    """The wish with what was probably meant, or without what was not understood."""
    if remedy is Suggestion.CORRECT and way.preset is not None:
        return dataclasses.replace(parsed, words=way.preset, names_preset=True)
    if remedy is Suggestion.CORRECT and way.option is not None:
        name, value = way.option
        return dataclasses.replace(parsed, options={**parsed.options, name: value})
    if way.drops_preset:
        return dataclasses.replace(parsed, words="", names_preset=False)
    # What could not be read was left out then; weights can be read and still not fit.
    kept = {name: value for name, value in parsed.options.items() if name != "weights"}
    return dataclasses.replace(parsed, options=kept)


def _fewer(remedy: Suggestion, ask: StylizeRequest, way: Way) -> StylizeRequest:
    """The request with some of its pictures only."""
    pictures, parsed = ask.pictures, ask.parsed
    match remedy:
        case Suggestion.LEAVE_OUT if way.at == MASK:
            return dataclasses.replace(ask, mask=None)
        case Suggestion.LEAVE_OUT:
            pictures = tuple(each for at, each in enumerate(pictures) if at != way.at)
        case Suggestion.PRESET:
            pictures = pictures[:1]
            parsed = dataclasses.replace(parsed, words="", names_preset=False)
        case Suggestion.TWO:
            pictures = pictures[:2]
        case _:
            pictures = pictures[: 1 + MAX_STYLES]
    return dataclasses.replace(ask, pictures=pictures, parsed=parsed)


def fields(ask: StylizeRequest, way: Way) -> list[tuple[str, str, bool]]:
    """The form's fields that would mend the request: id, label, and whether it is needed."""
    if way.at == MASK:
        return [(CONTENT_FIELD, requests.FORM_MASK, True)]
    if way.at is not None and way.at > 0:
        return [(CONTENT_FIELD, requests.FORM_STYLE, True)]
    wanted = [(CONTENT_FIELD, requests.FORM_CONTENT, True)]
    if not ask.pictures:
        wanted.append((STYLE_FIELD, requests.FORM_STYLE_OR_NONE, False))
    return wanted


def _other_picture(refusal: PictureRefused, ask: StylizeRequest) -> Way:
    at = _place_of(refusal, ask)
    remedies = []
    if at is not None and _picture_at(ask, at).first_frame is not None:
        remedies.append(Suggestion.FIRST_FRAME)
    if refusal.problem is PictureProblem.DOWNLOAD_FAILED:
        remedies.append(Suggestion.RETRY)
    remedies.append(Suggestion.UPLOAD)
    if at == 0:
        remedies.append(Suggestion.AVATAR)
    elif at is not None:
        enough = at == MASK or len(ask.pictures) > 2
        remedies.append(Suggestion.LEAVE_OUT if enough else Suggestion.PRESET)
    return Way(remedies=tuple(remedies), at=at)


def _place_of(refusal: PictureRefused, ask: StylizeRequest) -> int | None:
    names = [each.filename for each in ask.pictures]
    if refusal.filename in names:
        return names.index(refusal.filename)
    if ask.mask is not None and ask.mask.filename == refusal.filename:
        return MASK
    return None


def _picture_at(ask: StylizeRequest, at: int) -> PictureSource:
    if at == MASK and ask.mask is not None:
        return ask.mask
    return ask.pictures[at]


def _replaced(
    ask: StylizeRequest, way: Way, change: Callable[[PictureSource], PictureSource]
) -> StylizeRequest:
    if way.at is None:
        return ask
    other = change(_picture_at(ask, way.at))
    if way.at == MASK:
        return dataclasses.replace(ask, mask=other)
    pictures = list(ask.pictures)
    pictures[way.at] = other
    return dataclasses.replace(ask, pictures=tuple(pictures))


def _first_frame(film: PictureSource) -> PictureSource:
    return dataclasses.replace(
        film,
        url=film.first_frame or film.url,
        size=None,
        content_type=None,
        place=Place.FIRST_FRAME,
        first_frame=None,
    )


def _with_content(ask: StylizeRequest, way: Way, content: PictureSource) -> StylizeRequest:
    """The request with this content: in the place of the one that did not do, or before all."""
    if way.at == 0:
        return _replaced(ask, way, lambda _: content)
    return dataclasses.replace(
        ask, pictures=(content, *ask.pictures), lacks_content=False, is_gone=False
    )


def _uploaded(
    ask: StylizeRequest, way: Way, uploads: Mapping[str, PictureSource]
) -> StylizeRequest:
    picture = uploads.get(CONTENT_FIELD)
    if picture is not None:
        if way.at is not None:
            ask = _replaced(ask, way, lambda _: picture)
        else:
            ask = _with_content(ask, way, picture)
    style = uploads.get(STYLE_FIELD)
    if style is not None:
        ask = dataclasses.replace(ask, pictures=(*ask.pictures, style), order=Order.NAMED)
    return ask
