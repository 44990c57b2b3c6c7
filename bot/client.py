"""The Discord client: intents, caches, commands, and the one place that knows another Discord."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from typing import TYPE_CHECKING, Any, Final

import discord
from discord.ext import commands
from yarl import URL

from bot.discord_errors import discord_request
from bot.errors import StoreUnavailableError
from bot.exts.backend.component_router import ComponentRouter
from bot.exts.backend.error_handler import ErrorHandler
from bot.exts.backend.help import HelpCommands
from bot.exts.backend.owner import OwnerCommands
from bot.exts.guild.presets import GuildPresetCommands
from bot.exts.guild.settings import GuildSettingsCommands
from bot.exts.jobs.actions import JobActions
from bot.exts.jobs.cog import JobCommands
from bot.exts.jobs.gallery import GalleryCommands
from bot.exts.privacy.cog import PrivacyCommands
from bot.exts.stylize.cog import Stylize
from bot.exts.stylize.handler import StylizeHandler
from bot.exts.stylize.picker import PickerTable
from bot.exts.stylize.suggestion_actions import SuggestionActions
from bot.views.picker import page_of
from bot.views.text import gallery as gallery_text
from bot.views.text import help as help_text
from bot.views.text import privacy as privacy_text

if TYPE_CHECKING:
    from pathlib import Path

    from bot.exts.backend.dependencies import Dependencies
    from bot.settings import Settings

__all__ = ["StyleBot", "point_at"]

logger = logging.getLogger(__name__)

LONGEST_RATE_LIMIT_SECONDS: Final = 30.0
"""A rate limit that asks for more is an error, so that no task sleeps unseen for minutes."""

LIFT_SECONDS: Final = 5.0
"""A limit on everything is lifted so long after whoever slept through it was cut off."""

PUBLISH_SECONDS: Final = 60.0


class StyleBot(commands.AutoShardedBot):
    """The bot as Discord sees it.

    It caches as little as it can: guilds, channels, roles and its own membership, which
    permissions are made of, but no members and no messages.
    """

    def __init__(self, dependencies: Dependencies) -> None:
        """Make a client; it connects to nothing before `login`."""
        settings = dependencies.settings
        point_at(settings.discord_url)
        # The bot does not speak; no need to hear at every start which libraries for it are missing.
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
        super().__init__(
            command_prefix=commands.when_mentioned_or(settings.prefix),
            help_command=None,
            case_insensitive=True,
            strip_after_prefix=True,
            intents=_intents(),
            allowed_mentions=discord.AllowedMentions.none(),
            chunk_guilds_at_startup=False,
            member_cache_flags=discord.MemberCacheFlags.none(),
            max_messages=None,
            max_ratelimit_timeout=LONGEST_RATE_LIMIT_SECONDS,
            tree_cls=_Commands,
            activity=discord.CustomActivity(name=help_text.ACTIVITY.format(prefix=settings.prefix)),
        )
        _lift_global_limits(self.http)
        self._dependencies = dependencies
        self._pickers = PickerTable(dependencies)
        self._requests = StylizeHandler(dependencies, self._pickers)
        self._router = ComponentRouter()
        self.text_prefix = settings.prefix

    async def setup_hook(self) -> None:
        """Add commands and buttons; called by discord.py once the token was accepted."""
        dependencies, pickers = self._dependencies, self._pickers
        await self.add_cog(ErrorHandler(self))
        stylize = Stylize(self, dependencies, self._requests, pickers, is_ours=self.is_ours)
        await self.add_cog(stylize)
        job_actions = JobActions(dependencies)
        await self.add_cog(JobCommands(dependencies, job_actions))
        gallery, presets = GalleryCommands(dependencies), GuildPresetCommands(dependencies)
        privacy = PrivacyCommands(dependencies, self)
        settings = GuildSettingsCommands(dependencies, self)
        for cog in (gallery, presets, privacy, settings):
            await self.add_cog(cog)
        await self.add_cog(HelpCommands(dependencies, self, misspelt=stylize.on_misspelt_command))
        await self.add_cog(OwnerCommands(dependencies, self))
        router = self._router
        router.register(job_actions.handlers)
        router.register(SuggestionActions(dependencies, self._requests, pickers).handlers)
        not_owner = gallery_text.NOT_YOURS.format(prefix=self.text_prefix)
        router.register(gallery.handlers, not_owner=not_owner)
        router.register(privacy.handlers, not_owner=privacy_text.NOT_YOURS)
        router.register(presets.handlers)
        router.register(settings.handlers)
        router.check_complete()
        await self.add_cog(router)

    async def process_commands(self, message: discord.Message, /) -> None:
        """Do what a message asks, unless another process that heard it too does so."""
        if message.author.bot:
            return
        context = await self.get_context(message)
        if context.prefix is not None and await self.is_ours(f"command:{message.id}"):
            await self.invoke(context)

    async def is_ours(self, key: str) -> bool:
        """Whether this process answers what every process that shares the database hears."""
        try:
            return await self._dependencies.store.presence.take(key)
        except StoreUnavailableError as error:
            logger.warning("%s may be answered twice: %s", key, error)
            return True

    async def draw_ahead(self) -> None:
        """Draw what the first member who asks would wait for: the sheet of the built-in styles."""
        catalog = self._dependencies.catalog
        styles = await catalog.presets(None)
        where, _, _ = page_of(len(styles), 0)
        await catalog.sheet(styles[where])

    async def publish_commands(self, *, force: bool = False) -> bool:
        """Publish the slash commands if they differ from those published last.

        Discord allows few of these a day, so what was published is remembered as a hash in the
        data folder.

        Returns:
            Whether they were published.

        Raises:
            DiscordError: they were not published.
        """
        settings = self._dependencies.settings
        note = settings.data_dir / "published-commands.sha256"
        digest = self._commands_digest(settings)
        if not force and await asyncio.to_thread(_read, note) == digest:
            logger.debug("the slash commands have not changed")
            return False
        async with discord_request(seconds=PUBLISH_SECONDS):
            published = await self.tree.sync()
        await asyncio.to_thread(_write, note, digest)
        logger.info("published %d slash commands", len(published))
        return True

    def _commands_digest(self, settings: Settings) -> str:
        described: list[Any] = [
            command.to_dict(self.tree)
            for command in self.tree.walk_commands(type=discord.AppCommandType.chat_input)
        ]
        described += [
            command.to_dict(self.tree)
            for command in self.tree.walk_commands(type=discord.AppCommandType.message)
        ]
        # Another application, or another Discord, has not seen them yet.
        whole = [settings.discord_url, self.application_id, described]
        return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()


class _Commands(discord.app_commands.CommandTree["StyleBot"]):
    """Slash commands, of which each use is answered by one process."""

    async def interaction_check(self, interaction: discord.Interaction[StyleBot], /) -> bool:
        """Let this process answer, or not."""
        return await self.client.is_ours(f"interaction:{interaction.id}")


def point_at(discord_url: str | None) -> None:
    """Point discord.py at another Discord; call it before a client is created.

    discord.py has its three addresses hard-coded: for REST, for the gateway where ``GET
    /gateway`` is not asked, and for avatars and emojis.

    Args:
        discord_url: base address of a local Discord, or None for the real one.
    """
    if discord_url is None:
        return
    base = URL(discord_url.rstrip("/"))
    gateway = (base / "gateway").with_scheme("wss" if base.scheme == "https" else "ws")
    discord.http.Route.BASE = f"{base}/api/v10"
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = gateway
    discord.asset.Asset.BASE = f"{base}/cdn"


def _lift_global_limits(http: discord.http.HTTPClient) -> None:
    """Keep a cancelled request from leaving the client silent for ever.

    At a limit on everything, discord.py 2.7 holds back all requests until the one that met the
    limit has slept through it. Cut off in its sleep, as by one of our timeouts, it never wakes
    the others. Somebody else has to.
    """
    request = http.request

    async def liftable(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - it is passed on
        try:
            return await request(*arguments, **options)
        except asyncio.CancelledError:
            over = http._global_over  # noqa: SLF001 - there is no public way
            if not over.is_set():
                # Too early is harmless: the next request meets the limit, and sleeps again.
                asyncio.get_running_loop().call_later(LIFT_SECONDS, over.set)
            raise

    http.request = liftable  # type: ignore[method-assign]


def _intents() -> discord.Intents:
    intents = discord.Intents.none()
    intents.guilds = True
    intents.guild_messages = True
    intents.dm_messages = True
    intents.message_content = True
    intents.guild_reactions = True
    intents.dm_reactions = True
    return intents


def _read(note: Path) -> str | None:
    try:
        return note.read_text(encoding="ascii").strip()
    except (FileNotFoundError, UnicodeDecodeError):
        return None


def _write(note: Path, digest: str) -> None:
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text(digest, encoding="ascii")
