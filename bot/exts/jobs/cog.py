"""`queue`, `cancel` and `again`: a member's own paintings under way, and the last one anew."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import discord
from discord import app_commands
from discord.ext import commands

from bot.exts.backend.responders import InteractionResponder, MessageResponder, defer
from bot.views.card import shown_title
from bot.views.components.items import job_id_of, start_view
from bot.views.components.routes import JobAction
from bot.views.queue import Line, QueueView, queue_embed, queue_view
from bot.views.text import sentences

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.exts.backend.dependencies import Dependencies
    from bot.exts.backend.responders import Responder
    from bot.exts.jobs.actions import JobActions
    from bot.jobs.models import Job

# mypy cannot infer the type variables of `hybrid_command`, hence the ignores below.
__all__ = ["Queue"]

_JOB_ID: Final = re.compile(r"(?<![0-9a-f])[0-9a-f]{12}(?![0-9a-f])")
MOST_CHOICES: Final = 25


class Queue(commands.Cog):
    """What is being painted, and how to stop it."""

    def __init__(self, dependencies: Dependencies, actions: JobActions) -> None:
        self._dependencies = dependencies
        self._actions = actions
        self._store = dependencies.store
        self._prefix = dependencies.settings.prefix

    @commands.hybrid_command(name="queue", aliases=["q"])  # type: ignore[arg-type]
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
    async def queue(self, ctx: commands.Context[Any]) -> None:
        """Show your paintings under way, and how busy the queue is."""
        await ctx.defer(ephemeral=True)
        queue = await self._look(ctx.author.id, ctx.guild.id if ctx.guild else None)
        await ctx.reply(
            embed=queue_embed(queue, prefix=self._prefix),
            view=queue_view(queue.mine),
            ephemeral=True,
        )

    @commands.hybrid_command(name="cancel", aliases=["stop"])  # type: ignore[arg-type]
    @app_commands.describe(job="Which one, by the id at the foot of its card; empty for the newest")
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
    async def cancel(self, ctx: commands.Context[Any], *, job: str | None = None) -> None:
        """Cancel your newest painting, or `all` of them, or the one with the id at its card's foot.

        As a reply to a card or a result, it means that one. Those who may manage messages may
        cancel others' paintings too, by id or reply.
        """
        await ctx.defer(ephemeral=True)
        wanted = await self._wanted(ctx, (job or "").strip().lower())
        for each in wanted:
            await self._store.cancel(each.job_id)
        text = sentences.cancelled([f"**{shown_title(each)}**" for each in wanted])
        await ctx.reply(text, ephemeral=True)

    @commands.hybrid_command(name="again")  # type: ignore[arg-type]
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
    async def again(self, ctx: commands.Context[Any]) -> None:
        """Paint your last painting once more, differently.

        As a reply to a card or a result, it means that one, whoever asked for it.
        """
        responder: Responder
        if ctx.interaction is None:
            responder = MessageResponder(ctx.message)
        elif await defer(ctx.interaction):
            responder = InteractionResponder(ctx.interaction)
        else:
            return
        job = await self._last(ctx)
        if job is None:
            text = sentences.NOTHING_TO_REPEAT.format(prefix=self._prefix)
            await responder.say(text, view=start_view())
            return
        refusal = await self._actions.vary(responder, job, JobAction.AGAIN)
        if refusal is not None:
            await responder.say(refusal)
        else:
            await responder.accepted(sentences.ACCEPTED)

    @cancel.autocomplete("job")
    async def _suggest_jobs(
        self, interaction: discord.Interaction[Any], typed: str
    ) -> list[app_commands.Choice[str]]:
        typed = typed.strip().lower()
        jobs = await self._unfinished(interaction.user.id)
        if interaction.guild_id is not None and interaction.permissions.manage_messages:
            under_way = [*await self._store.running(), *await self._store.waiting()]
            jobs += [
                job
                for job in under_way
                if job.origin.channel_id == interaction.channel_id
                and job.origin.requester_id != interaction.user.id
            ]
        return [
            app_commands.Choice(name=f"{job.title} ({job.job_id})"[-100:], value=job.job_id)
            for job in jobs
            if typed in job.title.lower() or typed in job.job_id
        ][:MOST_CHOICES]

    async def _look(self, member_id: int, guild_id: int | None) -> QueueView:
        waiting = await self._store.waiting()
        places = {job.job_id: place for place, job in enumerate(waiting, 1)}
        mine = [
            Line(
                job=job,
                place=places.get(job.job_id),
                seconds_left=await self._dependencies.scheduler.estimate(job),
            )
            for job in await self._unfinished(member_id)
        ]
        # First what is being painted, then what comes soonest.
        mine.sort(key=lambda line: line.place or 0)
        here = [job for job in waiting if _is_of(job, guild_id, member_id)]
        running = await self._store.running()
        return QueueView(
            mine=mine,
            painting=[job for job in running if _is_of(job, guild_id, member_id)],
            waiting=len(here),
            elsewhere=len(waiting) - len(here),
            in_guild=guild_id is not None,
        )

    async def _unfinished(self, member_id: int) -> list[Job]:
        jobs = await self._store.jobs_of(member_id, limit=100)
        return [job for job in jobs if not job.state.is_final]

    async def _last(self, ctx: commands.Context[Any]) -> Job | None:
        """The job that is replied to, else the member's newest one here."""
        job_id = await self._replied_to(ctx) if ctx.interaction is None else None
        if job_id is not None:
            return await self._store.get(job_id)
        guild_id = ctx.guild.id if ctx.guild else None
        newest = await self._store.jobs_of(ctx.author.id, guild_id=guild_id, limit=1)
        return newest[0] if newest else None

    async def _wanted(self, ctx: commands.Context[Any], written: str) -> Sequence[Job]:
        """The jobs to cancel, none where an id fits none that the member decides about."""
        mine = await self._unfinished(ctx.author.id)
        if written == "all":
            return mine
        found = _JOB_ID.search(written)
        job_id = found[0] if found else await self._replied_to(ctx)
        if job_id is None:
            return mine[:1] if not written else ()
        own = [job for job in mine if job.job_id == job_id]
        return own or await self._others(ctx, job_id)

    async def _replied_to(self, ctx: commands.Context[Any]) -> str | None:
        """The job of the card or the result that the command replies to."""
        reference = ctx.message.reference
        if reference is None or reference.message_id is None:
            return None
        card = await self._store.find_by_card(reference.message_id)
        if card is not None:
            return card.job_id
        shown = reference.resolved
        return job_id_of(shown) if isinstance(shown, discord.Message) else None

    async def _others(self, ctx: commands.Context[Any], job_id: str) -> Sequence[Job]:
        """Another member's job under way, for those who may manage messages where it is."""
        if ctx.guild is None or not isinstance(ctx.author, discord.Member):
            return ()
        under_way = [*await self._store.running(), *await self._store.waiting()]
        found = next((job for job in under_way if job.job_id == job_id), None)
        if found is None or found.origin.guild_id != ctx.guild.id:
            return ()
        channel = ctx.guild.get_channel_or_thread(found.origin.channel_id)
        if channel is None or not channel.permissions_for(ctx.author).manage_messages:
            return ()
        return (found,)


def _is_of(job: Job, guild_id: int | None, member_id: int) -> bool:
    """Whether a job belongs to the place where the queue is looked at."""
    if guild_id is not None:
        return job.origin.guild_id == guild_id
    return job.origin.guild_id is None and job.origin.requester_id == member_id
