"""Every setting of the bot, in one place.

Read from the environment (prefix ``STYLEBOT_``), then from a file ``.env`` in the working
directory. ``DISCORD_TOKEN`` stands without the prefix, as every host expects it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from platformdirs import user_data_path
from pydantic import AliasChoices, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

__all__ = ["Settings", "settings_table"]

MIB = 1024 * 1024


class Settings(BaseSettings):
    """The bot's settings; see each field's description for its meaning and unit."""

    model_config = SettingsConfigDict(
        env_prefix="STYLEBOT_", env_file=".env", extra="ignore", frozen=True, populate_by_name=True
    )

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
        description="Base address of another Discord (the playground); empty for the real one.",
    )
    prefix: str = Field(
        default="!",
        min_length=1,
        max_length=8,
        description="Prefix of text commands. Mentioning the bot always works as well.",
    )
    sync_commands: bool = Field(
        default=True, description="Publish the slash commands at start when they have changed."
    )

    # Where things are kept
    data_dir: Path = Field(
        default_factory=lambda: user_data_path("stylebot", appauthor=False),
        description="Folder for the embedded database and the pictures.",
    )
    database_url: str | None = Field(
        default=None,
        description="SQLAlchemy address of the database; empty for SQLite in the data folder.",
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
        description="Days after which the rules and styles of a guild that removed the bot are "
        "deleted.",
    )
    min_free_disk_bytes: int = Field(
        default=512 * MIB, ge=0, description="New jobs are refused when less disk is free. Bytes."
    )

    # Pictures
    max_upload_bytes: int = Field(
        default=25 * MIB, gt=0, description="Largest picture file accepted. Bytes."
    )
    max_pixels: int = Field(
        default=50_000_000, gt=0, description="Largest picture accepted, width × height. Pixels."
    )
    min_side: int = Field(
        default=32, ge=16, description="Smallest side of a picture accepted. Pixels."
    )
    max_aspect_ratio: float = Field(
        default=8, ge=1, description="Longest side of a picture divided by its shortest, at most."
    )
    picture_hosts: str = Field(
        default="cdn.discordapp.com,media.discordapp.net,"
        "images-ext-1.discordapp.net,images-ext-2.discordapp.net",
        description="Hosts pictures are fetched from, by HTTPS. Discord's own serve attachments, "
        "avatars, emojis and the previews of links.",
    )
    preview_wait_seconds: float = Field(
        default=1.5,
        ge=0,
        description="Time given to Discord to make a preview of a link that came without a "
        "picture. Seconds.",
    )
    download_timeout_seconds: float = Field(
        default=30, gt=0, description="Time to download one picture. Seconds."
    )
    inspection_timeout_seconds: float = Field(
        default=10, gt=0, description="Time to inspect one picture. Seconds."
    )
    inspection_memory_bytes: int = Field(
        default=1024 * MIB, gt=0, description="Memory the inspecting process may take. Bytes."
    )

    # Painting
    executor: Literal["process"] = Field(
        default="process", description="Where jobs run: `process`, a worker process per device."
    )
    devices: str = Field(
        default="auto",
        description="Devices that paint: `auto`, `cpu`, or a list such as `cuda:0,cuda:1`.",
    )
    weights: Path | None = Field(
        default=None,
        description="A VGG-19 weights file (.mat) instead of the bundled weights.",
    )
    painting_memory_bytes: int | None = Field(
        default=None,
        gt=0,
        description=(
            "Memory one painting may take; larger pictures are painted in tiles, more slowly. "
            "Empty: all its device has. Bytes."
        ),
    )
    recipe: str = Field(default="default", description="The recipe used when none is asked for.")
    size: int | None = Field(
        default=None,
        ge=64,
        le=4096,
        description="Longest side painted; empty: 384 on a CPU, 1024 on a GPU. Pixels.",
    )
    largest_size: int = Field(
        default=2048,
        ge=64,
        le=4096,
        description="Longest side that is painted, whoever asks. Pixels.",
    )
    checkpoint_seconds: float = Field(
        default=5, ge=0, description="Least time between two checkpoints of a job. Seconds."
    )
    job_timeout_seconds: float = Field(
        default=3600, gt=0, description="Longest time one attempt at a job may take. Seconds."
    )
    max_attempts: int = Field(
        default=5, ge=1, description="Attempts at a job before it fails for good."
    )

    # Queue
    max_jobs_per_member: int = Field(
        default=3, ge=1, description="Waiting and running jobs one member may have."
    )
    max_jobs_per_guild: int = Field(
        default=25, ge=1, description="Waiting and running jobs one guild may have."
    )
    max_jobs: int = Field(default=500, ge=1, description="Waiting and running jobs in all.")
    favoured_roles: Annotated[frozenset[int], NoDecode] = Field(
        default=frozenset(),
        description="Ids of roles, with commas between, whose members go before the others of "
        "their own guild.",
    )
    ageing_seconds: float = Field(
        default=600,
        ge=0,
        description="Time after which a waiting job goes before its guild's others as if it were "
        "a favoured role's. Seconds.",
    )
    heartbeat_seconds: float = Field(
        default=5, gt=0, description="Time between two heartbeats of a running job. Seconds."
    )
    stalled_after_seconds: float = Field(
        default=30,
        gt=0,
        description="A running job without a heartbeat for so long is queued again. Seconds.",
    )
    shutdown_seconds: float = Field(
        default=20, gt=0, description="Time to close in an orderly way after SIGTERM. Seconds."
    )

    # Guilds' own styles
    max_presets_per_guild: int = Field(
        default=20, ge=0, le=36, description="Styles of its own one guild may have."
    )

    paint_samples: bool = Field(
        default=True,
        description="Paint a sample of each style a guild adds, while nobody waits for a painting.",
    )

    # Messages
    edit_interval_seconds: float = Field(
        default=3, ge=0.5, description="Least time between two edits of a card. Seconds."
    )
    max_export_files: int = Field(
        default=10,
        ge=1,
        le=100,
        description="Zip files, each as large as may be uploaded, in one member's export.",
    )
    picker_seconds: float = Field(
        default=86_400, gt=0, description="How long a preset picker answers reactions. Seconds."
    )

    timelapse_snapshots: int = Field(
        default=32,
        ge=2,
        le=500,
        description="Snapshots of a painting kept for its time-lapse, until its pictures are "
        "deleted.",
    )
    timelapse_bytes: int = Field(
        default=8 * MIB, ge=65_536, description="Largest time-lapse posted. Bytes."
    )

    picker_catch_up_seconds: float = Field(
        default=3600,
        ge=0,
        description="After a start or a lost connection, pickers that are younger are looked at "
        "for reactions made meanwhile. Seconds.",
    )

    # Operations
    health_host: str = Field(
        default="127.0.0.1", description="Address the health and metrics endpoint listens on."
    )
    health_port: int | None = Field(
        default=None,
        ge=0,
        le=65535,
        description="Port of the health and metrics endpoint; empty: none.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="Least severe level that is logged."
    )
    log_format: Literal["text", "json"] = Field(
        default="text", description="Shape of the log's lines: `text` for people, or `json`."
    )

    @field_validator("favoured_roles", mode="before")
    @classmethod
    def _ids(cls, given: object) -> object:
        if not isinstance(given, str):
            return given
        return frozenset(each.strip() for each in given.split(",") if each.strip())

    @model_validator(mode="after")
    def _stalled_outlasts_heartbeat(self) -> Self:
        if self.stalled_after_seconds <= 2 * self.heartbeat_seconds:
            msg = "STYLEBOT_STALLED_AFTER_SECONDS must be more than twice the heartbeat"
            raise ValueError(msg)
        return self

    @property
    def resolved_database_url(self) -> str:
        """The database's address, with the embedded default filled in."""
        return self.database_url or f"sqlite+aiosqlite:///{self.data_dir / 'stylebot.sqlite3'}"

    @property
    def resolved_artefacts_url(self) -> str:
        """Where pictures are kept, with the default folder filled in."""
        return self.artefacts_url or str(self.data_dir / "artefacts")

    def token(self) -> str | None:
        """The Discord token from the environment or its file; None where there is neither.

        Raises:
            OSError: the token's file cannot be read.
        """
        # A host that mounts a file may well set the variable too, to nothing.
        if self.discord_token is not None and self.discord_token.get_secret_value().strip():
            return self.discord_token.get_secret_value().strip()
        if self.discord_token_file is not None:
            return self.discord_token_file.read_text(encoding="utf-8").strip() or None
        return None


def settings_table() -> str:
    """Every setting as a Markdown table: variable, default, meaning. It is ``docs/settings.md``."""
    lines = ["| variable | default | meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        variable = "DISCORD_TOKEN" if name == "discord_token" else f"STYLEBOT_{name.upper()}"
        if field.default_factory is not None:
            default = "the user's data folder"
        else:
            default = f"`{field.default}`" if field.default not in {None, frozenset()} else ""
        lines.append(f"| `{variable}` | {default} | {field.description} |")
    return "\n".join(lines) + "\n"
