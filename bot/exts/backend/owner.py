"""The operator's text commands: publish the slash commands, pause, drain and resume."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from discord.ext import commands

from bot.exts.backend.access import place_of
from bot.exts.backend.policy import Act, Actor, Subject, decide
from bot.jobs.models import QueueMode
from bot.views.text import owner as text

if TYPE_CHECKING:
    from bot.exts.backend.dependencies import Dependencies

__all__ = ["OwnerCommands", "Publisher"]


class Publisher(Protocol):
    """Publishes the slash commands."""

    async def publish_commands(self, *, force: bool) -> bool:
        """Publish them if they changed, or in any case; True if they were published."""
        ...


class OwnerCommands(commands.Cog, description=text.SECTION, command_attrs={"hidden": True}):
    """The operator's commands."""

    def __init__(self, dependencies: Dependencies, publisher: Publisher) -> None:
        self._scheduler = dependencies.scheduler
        self._store = dependencies.store
        self._publisher = publisher
        self._prefixes = dependencies.prefixes

    async def cog_check(self, ctx: commands.Context[Any]) -> bool:
        """Allow only the application's owner and the members of its team.

        Raises:
            NotOwner: the author is not one of them.
        """
        is_operator = await ctx.bot.is_owner(ctx.author)
        actor = Actor(member_id=ctx.author.id, is_operator=is_operator)
        if decide(Act.OPERATE_BOT, actor, place_of(ctx), Subject()) is not None:
            raise commands.NotOwner
        return True

    @commands.command(name="sync", ignore_extra=False, help=text.SYNC_HELP)
    async def sync(self, ctx: commands.Context[Any]) -> None:
        """Publish the slash commands, changed or not."""
        await self._publisher.publish_commands(force=True)
        await ctx.reply(text.SYNCED)

    @commands.command(name="pause", ignore_extra=False, help=text.PAUSE_HELP)
    async def pause(self, ctx: commands.Context[Any]) -> None:
        """Start no more jobs; running ones go on, new ones wait."""
        await self._scheduler.set_mode(QueueMode.PAUSED)
        await ctx.reply(text.PAUSED.format(prefix=await self._prefixes.of(ctx)))

    @commands.command(name="drain", ignore_extra=False, help=text.DRAIN_HELP)
    async def drain(self, ctx: commands.Context[Any]) -> None:
        """Accept no more jobs; accepted ones are finished."""
        await self._scheduler.set_mode(QueueMode.DRAINING)
        prefix = await self._prefixes.of(ctx)
        await ctx.reply(text.draining(await self._count_unfinished(), prefix=prefix))

    @commands.command(name="resume", ignore_extra=False, help=text.RESUME_HELP)
    async def resume(self, ctx: commands.Context[Any]) -> None:
        """Accept and start jobs again."""
        await self._scheduler.set_mode(QueueMode.OPEN)
        await ctx.reply(text.resumed(await self._count_unfinished()))

    async def _count_unfinished(self) -> int:
        counts = await self._store.count_by_state()
        return sum(number for state, number in counts.items() if not state.is_final)
