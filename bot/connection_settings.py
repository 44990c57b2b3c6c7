"""The settings of what the bot connects to: Discord, the database and the storage."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from platformdirs import user_data_path
from pydantic import AliasChoices, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings

from bot import setting_formats as formats

__all__ = ["MIB", "ConnectionSettings"]

MIB: Final = 1024 * 1024


class ConnectionSettings(BaseSettings):
    """The first part of `bot.settings.Settings`."""

    # Discord
    discord_token: SecretStr | None = Field(
        default=None,
        validation_alias=AliasChoices("DISCORD_TOKEN", "STYLEBOT_DISCORD_TOKEN"),
        description="The bot's token, from the Discord developer portal. Never logged.",
    )
    discord_token_file: Path | None = Field(
        default=None,
        description="A file that holds the token, for hosts that mount secrets as files.",
    )
    discord_url: str | None = Field(
        default=None,
        description="Base URL of another server, such as the playground; empty for Discord itself.",
    )
    prefix: str = Field(
        default="!",
        min_length=1,
        max_length=8,
        description="Prefix of text commands where a server has not chosen another. Mentioning "
        "the bot always works as well.",
    )
    short_aliases: bool = Field(
        default=False,
        description="Answer to `paint`, `q`, `stop`, `paintings` and `styles` too, which other "
        "bots with the same prefix may have.",
    )
    sync_commands: bool = Field(
        default=True, description="Publish the slash commands at start when they have changed."
    )

    # Storage
    data_dir: Path = Field(
        default_factory=lambda: user_data_path("stylebot", appauthor=False),
        description="Folder for the embedded database and the pictures.",
    )
    database_url: str | None = Field(
        default=None,
        description="SQLAlchemy URL of the database; empty for SQLite in the data folder.",
    )
    artefacts_url: str | None = Field(
        default=None,
        description="Where pictures are kept: a folder, or s3://bucket/prefix; "
        "empty for a folder in the data folder.",
    )
    retention_days: float = Field(
        default=30, gt=0, description="Days after which a finished job's pictures are deleted."
    )
    left_guild_days: float = Field(
        default=30,
        gt=0,
        description="Days after which the settings and presets of a guild that removed the bot are "
        "deleted.",
    )
    min_free_disk_bytes: int = Field(
        default=512 * MIB,
        ge=0,
        description="Free disk space below which new jobs are refused. Bytes.",
    )
    max_stored_bytes_per_member: int = Field(
        default=256 * MIB,
        gt=0,
        description="Largest size of one member's pickers, saved requests and pictures of "
        "cancelled jobs. Bytes.",
    )
    max_stored_bytes_per_guild: int = Field(
        default=2048 * MIB, gt=0, description="The same of one guild's members. Bytes."
    )
    unused_inputs_seconds: float = Field(
        default=2700,
        gt=0,
        description="Time after which the pictures of jobs that were cancelled or never started, "
        "and of used pickers, are deleted, within a quarter more. Seconds.",
    )

    @field_validator("discord_url")
    @classmethod
    def _check_url(cls, url: str | None) -> str | None:
        return None if url is None else formats.check_url(url)

    @property
    def resolved_database_url(self) -> str:
        """The database URL, with the SQLite default filled in."""
        return self.database_url or f"sqlite+aiosqlite:///{self.data_dir / 'stylebot.sqlite3'}"

    @property
    def resolved_artefacts_url(self) -> str:
        """The storage URL, with the default folder filled in."""
        return self.artefacts_url or str(self.data_dir / "artefacts")

    def token(self) -> str | None:
        """Return the Discord token from the environment or its file; None if there is neither.

        Raises:
            OSError: the token's file cannot be read.
        """
        # A host that mounts the token as a file may set the variable to an empty string.
        if self.discord_token is not None and self.discord_token.get_secret_value().strip():
            return self.discord_token.get_secret_value().strip()
        if self.discord_token_file is not None:
            return self.discord_token_file.read_text(encoding="utf-8").strip() or None
        return None
