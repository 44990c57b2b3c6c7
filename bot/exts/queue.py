"""`queue` and `cancel`: a member's own paintings under way."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from discord import app_commands
from discord.ext import commands

from bot.jobs.model import JobState
from bot.views import wording
from bot.views.card import shown_title

if TYPE_CHECKING:
    from bot.exts.services import Services
    from bot.jobs.model import Job

# mypy cannot infer the type variables of `hybrid_command`, hence the ignores below.
__all__ = ["Queue"]

_JOB_ID: Final = re.compile(r"[0-9a-f]{12}")


class Queue(commands.Cog):
    """What is being painted, and how to stop it."""

    def __init__(self, services: Services) -> None:
        self._services = services

    @commands.hybrid_command(name="queue", aliases=["q"])  # type: ignore[arg-type]
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
    async def queue(self, ctx: commands.Context[Any]) -> None:
        """Show your paintings under way, and how many wait in all."""
        await ctx.defer(ephemeral=True)
        mine = await self._unfinished(ctx.author.id)
        waiting = len(await self._services.store.waiting())
        lines = [await self._line(job) for job in mine]
        if not lines:
            lines = [wording.NONE_UNDER_WAY]
        others = waiting - sum(job.state is JobState.QUEUED for job in mine)
        lines.append(wording.others_waiting(others))
        await ctx.reply("\n".join(lines), ephemeral=True)

    @commands.hybrid_command(name="cancel", aliases=["stop"])  # type: ignore[arg-type]
    @app_commands.describe(job="The job's id, from the foot of its card; empty for the newest")
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
    async def cancel(self, ctx: commands.Context[Any], *, job: str | None = None) -> None:
        """Cancel your newest painting, or the one named by its job id, or all of them."""
        await ctx.defer(ephemeral=True)
        wanted = await self._wanted(ctx.author.id, (job or "").strip().lower())
        for each in wanted:
            await self._services.store.cancel(each.job_id)
        text = wording.cancelled([f"**{shown_title(each)}**" for each in wanted])
        await ctx.reply(text, ephemeral=True)

    async def _unfinished(self, member_id: int) -> list[Job]:
        jobs = await self._services.store.jobs_of(member_id)
        return [job for job in jobs if not job.state.is_final]

    async def _wanted(self, member_id: int, written: str) -> list[Job]:
        """The jobs to cancel, none where an id fits none of the member's own."""
        mine = await self._unfinished(member_id)
        if not written:
            return mine[:1]
        if written == "all":
            return mine
        found = _JOB_ID.search(written)
        return [job for job in mine if found and job.job_id == found[0]]

    async def _line(self, job: Job) -> str:
        title = f"**{shown_title(job)}**"
        if job.state is JobState.RUNNING:
            share = f"{100 * job.step // job.total}%" if job.total else "just begun"
            return f"{title}: being painted, {share}."
        place = await self._services.store.place_in_queue(job.job_id)
        return f"{title}: waiting" + (f", number {place} in line." if place else ".")
