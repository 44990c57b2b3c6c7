"""The asking desk: presses that belong to a request that is not a painting yet, or just became one.

Every press is acknowledged first, and answered whatever happens; only the requester's counts.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Final, cast

from bot.errors import StoreUnavailableError
from bot.exts.backend.responders import (
    InteractionResponder,
    SuggestionResponder,
    reply_ephemeral,
)
from bot.exts.stylize import saved_suggestions
from bot.exts.stylize.attachments import avatar_of, uploaded
from bot.exts.stylize.parser import ParsedText
from bot.exts.stylize.request import StylizeRequest
from bot.exts.stylize.suggestions import applied, fields
from bot.views.components import routes
from bot.views.components.items import CONTENT_FIELD, STYLE_FIELD, PictureForm, start_view
from bot.views.components.routes import Suggestion
from bot.views.text import requests

if TYPE_CHECKING:
    from collections.abc import Mapping

    import discord

    from bot.exts.backend.component_router import Handler
    from bot.exts.backend.dependencies import Dependencies
    from bot.exts.stylize.handler import StylizeHandler
    from bot.exts.stylize.picker import PickerTable
    from bot.exts.stylize.saved_suggestions import SavedSuggestion
    from bot.intake.job_request import PictureSource
    from bot.views.components.routes import Route

__all__ = ["SuggestionActions", "open_new_form"]

logger = logging.getLogger(__name__)

FORM_SECONDS: Final = 2.0
"""A form has to be opened within three seconds of the press, or there is an answer instead."""


class SuggestionActions:
    """Goes on from refusals, swaps pictures, and turns the pages of pickers."""

    def __init__(
        self, dependencies: Dependencies, requests: StylizeHandler, pickers: PickerTable
    ) -> None:
        self._dependencies = dependencies
        self._requests = requests
        self._pickers = pickers

    @property
    def handlers(self) -> Mapping[Route, Handler]:
        """The handlers by route."""
        return {
            routes.START: self.on_start_button,
            routes.START_FORM: self.on_start_form,
            routes.START_FORM_WITH_PRESET: self.on_start_form,
            routes.SUGGESTION: self.on_suggestion_button,
            routes.SUGGESTION_UPLOAD: self.on_upload_button,
            routes.SUGGESTION_FORM: self.on_upload_form,
            routes.SWAP: self.on_swap_button,
            routes.PICKER_PAGE: self.on_picker_page_button,
            routes.PICKER_SUGGESTED: self.on_picker_suggested_button,
            routes.PICKER_MENU: self.on_picker_select,
        }

    async def on_start_button(
        self, interaction: discord.Interaction[Any], /, *, preset: str
    ) -> None:
        """Open the form that starts a request, with a preset or without."""
        await open_new_form(interaction, preset)

    async def on_suggestion_button(
        self,
        interaction: discord.Interaction[Any],
        /,
        *,
        suggestion_id: str,
        suggestion: Suggestion,
    ) -> None:
        """Apply a suggestion to a refused request."""
        await self._go_on(interaction, suggestion_id, suggestion)

    async def on_upload_form(
        self, interaction: discord.Interaction[Any], /, *, suggestion_id: str
    ) -> None:
        """Apply the pictures of a form to a refused request."""
        await self._go_on(interaction, suggestion_id, Suggestion.UPLOAD, _uploads(interaction))

    async def on_picker_page_button(
        self, interaction: discord.Interaction[Any], /, *, page: int
    ) -> None:
        """Show another page of a picker."""
        await self._pickers.turn(interaction, page)

    async def on_picker_suggested_button(
        self, interaction: discord.Interaction[Any], /, *, preset: str
    ) -> None:
        """Take the preset that a picker suggests."""
        await self._pickers.chose(interaction, preset)

    async def on_picker_select(
        self, interaction: discord.Interaction[Any], /, *, values: tuple[str, ...]
    ) -> None:
        """Take the preset selected from a picker's menu."""
        await self._pickers.chose(interaction, values[0])

    async def _find(
        self, interaction: discord.Interaction[Any], offer_id: str
    ) -> SavedSuggestion | None:
        """The offer, if this member may take it up; otherwise they are told."""
        offer = await saved_suggestions.find(self._dependencies, offer_id)
        if offer is None:
            await reply_ephemeral(interaction, requests.OFFER_GONE, view=start_view())
        elif offer.requester_id != interaction.user.id:
            await reply_ephemeral(interaction, requests.OFFER_NOT_YOURS, view=start_view())
        elif offer.is_used:
            await reply_ephemeral(interaction, requests.OFFER_USED)
        else:
            return offer
        return None

    async def on_upload_button(
        self, interaction: discord.Interaction[Any], /, *, suggestion_id: str
    ) -> None:
        """Open a form for the pictures that a refused request lacks.

        Raises:
            StoreUnavailableError: the request was not found in time for a form.
        """
        try:
            async with asyncio.timeout(FORM_SECONDS):
                offer = await self._find(interaction, suggestion_id)
        except TimeoutError as error:
            raise StoreUnavailableError("an offer was not found in time for its form") from error
        if offer is not None:
            form = PictureForm(
                routes.SUGGESTION_FORM.custom_id(suggestion_id=suggestion_id),
                title=requests.FORM_TITLE,
                fields=fields(offer.ask, offer.way),
            )
            await interaction.response.send_modal(form)

    async def _go_on(
        self,
        interaction: discord.Interaction[Any],
        offer_id: str,
        remedy: Suggestion,
        pictures: Mapping[str, PictureSource] | None = None,
    ) -> None:
        offer = await self._find(interaction, offer_id)
        if offer is None:
            return
        if remedy is Suggestion.HELP:
            await reply_ephemeral(
                interaction, requests.how_to_ask(self._dependencies.settings.prefix)
            )
            return
        ask = applied(remedy, offer.ask, offer.way, pictures)
        responder = SuggestionResponder(
            interaction, origin=ask.origin, request_key=f"offer:{offer_id}"
        )
        if await self._requests.serve(responder, ask):
            await self._dependencies.store.offers.use(offer_id)

    async def on_start_form(
        self, interaction: discord.Interaction[Any], /, *, preset: str = ""
    ) -> None:
        """Serve a request that consists of a form."""
        pictures = _uploads(interaction)
        responder = InteractionResponder(interaction)
        wanted = [pictures[name] for name in (CONTENT_FIELD, STYLE_FIELD) if name in pictures]
        ask = StylizeRequest(
            origin=responder.origin,
            pictures=tuple(wanted),
            lacks_content=CONTENT_FIELD not in pictures,
            parsed=ParsedText(words=preset, names_preset=bool(preset)),
            avatar=avatar_of(interaction.user),
        )
        await self._requests.serve(responder, ask)

    async def on_swap_button(
        self, interaction: discord.Interaction[Any], /, *, job_id: str
    ) -> None:
        """Restart a job with content and style swapped.

        Raises:
            UnknownJobError: the job is not kept any more.
        """
        job = await self._dependencies.store.get(job_id)
        if job.origin.requester_id != interaction.user.id:
            await reply_ephemeral(interaction, requests.SWAP_NOT_YOURS)
            return
        swapped = await self._dependencies.store.swap(job_id)
        if swapped.state.is_final:
            await reply_ephemeral(interaction, requests.SWAP_TOO_LATE)
            return
        logger.info("job %s begins anew, the other way round: %s", job_id, swapped.title)


async def open_new_form(interaction: discord.Interaction[Any], preset: str = "") -> None:
    """Answer by a form that takes the pictures: one where the style is chosen already."""
    wanted = [(CONTENT_FIELD, requests.FORM_CONTENT, True)]
    if not preset:
        wanted.append((STYLE_FIELD, requests.FORM_STYLE_OR_NONE, False))
    custom_id = (
        routes.START_FORM_WITH_PRESET.custom_id(preset=preset)
        if preset
        else routes.START_FORM.custom_id()
    )
    await interaction.response.send_modal(
        PictureForm(custom_id, title=requests.FORM_TITLE, fields=wanted)
    )


def _uploads(interaction: discord.Interaction[Any]) -> dict[str, PictureSource]:
    """Read the pictures of a submitted form, by the id of their field."""
    data = cast("dict[str, Any]", interaction.data)
    resolved = data.get("resolved", {}).get("attachments", {})
    pictures = {}
    for row in data.get("components", []):
        field = row.get("component", {})
        for attachment_id in field.get("values", []):
            if attachment_id in resolved:
                pictures[str(field.get("custom_id"))] = uploaded(resolved[attachment_id])
    return pictures
