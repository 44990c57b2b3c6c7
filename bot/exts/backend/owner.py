"""What only the bot's operator may do, by text command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from discord.ext import commands

from bot.jobs.models import QueueMode

if TYPE_CHECKING:
    from bot.exts.backend.dependencies import Dependencies

__all__ = ["Owner", "Publisher"]


class Publisher(Protocol):
    """Who publishes the slash commands."""

    async def publish_commands(self, *, force: bool) -> bool:
        """Publish them if they changed, or anyway; True if they were published."""
        ...


class Owner(commands.Cog, command_attrs={"hidden": True}):
    """The operator's own commands."""

    def __init__(self, dependencies: Dependencies, publisher: Publisher) -> None:
        self._scheduler = dependencies.scheduler
        self._store = dependencies.store
        self._publisher = publisher

    async def cog_check(self, ctx: commands.Context[Any]) -> bool:
        """Only the application's owner, or a member of its team.

        Raises:
            NotOwner: it is somebody else.
        """
        if not await ctx.bot.is_owner(ctx.author):
            raise commands.NotOwner
        return True

    @commands.command(name="sync")
    async def sync(self, ctx: commands.Context[Any]) -> None:
        """Publish the slash commands, changed or not."""
        await self._publisher.publish_commands(force=True)
        await ctx.reply("The slash commands are published.")

    @commands.command(name="pause")
    async def pause(self, ctx: commands.Context[Any]) -> None:
        """Start no new paintings; those under way go on, and new ones wait in line."""
        await self._scheduler.set_mode(QueueMode.PAUSED)
        await ctx.reply("No new painting is started until `resume`, restarts included.")

    @commands.command(name="drain")
    async def drain(self, ctx: commands.Context[Any]) -> None:
        """Accept no new paintings; those accepted are finished."""
        await self._scheduler.set_mode(QueueMode.DRAINING)
        unfinished = await self._unfinished()
        await ctx.reply(
            f"No new painting is accepted until `resume`, restarts included. Left to do: "
            f"{unfinished}."
        )

    @commands.command(name="resume")
    async def resume(self, ctx: commands.Context[Any]) -> None:
        """Accept and start paintings again."""
        await self._scheduler.set_mode(QueueMode.OPEN)
        await ctx.reply(
            f"Paintings are accepted and started again. In line: {await self._unfinished()}."
        )

    async def _unfinished(self) -> int:
        counts = await self._store.count()
        return sum(number for state, number in counts.items() if not state.is_final)
