"""The commands `queue`, `cancel` and `again`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import discord
from discord import app_commands
from discord.ext import commands

from bot.errors import UnknownJobError
from bot.exts.backend.access import check_job, may, place_of
from bot.exts.backend.policy import Act
from bot.exts.backend.prefixes import is_plain_prefix
from bot.exts.backend.responders import InteractionResponder, MessageResponder, show_typing
from bot.exts.jobs.viewers import Viewers
from bot.jobs.models import JobState
from bot.views.components.items import job_id_of, start_view
from bot.views.components.routes import JobAction
from bot.views.job_titles import list_title, plain_list_title
from bot.views.queue import QueuedJob, QueueSummary, queue_embed, queue_view
from bot.views.text import jobs as text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.exts.backend.dependencies import Dependencies
    from bot.exts.backend.responders import Responder
    from bot.exts.jobs.actions import JobActions
    from bot.jobs.models import Job

# mypy cannot infer the type variables of `hybrid_command`, hence the ignores below.
__all__ = ["JobCommands"]

_JOB_ID: Final = re.compile(r"(?<![0-9a-f])[0-9a-f]{12}(?![0-9a-f])")
MOST_CHOICES: Final = 25
MOST_LOOKED_AT: Final = 25
"""Newest jobs of a member among which `again` looks for one that may be repeated here."""


class JobCommands(commands.Cog, description=text.SECTION):
    """Commands about a member's own jobs."""

    def __init__(self, dependencies: Dependencies, actions: JobActions) -> None:
        self._dependencies = dependencies
        self._actions = actions
        self._store = dependencies.store
        self._prefixes = dependencies.prefixes

    @commands.hybrid_command(name="queue", ignore_extra=False, help=text.QUEUE_HELP)  # type: ignore[arg-type]
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
    async def queue(self, ctx: commands.Context[Any]) -> None:
        """Show the member's unfinished jobs, and the guild's queue."""
        await show_typing(ctx)
        summary = await self._summary(ctx.author.id, ctx.guild.id if ctx.guild else None)
        viewers = _viewers(ctx)
        shown = summary.visible(lambda job: viewers.may_see(job, Act.LIST_JOB))
        await ctx.reply(
            embed=queue_embed(shown, prefix=await self._prefixes.of(ctx)),
            view=queue_view(shown.mine),
            ephemeral=True,
        )

    @commands.hybrid_command(name="cancel", help=text.CANCEL_HELP)  # type: ignore[arg-type]
    @app_commands.describe(job=text.CANCEL_JOB)
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
    async def cancel(self, ctx: commands.Context[Any], *, job: str | None = None) -> None:
        """Cancel one or all of the member's jobs, or as a moderator another member's job."""
        await show_typing(ctx)
        written = (job or "").strip().lower()
        jobs = await self._jobs_to_cancel(ctx, written)
        is_read = written in {"", "all"} or _JOB_ID.search(written) is not None
        is_unknown = not jobs and not is_read and is_plain_prefix(ctx)
        if is_unknown and not await self._unfinished(ctx.author.id):
            raise commands.TooManyArguments  # it is rather meant for another bot
        for each in jobs:
            await self._store.cancel(each.job_id)
        viewers = _viewers(ctx)
        titles = [
            f"**{list_title(each)}**" if viewers.may_see(each, Act.LIST_JOB) else text.UNTITLED
            for each in jobs
        ]
        answer = text.cancelled(titles)
        await ctx.reply(answer, ephemeral=True)

    @commands.hybrid_command(name="again", ignore_extra=False, help=text.AGAIN_HELP)  # type: ignore[arg-type]
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
    async def again(self, ctx: commands.Context[Any]) -> None:
        """Enqueue the member's last job again, or the one that is replied to, with a new seed."""
        responder: Responder
        if ctx.interaction is None:
            responder = MessageResponder(ctx.message, self._dependencies.reply_pacer)
        else:
            responder = InteractionResponder(ctx.interaction)
        job = await self._last(ctx)
        if job is None:
            nothing = text.NOTHING_TO_REPEAT.format(prefix=await self._prefixes.of(ctx))
            await responder.reply(nothing, view=start_view())
            return
        refusal = await self._actions.vary(responder, job, JobAction.AGAIN)
        if refusal is not None:
            await responder.reply(refusal)
        else:
            await responder.confirm(text.ACCEPTED)

    @cancel.autocomplete("job")
    async def _suggest_jobs(
        self, interaction: discord.Interaction[Any], typed: str
    ) -> list[app_commands.Choice[str]]:
        typed = typed.strip().lower()
        jobs = await self._unfinished(interaction.user.id)
        if interaction.guild_id is not None and interaction.permissions.manage_messages:
            of_channel = await self._store.list_unfinished(channel_id=interaction.channel_id)
            jobs += [job for job in of_channel if job.origin.requester_id != interaction.user.id]
        return [
            app_commands.Choice(
                name=f"{plain_list_title(job, limit=85)} ({job.job_id})", value=job.job_id
            )
            for job in jobs
            if may(Act.CANCEL_JOB, interaction, job)
            and (typed in job.title.lower() or typed in job.job_id)
        ][:MOST_CHOICES]

    async def _summary(self, member_id: int, guild_id: int | None) -> QueueSummary:
        scheduler = self._dependencies.scheduler
        unfinished = await self._unfinished(member_id)
        newest = next((job.job_id for job in unfinished if job.state is JobState.QUEUED), None)
        forecast = await scheduler.forecast(including=newest)

        def queued(job: Job) -> QueuedJob:
            estimate = scheduler.estimate_from(forecast, job)
            return QueuedJob(
                job=job,
                place=estimate.place,
                seconds_left=estimate.seconds_left,
                done=estimate.done,
            )

        mine = [queued(job) for job in unfinished]
        # First the running ones, then by their place in the queue.
        mine.sort(key=lambda each: each.place or 0)
        waiting = forecast.queued_by_guild
        here = waiting.get(guild_id if guild_id is not None else -member_id, 0)
        return QueueSummary(
            mine=mine,
            running=[queued(job) for job in forecast.running if _is_of(job, guild_id, member_id)],
            waiting=here,
            elsewhere=sum(waiting.values()) - here,
            in_guild=guild_id is not None,
        )

    async def _unfinished(self, member_id: int) -> list[Job]:
        return await self._store.list_unfinished(requester_id=member_id)

    async def _last(self, ctx: commands.Context[Any]) -> Job | None:
        """Find the job that is replied to, otherwise the member's newest one of this guild.

        Raises:
            UnknownJobError: the job replied to is not kept any more, or belongs elsewhere.
        """
        job_id = await self._replied_to(ctx) if ctx.interaction is None else None
        if job_id is not None:
            job = await self._store.get(job_id)
            check_job(Act.REPEAT_JOB, ctx, job)
            return job
        guild_id = ctx.guild.id if ctx.guild else None
        newest = await self._store.list_for_member(
            ctx.author.id, guild_id=guild_id, limit=MOST_LOOKED_AT
        )
        return next((job for job in newest if may(Act.REPEAT_JOB, ctx, job)), None)

    async def _jobs_to_cancel(self, ctx: commands.Context[Any], written: str) -> Sequence[Job]:
        """Find the jobs to cancel; none if the member may cancel none of that id."""
        unfinished = await self._unfinished(ctx.author.id)
        mine = [job for job in unfinished if may(Act.CANCEL_JOB, ctx, job)]
        if written == "all":
            return mine
        found = _JOB_ID.search(written)
        job_id = found[0] if found else await self._replied_to(ctx)
        if job_id is None:
            return mine[:1] if not written else ()
        own = [job for job in mine if job.job_id == job_id]
        return own or await self._jobs_of_others(ctx, job_id)

    async def _replied_to(self, ctx: commands.Context[Any]) -> str | None:
        """Find the job of the card or the result that the command replies to."""
        reference = ctx.message.reference
        if reference is None or reference.message_id is None:
            return None
        card = await self._store.find_by_card(reference.message_id)
        if card is not None:
            return card.job_id
        shown = reference.resolved
        if not isinstance(shown, discord.Message) or shown.author.id != ctx.me.id:
            return None  # anybody can send components that look like the bot's
        return job_id_of(shown)

    async def _jobs_of_others(self, ctx: commands.Context[Any], job_id: str) -> Sequence[Job]:
        """Find another member's unfinished job, if the author may cancel it."""
        try:
            found = await self._store.get(job_id)
        except UnknownJobError:
            return ()
        return (found,) if not found.state.is_final and may(Act.CANCEL_JOB, ctx, found) else ()


def _viewers(ctx: commands.Context[Any]) -> Viewers:
    return Viewers(ctx.guild, ctx.channel.id, ctx.author, privately=place_of(ctx).is_private)


def _is_of(job: Job, guild_id: int | None, member_id: int) -> bool:
    """Whether a job belongs to the guild, or to the member's direct messages."""
    if guild_id is not None:
        return job.origin.guild_id == guild_id
    return job.origin.guild_id is None and job.origin.requester_id == member_id
