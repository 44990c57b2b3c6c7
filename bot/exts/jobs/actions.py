"""What the buttons on a job's card and result do: cancel, vary, show details, delete."""

from __future__ import annotations

import logging
import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import discord

from bot.discord_errors import discord_request
from bot.errors import (
    ArtefactMissingError,
    DiscordError,
    MessageNotFoundError,
    RequestProblem,
    RequestRefused,
    UnknownJobError,
)
from bot.exts.backend.access import check, check_channel_allowed, check_job
from bot.exts.backend.policy import Act, Subject
from bot.exts.backend.responders import (
    InteractionResponder,
    check_bot_permissions,
    priority_of,
    reply_ephemeral,
)
from bot.exts.jobs.timelapses import Timelapses
from bot.jobs.models import JobState
from bot.ops.error_report import Where, count_error
from bot.views.components import routes
from bot.views.components.items import RoutedView, job_button
from bot.views.components.routes import JobAction, Strength
from bot.views.details import details_embed, enclosed_file, recipe_file
from bot.views.repeat_command import input_files
from bot.views.text import jobs as text
from bot.views.text import requests
from bot.views.variations import LARGEST_SEED, variation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.exts.backend.component_router import Handler
    from bot.exts.backend.dependencies import Dependencies
    from bot.exts.backend.responders import Responder
    from bot.exts.stylize.picker import PickerHandler
    from bot.jobs.models import Job
    from bot.views.components.routes import Route

__all__ = ["JobActions"]

logger = logging.getLogger(__name__)

DOUBLE_PRESS: Final = timedelta(seconds=3)
"""Two presses of one button by one member within this time count as one."""

DELETE_SECONDS: Final = 20.0

_ACTS: Final[Mapping[JobAction, Act]] = {
    JobAction.CANCEL: Act.CANCEL_JOB,
    JobAction.DELETE: Act.DELETE_JOB,
    JobAction.NOTIFY: Act.TOGGLE_NOTICE,
    JobAction.DETAILS: Act.INSPECT_JOB,
    JobAction.TIMELAPSE: Act.INSPECT_JOB,
    JobAction.POST_TIMELAPSE: Act.POST_TIMELAPSE,
    JobAction.FAVOURITE: Act.KEEP_FAVOURITE,
}
"""What the buttons do to their job; the others repeat it."""

_Press = tuple[str, JobAction | Strength, int]
"""A job's id, what was chosen, and the id of the member."""


