"""Handle buttons, menus and forms that belong to a request before it becomes a job.

The component router acknowledges the interactions and reports errors.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final, cast

from bot.discord_errors import discord_request
from bot.errors import AccessDeniedError, AccessProblem, AccessRefused
from bot.exts.backend.access import check, check_job
from bot.exts.backend.policy import Act, Subject
from bot.exts.backend.responders import (
    InteractionResponder,
    SuggestionResponder,
    reply_ephemeral,
)
from bot.exts.stylize.attachments import source_of_avatar, source_of_upload
from bot.exts.stylize.parser import ParsedText
from bot.exts.stylize.request import StylizeRequest
from bot.exts.stylize.suggestions import apply_suggestion, find_refused
from bot.exts.stylize.upload_form import form_fields
from bot.views.components import routes
from bot.views.components.items import CONTENT_FIELD, STYLE_FIELD, PictureForm
from bot.views.components.routes import Suggestion
from bot.views.text import requests
from bot.views.text.help import how_to_ask

if TYPE_CHECKING:
    from collections.abc import Mapping

    import discord

    from bot.exts.backend.component_router import Handler
    from bot.exts.backend.dependencies import Dependencies
    from bot.exts.stylize.handler import StylizeHandler
    from bot.exts.stylize.picker import PickerHandler
    from bot.exts.stylize.suggestions import RefusedRequest
    from bot.intake.job_request import PictureSource
    from bot.jobs.models import Origin
    from bot.views.components.routes import Route, UploadForm

__all__ = ["SuggestionActions", "open_start_form"]

logger = logging.getLogger(__name__)

READ_SECONDS: Final = 10.0

MOST_CONTENTS_IN_FORM: Final = 5


class SuggestionActions:
    """Handles start buttons and forms, suggestions, swaps and pickers."""

    def __init__(
        self, dependencies: Dependencies, requests: StylizeHandler, pickers: PickerHandler
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
        await open_start_form(interaction, preset)

    async def on_start_form(
        self, interaction: discord.Interaction[Any], /, *, preset: str = ""
    ) -> None:
        """Serve a request that consists of a form."""
        uploads = _uploads(interaction)
        contents, styles = uploads.get(CONTENT_FIELD, []), uploads.get(STYLE_FIELD, [])
        responder = InteractionResponder(interaction)
        request = StylizeRequest(
            origin=responder.origin,
            pictures=(*contents[:1], *styles),
            more_contents=tuple(contents[1:]),
            lacks_content=not contents,
            parsed=ParsedText(words=preset, names_preset=bool(preset)),
            avatar=source_of_avatar(interaction.user),
        )
        await self._requests.serve(responder, request)

    async def on_suggestion_button(
        self,
        interaction: discord.Interaction[Any],
        /,
        *,
        suggestion_id: str,
        suggestion: Suggestion,
    ) -> None:
        """Apply a suggestion to a refused request."""
        await self._apply(interaction, suggestion_id, suggestion)

    async def on_upload_button(
        self,
        interaction: discord.Interaction[Any],
        /,
        *,
        suggestion_id: str,
        form: UploadForm,
        owner_id: int,
    ) -> None:
        """Open a form for the pictures that a refused request lacks.

        Raises:
            AccessRefused: it belongs to another member.
        """
        here = interaction.channel_id
        subject = Subject(
            owner_id=owner_id,
            guild_id=interaction.guild_id,
            channel_ids=frozenset() if here is None else frozenset({here}),
        )  # what the form asks for is checked when it is sent
        check(Act.USE_SUGGESTION, interaction, subject)
        await _open_upload_form(interaction, suggestion_id, form)

    async def on_upload_form(
        self, interaction: discord.Interaction[Any], /, *, suggestion_id: str
    ) -> None:
        """Apply the pictures of a form to a refused request."""
        uploads = {field: pictures[-1] for field, pictures in _uploads(interaction).items()}
        await self._apply(interaction, suggestion_id, Suggestion.UPLOAD, uploads)

    async def on_swap_button(
        self, interaction: discord.Interaction[Any], /, *, job_id: str
    ) -> None:
        """Restart a job with content and style swapped.

        Raises:
            UnknownJobError: the job has been deleted, or belongs elsewhere.
            AccessRefused: it is another member's.
        """
        check_job(Act.SWAP_JOB, interaction, await self._dependencies.store.get(job_id))
        swapped = await self._dependencies.store.swap_inputs(job_id)
        if swapped.state.is_final:
            await reply_ephemeral(interaction, requests.SWAP_TOO_LATE)
            return
        logger.info("job %s restarts with its pictures swapped: %s", job_id, swapped.title)

    async def on_picker_page_button(
        self, interaction: discord.Interaction[Any], /, *, page: int
    ) -> None:
        """Show another page of a picker."""
        await self._pickers.show_page(interaction, page)

    async def on_picker_suggested_button(
        self, interaction: discord.Interaction[Any], /, *, preset: str
    ) -> None:
        """Take the preset that a picker suggests."""
        await self._pickers.take(interaction, preset)

    async def on_picker_select(
        self, interaction: discord.Interaction[Any], /, *, values: tuple[str, ...]
    ) -> None:
        """Take the preset selected from a picker's menu."""
        await self._pickers.take(interaction, values[0])

    async def _apply(
        self,
        interaction: discord.Interaction[Any],
        suggestion_id: str,
        suggestion: Suggestion,
        uploads: Mapping[str, PictureSource] | None = None,
    ) -> None:
        """Serve a refused request as the suggestion changes it."""
        refused = await self._find(interaction, suggestion_id)
        if refused is None:
            return
        if suggestion is Suggestion.HELP:
            prefix = await self._dependencies.prefixes.of_guild(interaction.guild_id)
            await reply_ephemeral(interaction, how_to_ask(prefix))
            return
        request = apply_suggestion(suggestion, refused.request, refused.suggested, uploads)
        responder = SuggestionResponder(
            interaction, origin=request.origin, request_key=f"offer:{suggestion_id}"
        )
        if await self._requests.serve(responder, request):
            await self._dependencies.store.saved_requests.mark_used(suggestion_id)

    async def _find(
        self, interaction: discord.Interaction[Any], suggestion_id: str
    ) -> RefusedRequest | None:
        """Return the refused request, or tell the member that it is used.

        Raises:
            AccessRefused: it has expired, or belongs elsewhere or to another member.
        """
        found = await find_refused(self._dependencies, suggestion_id)
        if found is None:
            raise AccessRefused(AccessProblem.UNKNOWN_SUGGESTION)
        saved, refused = found
        origin = refused.request.origin
        subject = Subject(
            owner_id=saved.requester_id,
            guild_id=origin.guild_id,
            channel_ids=frozenset({origin.channel_id}),
            is_readable=await _can_still_read(interaction, origin),
        )
        check(Act.USE_SUGGESTION, interaction, subject)
        if saved.used_at is not None:
            await reply_ephemeral(interaction, requests.OFFER_USED)
            return None
        return refused


