"""The form in which a member uploads what a refused request lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.views.components.items import CONTENT_FIELD, STYLE_FIELD
from bot.views.components.routes import UploadForm
from bot.views.text import requests
from bot.views.text.options import label

if TYPE_CHECKING:
    from bot.exts.stylize.request import StylizeRequest

__all__ = ["MASK_INDEX", "form_fields", "form_of"]

MASK_INDEX: Final = -1
"""Index of the mask, where the content picture has index 0."""


def form_of(request: StylizeRequest, picture: int | None) -> UploadForm:
    """Return the form that asks for the pictures that a refused request lacks.

    Args:
        request: the request.
        picture: index of the refused picture; None if no single one was refused.
    """
    if picture == MASK_INDEX:
        return UploadForm.MASK
    if picture is not None and picture > 0:
        return UploadForm.STYLE
    return UploadForm.CONTENT if request.pictures else UploadForm.CONTENT_AND_STYLE


def form_fields(form: UploadForm) -> list[tuple[str, str, bool]]:
    """Return the fields of an upload form: custom_id, label, and whether it is required."""
    match form:
        case UploadForm.MASK:
            return [(CONTENT_FIELD, requests.FORM_MASK, True)]
        case UploadForm.STYLE:
            return [(CONTENT_FIELD, label("style"), True)]
        case UploadForm.CONTENT:
            return [(CONTENT_FIELD, label("content"), True)]
        case UploadForm.CONTENT_AND_STYLE:
            return [
                (CONTENT_FIELD, label("content"), True),
                (STYLE_FIELD, requests.FORM_STYLE_OR_NONE, False),
            ]
