"""The bot's settings.

Read from the environment (prefix ``STYLEBOT_``), then from a file ``.env`` in the working
directory. ``DISCORD_TOKEN`` has no prefix, as is usual for hosts.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from bot import setting_formats as formats
from bot.connection_settings import MIB, ConnectionSettings
from stylenet.recipe import RECIPES

__all__ = ["Settings", "variable_of"]


class Settings(ConnectionSettings):
    """The bot's settings; see each field's description for its meaning and unit."""

    model_config = SettingsConfigDict(
        env_prefix="STYLEBOT_",
        env_file=".env",
        extra="ignore",
        frozen=True,
        populate_by_name=True,
        allow_inf_nan=False,
    )

    # Pictures
    max_upload_bytes: int = Field(
        default=25 * MIB, gt=0, description="Largest picture file accepted. Bytes."
    )
    max_pixels: int = Field(
        default=64_000_000, gt=0, description="Largest picture accepted, width × height. Pixels."
    )
    min_side: int = Field(
        default=32, ge=16, description="Smallest side of a picture accepted. Pixels."
    )
    max_aspect_ratio: float = Field(
        default=8, ge=1, description="Longest side of a picture divided by its shortest, at most."
    )
    picture_hosts: Annotated[frozenset[str], NoDecode] = Field(
        default=frozenset(
            {
                "cdn.discordapp.com",
                "media.discordapp.net",
                "images-ext-1.discordapp.net",
                "images-ext-2.discordapp.net",
            }
        ),
        description="Hosts that pictures are downloaded from, by HTTPS, separated by commas. "
        "Discord's own hosts serve attachments, avatars, emojis and link previews.",
    )
    preview_wait_seconds: float = Field(
        default=1.5,
        ge=0,
        description="Time to wait for Discord's preview of a link. Seconds.",
    )
    recent_picture_seconds: float = Field(
        default=300,
        ge=0,
        description="Time within which a picture and the request for it may be posted in two "
        "messages of the same member in a channel; 0: they must be in one. Seconds.",
    )
    download_timeout_seconds: float = Field(
        default=30, gt=0, description="Longest time to download one picture. Seconds."
    )
    inspection_timeout_seconds: float = Field(
        default=180,
        gt=0,
        description="Longest time to inspect one picture, however busy the machine is. Seconds.",
    )
    inspection_cpu_seconds: int = Field(
        default=20, gt=0, description="Longest CPU time to decode one picture. Seconds."
    )
    inspection_memory_bytes: int = Field(
        default=1024 * MIB,
        gt=0,
        description="Memory limit of each process that decodes: two that inspect, and one per "
        "worker. Bytes.",
    )

    # Painting
    executor: Literal["process"] = Field(
        default="process", description="Where jobs run: `process`, a worker process per device."
    )
    devices: str = Field(
        default="auto",
        description="Devices that run jobs: `auto`, `cpu`, or a list such as `cuda:0,cuda:1`.",
    )
    weights: Path | None = Field(
        default=None,
        description="A VGG-19 weights file (.mat) instead of the bundled weights.",
    )
    painting_memory_bytes: int | None = Field(
        default=None,
        gt=0,
        description=(
            "Memory limit of one job; larger pictures are processed in tiles, more slowly. "
            "Empty: all memory of its device. Bytes."
        ),
    )
    recipe: str = Field(
        default="default",
        description=f"The default recipe: {', '.join(f'`{n}`' for n in RECIPES)}.",
    )
    size: int | None = Field(
        default=None,
        ge=64,
        le=4096,
        description="Longest side of a result; empty: 384 on a CPU, 1024 on a GPU. Pixels.",
    )
    largest_size: int = Field(
        default=2048,
        ge=64,
        le=4096,
        description="Upper limit of the longest side of a result. Pixels.",
    )
    checkpoint_seconds: float = Field(
        default=5, ge=0, description="Shortest time between two checkpoints of a job. Seconds."
    )
    snapshot_seconds: float = Field(
        default=4,
        gt=0,
        description="Time after which the next step of a painting is shown, however little the "
        "picture has changed. Seconds.",
    )
    job_timeout_seconds: float = Field(
        default=3600, gt=0, description="Longest time of one attempt at a job. Seconds."
    )
    max_attempts: int = Field(default=5, ge=1, description="Attempts at a job before it fails.")

    # Queue
    max_jobs_per_member: int = Field(
        default=3, ge=1, description="Queued and running jobs per member."
    )
    max_jobs_per_guild: int = Field(
        default=25, ge=1, description="Queued and running jobs per guild."
    )
    max_jobs: int = Field(default=500, ge=1, description="Queued and running jobs in total.")
    favoured_roles: Annotated[frozenset[int], NoDecode] = Field(
        default=frozenset(),
        description="Ids of roles, separated by commas, whose members' jobs come first within "
        "their guild.",
    )
    ageing_seconds: float = Field(
        default=600,
        ge=0,
        description="Time after which a queued job comes first within its guild, like those of a "
        "favoured role. Seconds.",
    )
    heartbeat_seconds: float = Field(
        default=5, gt=0, description="Time between two heartbeats of a running job. Seconds."
    )
    stalled_after_seconds: float = Field(
        default=30,
        gt=0,
        description="Time without a heartbeat after which a running job is requeued. Seconds.",
    )
    shutdown_seconds: float = Field(
        default=20, gt=0, description="Longest time for an orderly shutdown after SIGTERM. Seconds."
    )
    cooldown_seconds: float = Field(
        default=20, gt=0, description="Time for the two limits below. Seconds."
    )
    max_uses_per_member: int = Field(
        default=30, ge=0, description="Commands, presses and reactions of one member; 0: all."
    )
    max_uses_per_guild: int = Field(
        default=90, ge=0, description="The same of one guild's members; 0: all."
    )
    max_presets_per_guild: int = Field(
        default=20, ge=0, le=36, description="Presets that one guild may add."
    )
    paint_samples: bool = Field(
        default=True,
        description="Paint a thumbnail of each preset that a guild adds, while no job is queued.",
    )

    # Messages
    edit_interval_seconds: float = Field(
        default=3, ge=0.5, description="Shortest time between two edits of a card. Seconds."
    )
    reply_window_seconds: float = Field(
        default=5, gt=0, description="Time for the next limit. Seconds."
    )
    max_replies_per_channel: int = Field(
        default=3,
        ge=1,
        description="Messages in one channel, cards and pictures included, after which replies "
        "to commands wait, so that Discord's limit (5 in 5 seconds) is left to cards and "
        "pictures. One reply is always sent in that time.",
    )
    max_waiting_replies_per_member: int = Field(
        default=3,
        ge=1,
        description="Replies to one member that may wait in one channel; after that, one "
        "sentence answers the member's further commands.",
    )
    max_export_files: int = Field(
        default=10,
        ge=1,
        le=100,
        description="Largest number of zip files, each of the upload limit's size, in one export.",
    )
    picker_seconds: float = Field(
        default=86_400, gt=0, description="Time for which a preset picker reacts. Seconds."
    )
    timelapse_snapshots: int = Field(
        default=32,
        ge=2,
        le=500,
        description="Largest number of snapshots kept per job for its time-lapse.",
    )
    timelapse_bytes: int = Field(
        default=8 * MIB, ge=65_536, description="Largest time-lapse file that is sent. Bytes."
    )
    picker_catch_up_seconds: float = Field(
        default=3600,
        ge=0,
        description="Age of the oldest picker that is checked for missed reactions after a start "
        "or a lost connection. Seconds.",
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
    health_hosts: Annotated[frozenset[str], NoDecode] = Field(
        default=frozenset(),
        description="Host names by which the health and metrics endpoint may be reached, besides "
        "this machine's addresses; separated by commas.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO",
        description="Lowest level that is logged: `DEBUG`, `INFO`, `WARNING` or `ERROR`.",
    )
    log_format: Literal["text", "json"] = Field(
        default="text", description="Log format: `text` or `json`."
    )

    @field_validator("*", mode="before")
    @classmethod
    def _parse_written_form(cls, value: object, info: ValidationInfo) -> object:
        """Parse a text, as the page of the settings describes; leave other values alone."""
        if not isinstance(value, str) or info.field_name is None:
            return value
        # A prefix may end in a space.
        text = formats.unquote(value if info.field_name == "prefix" else value.strip())
        field = cls.model_fields[info.field_name]
        if not text:
            return field.get_default(call_default_factory=True, validated_data={})
        return formats.parse_value(info.field_name, field.annotation, text)

    @field_validator("picture_hosts", "health_hosts")
    @classmethod
    def _check_hosts(cls, hosts: frozenset[str]) -> frozenset[str]:
        formats.check_hosts(hosts)
        return hosts

    @field_validator("devices")
    @classmethod
    def _check_devices(cls, devices: str) -> str:
        return formats.check_devices(devices)

    @field_validator("recipe")
    @classmethod
    def _check_recipe(cls, recipe: str) -> str:
        return formats.choose_word(recipe, RECIPES)

    @field_validator("weights")
    @classmethod
    def _check_weights(cls, weights: Path | None) -> Path | None:
        if weights is not None and not weights.is_file():
            msg = f"there is no file {weights}"
            raise ValueError(msg)
        return weights

    @model_validator(mode="after")
    def _check_pairs(self) -> Self:
        if self.stalled_after_seconds <= 2 * self.heartbeat_seconds:
            msg = (
                "STYLEBOT_STALLED_AFTER_SECONDS must be more than twice STYLEBOT_HEARTBEAT_SECONDS"
            )
            raise ValueError(msg)
        if self.size is not None and self.size > self.largest_size:
            msg = "STYLEBOT_SIZE must not be above STYLEBOT_LARGEST_SIZE"
            raise ValueError(msg)
        return self


def variable_of(name: str) -> str:
    """Return the environment variable of the field of that name."""
    return "DISCORD_TOKEN" if name == "discord_token" else f"STYLEBOT_{name.upper()}"
