"""The Discord client: intents, caches, commands, and the address of a local Discord."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import hashlib
import json
import logging
from typing import TYPE_CHECKING, Any, Final

import discord
from discord.ext import commands
from yarl import URL

from bot.discord_errors import discord_request, translate_discord_errors
from bot.errors import DiscordError, StoreUnavailableError
from bot.exts.backend.admission import Admission
from bot.exts.backend.command_context import CommandContext
from bot.exts.backend.component_router import ComponentRouter
from bot.exts.backend.cooldowns import Cooldowns
from bot.exts.backend.error_handler import ErrorHandler
from bot.exts.backend.help import HelpCommands
from bot.exts.backend.in_flight import InFlightRequests
from bot.exts.backend.owner import OwnerCommands
from bot.exts.backend.policy import Act
from bot.exts.backend.prefixes import add_short_aliases
from bot.exts.backend.responders import MessageResponder, reply_ephemeral
from bot.exts.guild.presets import GuildPresetCommands
from bot.exts.guild.settings_commands import GuildSettingsCommands
from bot.exts.jobs.actions import JobActions
from bot.exts.jobs.cog import JobCommands
from bot.exts.jobs.gallery import GalleryCommands
from bot.exts.privacy.cog import PrivacyCommands
from bot.exts.stylize.cog import Stylize
from bot.exts.stylize.handler import StylizeHandler
from bot.exts.stylize.picker import PickerHandler
from bot.exts.stylize.slash_command import opens_form
from bot.exts.stylize.suggestion_actions import SuggestionActions
from bot.ops.discord_requests import count_failures
from bot.ops.error_report import Where, count_error
from bot.ops.private_files import write_private_text
from bot.views.picker import page_of
from bot.views.text import help as help_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bot.exts.backend.dependencies import Dependencies
    from bot.settings import Settings

__all__ = ["StyleBot", "set_discord_url"]

logger = logging.getLogger(__name__)

LONGEST_RATE_LIMIT_SECONDS: Final = 30.0
"""A longer rate limit raises `discord.RateLimited`, so that no task sleeps for minutes."""

RELEASE_SECONDS: Final = 5.0
"""How long after a cancelled request the global rate limit it met is released."""

PUBLISH_SECONDS: Final = 60.0

SUGGESTION_SECONDS: Final = 2.0
"""Longest time to find suggestions for a parameter; Discord shows none after three seconds."""


class StyleBot(commands.AutoShardedBot):
    """The bot's connection to Discord.

    It caches only what permissions are computed from (guilds, channels, roles and its own
    membership), no members and no messages.

    Attributes:
        in_flight: the requests that are being served.
        admission: decides what this process serves.
        reply_pacer: spaces the replies to messages.
    """

    def __init__(self, dependencies: Dependencies) -> None:
        """Make a client; it connects to nothing before `login`."""
        settings = dependencies.settings
        set_discord_url(settings.discord_url)
        # The bot has no voice features; do not warn at every start about their missing libraries.
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
        super().__init__(
            command_prefix=_prefixes_of_message,
            help_command=None,
            case_insensitive=True,
            strip_after_prefix=True,
            intents=_intents(),
            allowed_mentions=discord.AllowedMentions.none(),
            chunk_guilds_at_startup=False,
            member_cache_flags=discord.MemberCacheFlags.none(),
            max_messages=None,
            max_ratelimit_timeout=LONGEST_RATE_LIMIT_SECONDS,
            tree_cls=_CommandTree,
            http_trace=count_failures(),
            activity=discord.CustomActivity(name=help_text.ACTIVITY.format(prefix=settings.prefix)),
        )
        _release_global_rate_limits(self.http)
        self.in_flight = InFlightRequests()
        self._lost_shards: set[int] = set()
        self.reply_pacer = dependencies.reply_pacer
        self.admission = Admission(
            Cooldowns(settings),
            self.in_flight,
            reply_pacer=self.reply_pacer,
            claim=self.is_ours,
        )
        self._dependencies = dependencies
        self._pickers = PickerHandler(dependencies)
        self._requests = StylizeHandler(dependencies, self._pickers)
        self._router = ComponentRouter(self.admission, self.in_flight)
        self._resembles_command: Callable[[commands.Context[Any]], bool] = lambda _: False
        self.prefixes = dependencies.prefixes

    async def setup_hook(self) -> None:
        """Add commands and buttons; discord.py calls this during the login."""
        dependencies, pickers = self._dependencies, self._pickers
        await self.add_cog(ErrorHandler(self, dependencies.prefixes, self.reply_pacer))
        stylize = Stylize(
            self,
            dependencies,
            self._requests,
            pickers,
            admission=self.admission,
            in_flight=self.in_flight,
        )
        await self.add_cog(stylize)
        job_actions = JobActions(dependencies, pickers)
        await self.add_cog(JobCommands(dependencies, job_actions))
        gallery, presets = GalleryCommands(dependencies), GuildPresetCommands(dependencies)
        privacy = PrivacyCommands(dependencies, self, in_flight=self.in_flight)
        settings = GuildSettingsCommands(dependencies, self)
        for cog in (gallery, presets, privacy, settings):
            await self.add_cog(cog)
        help_commands = HelpCommands(dependencies, self, misspelt=stylize.on_misspelt_command)
        self._resembles_command = help_commands.resembles_command
        await self.add_cog(help_commands)
        await self.add_cog(OwnerCommands(dependencies, self))
        if dependencies.settings.short_aliases:
            add_short_aliases(self)
        router = self._router
        router.register(job_actions.handlers)
        router.register(SuggestionActions(dependencies, self._requests, pickers).handlers)
        router.register(gallery.handlers, owner_act=Act.TURN_GALLERY_PAGE)
        router.register(privacy.handlers, owner_act=Act.USE_PRIVACY_MESSAGE)
        router.register(presets.handlers)
        router.register(settings.handlers)
        router.check_complete()
        await self.add_cog(router)

    @property
    def gateway_problem(self) -> str:
        """Which gateway connections have broken and are not restored yet; empty if none."""
        if not self._lost_shards:
            return ""
        numbers = ", ".join(map(str, sorted(self._lost_shards)))
        return f"the gateway connection is being restored, of shard {numbers}"

    async def on_shard_disconnect(self, shard_id: int) -> None:
        """Remember that a connection has broken; discord.py restores it."""
        self._lost_shards.add(shard_id)

    async def on_shard_connect(self, shard_id: int) -> None:
        """Remember that a connection was made anew."""
        self._lost_shards.discard(shard_id)

    async def on_shard_resumed(self, shard_id: int) -> None:
        """Remember that a connection was restored."""
        self._lost_shards.discard(shard_id)

    async def process_commands(self, message: discord.Message, /) -> None:
        """Run the command in a message, unless another process that received it does."""
        if message.author.bot:
            return
        context = await self.get_context(message, cls=CommandContext)
        if context.command is None and not self._resembles_command(context):
            return  # nothing, or another bot's command
        with self.in_flight.track(MessageResponder(message, self.reply_pacer).reply):
            if await self._is_operators(context) or await self.admission.admit_message(
                message, f"command:{message.id}"
            ):
                await self.invoke(context)

    async def _is_operators(self, context: commands.Context[Any]) -> bool:
        """Return whether a command is the operator's own, for which there is no cooldown."""
        return (
            context.command is not None
            and isinstance(context.cog, OwnerCommands)
            and await self.is_owner(context.author)
            and await self.is_ours(f"command:{context.message.id}")
        )

    def dispatch(self, event_name: str, /, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        """Pass an event on; when the bot is about to disconnect, only interactions.

        Members wait for an answer to those.
        """
        if not self.in_flight.is_closed or event_name == "interaction":
            super().dispatch(event_name, *args, **kwargs)

    async def is_ours(self, key: str) -> bool:
        """Return whether this process handles an event that all processes at the database receive.

        Args:
            key: identifies the event; the first process to claim it handles it.
        """
        try:
            return await self._dependencies.store.processes.claim_message(key)
        except StoreUnavailableError as error:
            count_error(Where.BACKEND, error)
            logger.warning("%s may be handled twice: %s", key, error)
            return True

    async def draw_preset_sheet(self) -> None:
        """Draw the first sheet of built-in styles, which the first picker would wait for."""
        catalog = self._dependencies.catalog
        styles = await catalog.presets(None)
        where, _, _ = page_of(len(styles), 0)
        await catalog.sheet(styles[where])

    async def publish_commands(self, *, force: bool = False) -> bool:
        """Publish the slash commands if they differ from those published last.

        Discord limits how often a day they are published, so a hash of the published ones is
        kept in the data folder.

        Args:
            force: publish them even if they have not changed.

        Returns:
            Whether they were published.

        Raises:
            DiscordError: they were not published.
        """
        settings = self._dependencies.settings
        digest_file = settings.data_dir / "published-commands.sha256"
        digest = self._commands_digest(settings)
        if not force and await asyncio.to_thread(_read, digest_file) == digest:
            logger.debug("the slash commands have not changed")
            return False
        async with discord_request(seconds=PUBLISH_SECONDS):
            published = await self.tree.sync()
        await asyncio.to_thread(write_private_text, digest_file, digest)
        logger.info("published %d slash commands", len(published))
        return True

    def _commands_digest(self, settings: Settings) -> str:
        commands: list[Any] = [
            command.to_dict(self.tree)
            for kind in (discord.AppCommandType.chat_input, discord.AppCommandType.message)
            for command in self.tree.walk_commands(type=kind)
        ]
        # Another application or another Discord needs them published too.
        published = [settings.discord_url, self.application_id, commands]
        return hashlib.sha256(json.dumps(published, sort_keys=True).encode()).hexdigest()


async def _prefixes_of_message(bot: StyleBot, message: discord.Message) -> list[str]:
    """Return what a text command may begin with: the guild's prefix, or a mention of the bot."""
    prefix = await bot.prefixes.of_guild(message.guild.id if message.guild is not None else None)
    return commands.when_mentioned_or(prefix)(bot, message)


class _CommandTree(discord.app_commands.CommandTree["StyleBot"]):
    """The slash commands and menu entries; one process serves each use."""

    async def interaction_check(self, interaction: discord.Interaction[StyleBot], /) -> bool:
        """Acknowledge the interaction; return whether this process serves it."""
        if interaction.type is discord.InteractionType.autocomplete:
            return await self.client.is_ours(f"interaction:{interaction.id}")
        return await self.client.admission.admit_interaction(
            interaction, opens_form=opens_form(interaction)
        )

    async def _call(self, interaction: discord.Interaction[StyleBot]) -> None:
        if interaction.type is discord.InteractionType.autocomplete:
            await self._suggest(interaction)
            return
        with self.client.in_flight.track(functools.partial(reply_ephemeral, interaction)):
            await super()._call(interaction)

    async def _suggest(self, interaction: discord.Interaction[StyleBot]) -> None:
        """Answer with suggestions, or with none if they take too long or fail."""
        is_told = self.client.admission.cooldowns.was_told(interaction.user.id)
        if not (is_told or self.client.in_flight.is_closed):
            try:
                async with asyncio.timeout(SUGGESTION_SECONDS):
                    await super()._call(interaction)
            except TimeoutError:
                logger.debug("no suggestions in %.1f s", SUGGESTION_SECONDS)
        # A check that failed means that another process answers.
        if not (interaction.response.is_done() or interaction.command_failed):
            with contextlib.suppress(DiscordError), translate_discord_errors():
                await interaction.response.autocomplete([])


def set_discord_url(discord_url: str | None) -> None:
    """Make discord.py use another Discord; call it before a client is created.

    discord.py hard-codes three addresses: of the REST API, of the gateway (unless ``GET
    /gateway`` is requested) and of the CDN for avatars and emojis.

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


def _release_global_rate_limits(http: discord.http.HTTPClient) -> None:
    """Keep a cancelled request from blocking all later ones.

    At a global rate limit, discord.py 2.7 holds back all requests until the one that met the
    limit has waited for it. If that one is cancelled, for example by a timeout, the others
    would wait forever; so they are released here.
    """
    request = http.request

    async def releasing_request(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - passed on
        try:
            return await request(*args, **kwargs)
        except asyncio.CancelledError:
            is_over = http._global_over  # noqa: SLF001 - there is no public access
            if not is_over.is_set():
                # Too early is harmless: the next request meets the limit and waits for it.
                asyncio.get_running_loop().call_later(RELEASE_SECONDS, is_over.set)
            raise

    http.request = releasing_request  # type: ignore[method-assign]


def _intents() -> discord.Intents:
    intents = discord.Intents.none()
    intents.guilds = True
    intents.guild_messages = True
    intents.dm_messages = True
    intents.message_content = True
    intents.guild_reactions = True
    intents.dm_reactions = True
    return intents


def _read(file: Path) -> str | None:
    try:
        return file.read_text(encoding="ascii").strip()
    except (FileNotFoundError, UnicodeDecodeError):
        return None
