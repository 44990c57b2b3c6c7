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
    defer,
    reply_ephemeral,
    sentence_for,
)
from bot.exts.stylize import saved_suggestions
from bot.exts.stylize.attachments import avatar_of, uploaded
from bot.exts.stylize.parser import ParsedText
from bot.exts.stylize.request import StylizeRequest
from bot.exts.stylize.suggestions import applied, fields
from bot.views.components.suggestions import (
    CONTENT_FIELD,
    STYLE_FIELD,
    PictureForm,
    Suggestion,
    begin_view,
    form_of,
)
from bot.views.text import requests

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterator, Mapping

    import discord

    from bot.exts.backend.dependencies import Dependencies
    from bot.exts.stylize.handler import StylizeHandler
    from bot.exts.stylize.picker import PickerTable
    from bot.exts.stylize.saved_suggestions import SavedSuggestion
    from bot.intake.job_request import PictureSource

__all__ = ["SuggestionActions", "open_new_form"]

logger = logging.getLogger(__name__)

NEW: Final = "new"
"""The id of the form that a request begins with."""

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

    async def began(self, interaction: discord.Interaction[Any], preset: str) -> None:
        """A member wants to ask for a painting, in the style of this preset where it names one."""
        await self._guarded(interaction, open_new_form(interaction, preset))

    async def offered(
        self, interaction: discord.Interaction[Any], offer_id: str, remedy: Suggestion
    ) -> None:
        """A member pressed a button under a refusal."""
        if remedy is Suggestion.UPLOAD:
            # A form must be the first answer, so there is no acknowledging before it.
            await self._guarded(interaction, self._open_form(interaction, offer_id))
        elif await defer(interaction):
            await self._guarded(interaction, self._go_on(interaction, offer_id, remedy))

    async def submitted(self, interaction: discord.Interaction[Any]) -> None:
        """A form with pictures was submitted, if it was one of ours."""
        data = cast("dict[str, Any]", interaction.data)
        form = form_of(str(data.get("custom_id", "")))
        if form is None or not await defer(interaction):
            return
        form_id, preset = form
        pictures = dict(_uploads(data))
        if form_id == NEW:
            await self._guarded(interaction, self._begin(interaction, pictures, preset))
        else:
            work = self._go_on(interaction, form_id, Suggestion.UPLOAD, pictures)
            await self._guarded(interaction, work)

    async def swap(self, interaction: discord.Interaction[Any], job_id: str) -> None:
        """A member says that the pictures were meant the other way round."""
        if await defer(interaction):
            await self._guarded(interaction, self._swap(interaction, job_id))

    async def turned(self, interaction: discord.Interaction[Any], page: int) -> None:
        """A member turned a picker's page."""
        if await defer(interaction):
            await self._guarded(interaction, self._pickers.turn(interaction, page))

    async def chose(self, interaction: discord.Interaction[Any], preset: str) -> None:
        """A member took the style that a picker proposes."""
        if await defer(interaction):
            await self._guarded(interaction, self._pickers.chose(interaction, preset))

    async def _guarded(self, interaction: discord.Interaction[Any], work: Awaitable[None]) -> None:
        """Answer for whatever goes wrong."""
        try:
            await work
        except Exception as error:
            await reply_ephemeral(interaction, sentence_for(error, doing="answering a press"))

    async def _find(
        self, interaction: discord.Interaction[Any], offer_id: str
    ) -> SavedSuggestion | None:
        """The offer, if this member may take it up; otherwise they are told."""
        offer = await saved_suggestions.find(self._dependencies, offer_id)
        if offer is None:
            await reply_ephemeral(interaction, requests.OFFER_GONE, view=begin_view())
        elif offer.requester_id != interaction.user.id:
            await reply_ephemeral(interaction, requests.OFFER_NOT_YOURS, view=begin_view())
        elif offer.is_used:
            await reply_ephemeral(interaction, requests.OFFER_USED)
        else:
            return offer
        return None

    async def _open_form(self, interaction: discord.Interaction[Any], offer_id: str) -> None:
        try:
            async with asyncio.timeout(FORM_SECONDS):
                offer = await self._find(interaction, offer_id)
        except TimeoutError as error:
            raise StoreUnavailableError("an offer was not found in time for its form") from error
        if offer is not None:
            form = PictureForm(
                offer_id, title=requests.FORM_TITLE, fields=fields(offer.ask, offer.way)
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

    async def _begin(
        self,
        interaction: discord.Interaction[Any],
        pictures: Mapping[str, PictureSource],
        preset: str,
    ) -> None:
        """A request that is all in the form."""
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

    async def _swap(self, interaction: discord.Interaction[Any], job_id: str) -> None:
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
    await interaction.response.send_modal(
        PictureForm(NEW, title=requests.FORM_TITLE, fields=wanted, preset=preset)
    )


def _uploads(data: Mapping[str, Any]) -> Iterator[tuple[str, PictureSource]]:
    """The pictures of a submitted form, by the field they came in."""
    resolved = data.get("resolved", {}).get("attachments", {})
    for row in data.get("components", []):
        field = row.get("component", {})
        for attachment_id in field.get("values", []):
            if attachment_id in resolved:
                yield str(field.get("custom_id")), uploaded(resolved[attachment_id])