async def _can_still_read(interaction: discord.Interaction[Any], origin: Origin) -> bool:
    """Return whether a member in direct messages can read the channel of an earlier request.

    They may have left the guild, or been removed from it.

    Raises:
        DiscordUnavailableError: Discord does not answer.
    """
    if interaction.guild_id is not None or origin.guild_id is None:
        return False
    guild = interaction.client.get_guild(origin.guild_id)
    channel = None if guild is None else guild.get_channel_or_thread(origin.channel_id)
    if guild is None or channel is None:
        return False
    try:
        async with discord_request(seconds=READ_SECONDS):
            member = await guild.fetch_member(interaction.user.id)
    except AccessDeniedError:
        return False
    return bool(channel.permissions_for(member).view_channel)


async def _open_upload_form(
    interaction: discord.Interaction[Any], suggestion_id: str, form: UploadForm
) -> None:
    await interaction.response.send_modal(
        PictureForm(
            routes.SUGGESTION_FORM.custom_id(suggestion_id=suggestion_id),
            title=requests.FORM_TITLE,
            fields=form_fields(form),
        )
    )


async def open_start_form(interaction: discord.Interaction[Any], preset: str = "") -> None:
    """Open the form that starts a request; with a preset, it asks for the content only."""
    fields = [(CONTENT_FIELD, requests.FORM_CONTENTS, True)]
    if not preset:
        fields.append((STYLE_FIELD, requests.FORM_STYLE_OR_NONE, False))
    custom_id = (
        routes.START_FORM_WITH_PRESET.custom_id(preset=preset)
        if preset
        else routes.START_FORM.custom_id()
    )
    await interaction.response.send_modal(
        PictureForm(custom_id, title=requests.FORM_TITLE, fields=fields, most=MOST_CONTENTS_IN_FORM)
    )


def _uploads(interaction: discord.Interaction[Any]) -> dict[str, list[PictureSource]]:
    """Read the pictures of a submitted form, by the custom_id of their field."""
    data = cast("dict[str, Any]", interaction.data)
    attachments = data.get("resolved", {}).get("attachments", {})
    uploads: dict[str, list[PictureSource]] = {}
    for row in data.get("components", []):
        field = row.get("component", {})
        for attachment_id in field.get("values", []):
            if attachment_id in attachments:
                pictures = uploads.setdefault(str(field.get("custom_id")), [])
                pictures.append(source_of_upload(attachments[attachment_id]))
    return uploads
