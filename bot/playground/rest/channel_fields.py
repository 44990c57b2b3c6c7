"""Read the fields of a guild's channel by its type, and apply them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.playground.state.permissions import Permission
from bot.playground.state.records import ChannelType, Overwrite
from bot.playground.state.thread_records import ARCHIVE_MINUTES, ForumTag

if TYPE_CHECKING:
    from bot.playground.errors import FormErrors
    from bot.playground.rest.form_fields import FormFields
    from bot.playground.state.clock import Snowflakes
    from bot.playground.state.records import Channel, Json

__all__ = [
    "MAX_SLOWMODE_SECONDS",
    "change_channel",
    "default_settings",
    "read_overwrite",
    "read_overwrites",
]

MAX_NAME, MAX_TOPIC, MAX_FORUM_TOPIC, MAX_SLOWMODE_SECONDS = 100, 1024, 4096, 21_600
MAX_TAGS, MAX_TAG_NAME = 20, 20
MIN_BITRATE, MAX_BITRATE, MAX_USERS = 8000, 96_000, 99
MAX_INT32 = (1 << 31) - 1
_VOICE = (ChannelType.VOICE, ChannelType.STAGE)
_HAS_THREADS = (ChannelType.TEXT, ChannelType.ANNOUNCEMENT, ChannelType.FORUM)
_REQUIRE_TAG = 1 << 4


def default_settings(kind: ChannelType) -> Json:
    """Return the settings that a new channel of this type has."""
    settings: Json = {}
    if kind in _VOICE:
        settings = {"bitrate": 64_000, "user_limit": 0, "rtc_region": None}
    if kind is ChannelType.FORUM:
        settings = {
            "default_reaction_emoji": None,
            "default_sort_order": None,
            "default_forum_layout": 0,
        }
    return settings


def change_channel(channel: Channel, fields: FormFields, ids: Snowflakes) -> None:
    """Apply the fields that the body gives; note errors in ``fields`` and change nothing then.

    Raises:
        ApiError: 400/50035 with all errors.
    """
    kind = channel.type
    name = _normalize(kind, fields.text("name", channel.name or None, 1, MAX_NAME))
    longest = MAX_FORUM_TOPIC if kind is ChannelType.FORUM else MAX_TOPIC
    topic = fields.optional_text("topic", channel.topic, longest)
    slowmode = fields.integer(
        "rate_limit_per_user", channel.slowmode_seconds, 0, MAX_SLOWMODE_SECONDS
    )
    position = fields.integer("position", channel.position, 0, MAX_INT32)
    nsfw = fields.boolean("nsfw", channel.nsfw)
    flags = fields.integer("flags", channel.flags, 0, MAX_INT32)
    settings = dict(channel.settings)
    if kind in _VOICE:
        settings["bitrate"] = fields.integer(
            "bitrate", settings["bitrate"], MIN_BITRATE, MAX_BITRATE
        )
        settings["user_limit"] = fields.integer("user_limit", settings["user_limit"], 0, MAX_USERS)
        settings["rtc_region"] = fields.optional_text("rtc_region", settings["rtc_region"], 64)
    if kind in _HAS_THREADS:
        _read_thread_defaults(settings, fields)
    if kind is ChannelType.FORUM:
        _read_forum_settings(settings, fields)
    tags = channel.tags
    if kind is ChannelType.FORUM and "available_tags" in fields:
        tags = _read_tags(fields, ids)
    fields.raise_if_any()
    channel.name, channel.topic, channel.nsfw = name, topic, nsfw
    channel.slowmode_seconds, channel.position = slowmode, position
    if kind is ChannelType.FORUM:
        channel.flags = flags & _REQUIRE_TAG
    channel.settings, channel.tags = settings, tags


def _normalize(kind: ChannelType, name: str) -> str:
    """Return the name as Discord keeps it: text channels have no capitals and no spaces."""
    if kind in _HAS_THREADS:
        return "-".join(name.lower().split())
    return name


def _read_thread_defaults(settings: Json, fields: FormFields) -> None:
    if fields.body.get("default_auto_archive_duration") is not None:
        settings["default_auto_archive_duration"] = fields.choice(
            "default_auto_archive_duration", ARCHIVE_MINUTES[2], ARCHIVE_MINUTES
        )
    if fields.body.get("default_thread_rate_limit_per_user") is not None:
        settings["default_thread_rate_limit_per_user"] = fields.integer(
            "default_thread_rate_limit_per_user", 0, 0, MAX_SLOWMODE_SECONDS
        )


def _read_forum_settings(settings: Json, fields: FormFields) -> None:
    if fields.body.get("default_sort_order") is not None:
        settings["default_sort_order"] = fields.choice("default_sort_order", 0, (0, 1))
    settings["default_forum_layout"] = fields.choice(
        "default_forum_layout", settings["default_forum_layout"], (0, 1, 2)
    )
    if "default_reaction_emoji" in fields:
        given = fields.body["default_reaction_emoji"]
        emoji = fields.errors.read_object(("default_reaction_emoji",), given)
        settings["default_reaction_emoji"] = (
            {"emoji_id": emoji.get("emoji_id"), "emoji_name": emoji.get("emoji_name")}
            if emoji
            else None
        )


def _read_tags(fields: FormFields, ids: Snowflakes) -> list[ForumTag]:
    items = fields.errors.read_objects(("available_tags",), fields.body["available_tags"])
    if len(items) > MAX_TAGS:
        fields.errors.too_long(("available_tags",), MAX_TAGS)
    tags = []
    for index, item in enumerate(items):
        name = str(item.get("name") or "").strip()
        if not 1 <= len(name) <= MAX_TAG_NAME:
            fields.errors.bad_length(("available_tags", index, "name"), 1, MAX_TAG_NAME)
        tags.append(
            ForumTag(
                id=str(item.get("id") or ids.new()),
                name=name,
                moderated=bool(item.get("moderated")),
                emoji_id=item.get("emoji_id"),
                emoji_name=item.get("emoji_name"),
            )
        )
    return tags


def read_overwrite(
    item: Json, overwrite_id: str, errors: FormErrors, path: tuple[str | int, ...] = ()
) -> Overwrite:
    """Return a permission overwrite; note errors under ``path``."""
    allow, deny = (
        Permission(errors.read_permissions((*path, key), item.get(key)))
        for key in ("allow", "deny")
    )
    kind = errors.read_integer((*path, "type"), item.get("type"))
    if kind not in (0, 1):
        errors.add((*path, "type"), "BASE_TYPE_CHOICES", "Value must be one of (0, 1).")
    return Overwrite(id=overwrite_id, type=kind, allow=allow, deny=deny)


def read_overwrites(fields: FormFields) -> dict[str, Overwrite]:
    """Return the body's ``permission_overwrites`` by id."""
    path = "permission_overwrites"
    found = [
        read_overwrite(item, str(item.get("id")), fields.errors, (path, index))
        for index, item in enumerate(fields.errors.read_objects((path,), fields.body.get(path)))
    ]
    return {overwrite.id: overwrite for overwrite in found}