class JobActions:
    """Handles the job buttons, also those on messages of deleted jobs.

    Whoever presses a variation gets a job of their own, within the same limits as any request.
    """

    def __init__(self, dependencies: Dependencies, pickers: PickerHandler) -> None:
        self._dependencies = dependencies
        self._pickers = pickers
        self._recent_presses: dict[_Press, datetime] = {}
        self._timelapses = Timelapses(dependencies)

    @property
    def handlers(self) -> Mapping[Route, Handler]:
        """The handlers by route."""
        return {routes.JOB: self.on_job_button, routes.STRENGTH: self.on_strength_select}

    async def on_job_button(
        self, interaction: discord.Interaction[Any], /, *, job_id: str, action: JobAction
    ) -> None:
        """Handle a job's button.

        Raises:
            UnknownJobError: the job is not kept any more, or belongs elsewhere.
            AccessRefused: the member may not do that.
            ArtefactMissingError: its pictures are not kept any more.
            Refusal: another painting cannot be accepted.
        """
        try:
            job = await self._dependencies.store.get(job_id)
        except UnknownJobError:
            if action is not JobAction.DELETE:
                raise
            await _delete_leftover_message(interaction)
            return
        check_job(_ACTS.get(action, Act.REPEAT_JOB), interaction, job)
        match action:
            case JobAction.CANCEL:
                await self._cancel(interaction, job)
            case JobAction.NOTIFY:
                await self._toggle_notice(interaction, job)
            case JobAction.DETAILS:
                await self._send_details(interaction, job)
            case JobAction.TIMELAPSE:
                await self._timelapses.show(interaction, job)
            case JobAction.POST_TIMELAPSE:
                await self._post_timelapse_once(interaction, job)
            case JobAction.FAVOURITE:
                await self._toggle_favourite(interaction, job)
            case JobAction.DELETE:
                await self._delete(interaction, job)
            case _:
                await self._repeat_once(interaction, job, action)

    async def on_strength_select(
        self, interaction: discord.Interaction[Any], /, *, job_id: str, values: tuple[str, ...]
    ) -> None:
        """Vary a job with the selected strength of its style.

        Raises:
            UnknownJobError: the job is not kept any more, or belongs elsewhere.
            ArtefactMissingError: its pictures are not kept any more.
            Refusal: another painting cannot be accepted.
        """
        job = await self._dependencies.store.get(job_id)
        check_job(Act.REPEAT_JOB, interaction, job)
        chosen = values[0] if values else ""
        strength = Strength(chosen) if chosen in set(Strength) else Strength.SAME
        await self._repeat_once(interaction, job, strength)

    async def vary(
        self, responder: Responder, job: Job, choice: JobAction | Strength
    ) -> str | None:
        """Enqueue a variation of a job for the member who asks.

        Args:
            responder: the member who asks, by a button or a command.
            job: the job to vary.
            choice: an action that makes a variation, or a strength.

        Returns:
            Why the variation makes no sense for this job, or None once it is enqueued.

        Raises:
            Refusal: the job cannot be accepted.
            ArtefactMissingError: the pictures are not kept any more.
        """
        dependencies = self._dependencies
        await self._check_request(responder)
        seed = random.randint(1, LARGEST_SEED)  # noqa: S311 - variety, not secrecy
        wanted = variation(job, choice, largest_size=dependencies.settings.largest_size, seed=seed)
        if wanted.refusal is not None:
            return wanted.refusal
        enqueued = await dependencies.repeats.repaint(
            job,
            origin=responder.origin,
            changes=wanted.changes,
            start_from=wanted.start_from,
            request_key=responder.request_key,
            priority=priority_of(responder.member, dependencies.settings),
        )
        logger.info(
            "accepted job %s of member %d in channel %d: %s of %s",
            enqueued.job_id, enqueued.origin.requester_id, enqueued.origin.channel_id, choice,
            job.job_id,
        )  # fmt: skip
        return None

    async def _check_request(self, responder: Responder) -> None:
        """Check that the member may make requests in this channel.

        Raises:
            Refusal: they may not, or the bot may not post here or is shutting down.
        """
        if not self._dependencies.scheduler.accepting:
            raise RequestRefused(RequestProblem.SHUTTING_DOWN)
        await check_channel_allowed(
            self._dependencies.store.guilds, responder.origin.guild_id, responder.channel
        )
        check_bot_permissions(responder)

    async def _repeat_once(
        self, interaction: discord.Interaction[Any], job: Job, choice: JobAction | Strength
    ) -> None:
        """Enqueue a variation or post a picker, unless it is the second press of a double press."""
        message = interaction.message
        is_in_channel = message is not None and not message.flags.ephemeral
        reply_to = message.id if message is not None and is_in_channel else None
        responder = InteractionResponder(interaction, reply_to=reply_to)
        press = (job.job_id, choice, interaction.user.id)
        if self._is_double_press(press, interaction.created_at):
            logger.info("member %d pressed %s on job %s twice", press[2], choice, job.job_id)
            return
        refusal = None
        try:
            if choice is JobAction.RESTYLE:
                await self._check_request(responder)
                await self._pickers.post_for_job(responder, job)
            else:
                refusal = await self.vary(responder, job, choice)
        except BaseException:
            self._recent_presses.pop(press, None)  # nothing was enqueued: another press counts
            raise
        if refusal is not None:
            self._recent_presses.pop(press, None)
            await reply_ephemeral(interaction, refusal)
        elif not is_in_channel:
            done = requests.PICKER_POSTED if choice is JobAction.RESTYLE else text.ACCEPTED
            await reply_ephemeral(interaction, done)

    def _is_double_press(self, press: _Press, at: datetime) -> bool:
        """Record a press; True if the same was recorded within `DOUBLE_PRESS`."""
        oldest = datetime.now(UTC) - DOUBLE_PRESS
        recent = {key: when for key, when in self._recent_presses.items() if when > oldest}
        previous = recent.get(press)
        self._recent_presses = {**recent, press: at}
        return previous is not None and at - previous < DOUBLE_PRESS

    async def _cancel(self, interaction: discord.Interaction[Any], job: Job) -> None:
        if job.state.is_final:
            await reply_ephemeral(interaction, text.ALREADY_ENDED)
        else:
            await self._dependencies.store.cancel(job.job_id)  # the card shows it

    async def _post_timelapse_once(self, interaction: discord.Interaction[Any], job: Job) -> None:
        """Post a time-lapse, unless this is the second press of a double press."""
        press = (job.job_id, JobAction.POST_TIMELAPSE, interaction.user.id)
        if not self._is_double_press(press, interaction.created_at):
            await check_channel_allowed(
                self._dependencies.store.guilds, interaction.guild_id, interaction.channel
            )
            await self._timelapses.post(interaction, job)

    async def _toggle_favourite(self, interaction: discord.Interaction[Any], job: Job) -> None:
        favourites = self._dependencies.store.favourites
        is_one = await favourites.toggle(interaction.user.id, job.job_id)
        await reply_ephemeral(
            interaction, text.FAVOURITE_ADDED if is_one else text.FAVOURITE_REMOVED
        )

    async def _toggle_notice(self, interaction: discord.Interaction[Any], job: Job) -> None:
        is_wanted = await self._dependencies.store.notices.toggle(job.job_id)
        if is_wanted is None:
            await reply_ephemeral(interaction, text.ALREADY_ENDED)
        else:
            await reply_ephemeral(interaction, text.NOTIFY_ON if is_wanted else text.NOTIFY_OFF)

    async def _send_details(self, interaction: discord.Interaction[Any], job: Job) -> None:
        """Send a job's details, its recipe, and the pictures that its command needs and encloses.

        Pictures that are too large, or not kept any more, are left out.
        """
        files, left = [recipe_file(job)], interaction.filesize_limit
        for name, key in input_files(job).enclosed:
            try:
                data = await self._dependencies.artefacts.get(key)
            except ArtefactMissingError:
                continue
            left -= len(data)
            if left > 0:
                files.append(enclosed_file(name, data))
        view = discord.utils.MISSING
        if job.state is JobState.SUCCEEDED:
            view = RoutedView(job_button(job.job_id, JobAction.POST_TIMELAPSE))
        await reply_ephemeral(interaction, "", embed=details_embed(job), files=files, view=view)

    async def _delete(self, interaction: discord.Interaction[Any], job: Job) -> None:
        """Delete a job: its row, its pictures and its messages.

        The messages are deleted in the background, also after an outage of Discord, because the
        deletion is recorded with the job's.

        Raises:
            StoreUnavailableError: the database cannot be reached; nothing is deleted.
        """
        await self._dependencies.store.retention.delete_job(job.job_id, delete_messages=True)
        # An interaction may delete its message even where the bot cannot see the channel any more.
        await _delete_message(interaction)


async def _delete_leftover_message(interaction: discord.Interaction[Any]) -> None:
    """Delete a message whose job is not kept any more; it mentions the requester.

    Raises:
        AccessRefused: it mentions another member, and this one is no moderator.
    """
    message = interaction.message
    is_mentioned = message is not None and interaction.user in message.mentions
    channel_id = interaction.channel.id if interaction.channel is not None else None
    subject = Subject(
        owner_id=interaction.user.id if is_mentioned else None,
        guild_id=interaction.guild_id,
        channel_ids=frozenset() if channel_id is None else frozenset({channel_id}),
    )
    check(Act.DELETE_JOB, interaction, subject)
    await _delete_message(interaction)


async def _delete_message(interaction: discord.Interaction[Any]) -> None:
    try:
        async with discord_request(seconds=DELETE_SECONDS):
            await interaction.delete_original_response()
    except MessageNotFoundError:
        logger.debug("the message was deleted already")
    except DiscordError as error:
        count_error(Where.BACKEND, error)
        logger.warning("cannot delete a result's message: %r", error)
        await reply_ephemeral(interaction, text.DELETED_HERE_ONLY)
