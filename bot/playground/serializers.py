"""Serialize records to Discord's JSON, as REST v10 and the gateway send it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.playground.attachment_urls import AttachmentUrls
from bot.playground.state.records import DIRECT_MESSAGE

if TYPE_CHECKING:
    from datetime import datetime

    from bot.playground.cdn import Cdn
    from bot.playground.state.records import (
        Attachment,
        Channel,
        Emoji,
        Guild,
        Json,
        Member,
        Message,
        Role,
        Sticker,
        User,
    )
    from bot.playground.state.state import State

__all__ = [
    "Serializer",
    "emoji",
    "emoji_key",
    "iso",
    "member",
    "role",
    "sticker",
    "sticker_item",
    "user",
]


def iso(moment: datetime) -> str:
    """Format a timestamp as Discord does: with microseconds and an explicit offset."""
    return moment.isoformat(timespec="microseconds")


def _iso_or_none(moment: datetime | None) -> str | None:
    return None if moment is None else iso(moment)


def user(record: User) -> Json:
    """Return a user object."""
    shape: Json = {
        "id": record.id,
        "username": record.name,
        "discriminator": "0",
        "global_name": record.global_name,
        "avatar": record.avatar,
        "avatar_decoration_data": None,
        "public_flags": 0,
        "flags": 0,
        "primary_guild": None,
    }
    if record.bot:
        shape["bot"] = True
    return shape


def member(record: Member, *, with_user: bool = True) -> Json:
    """Return a guild member object; within a message its user is left out."""
    shape: Json = {
        "avatar": None,
        "banner": None,
        "communication_disabled_until": _iso_or_none(record.timed_out_until),
        "flags": 0,
        "joined_at": iso(record.joined_at),
        "nick": record.nick,
        "pending": False,
        "premium_since": None,
        "roles": list(record.roles),
        "mute": False,
        "deaf": False,
    }
    if with_user:
        shape["user"] = user(record.user)
    return shape


def role(record: Role) -> Json:
    """Return a role object."""
    shape: Json = {
        "id": record.id,
        "name": record.name,
        "permissions": str(int(record.permissions)),
        "position": record.position,
        "color": record.color,
        "colors": {
            "primary_color": record.color,
            "secondary_color": None,
            "tertiary_color": None,
        },
        "hoist": record.hoist,
        "managed": record.managed,
        "mentionable": record.mentionable,
        "icon": None,
        "unicode_emoji": None,
        "flags": 0,
    }
    if record.bot_id is not None:
        shape["tags"] = {"bot_id": record.bot_id}
    return shape


def emoji(record: Emoji) -> Json:
    """Return a custom emoji object."""
    return {
        "id": record.id,
        "name": record.name,
        "roles": [],
        "require_colons": True,
        "managed": False,
        "animated": record.animated,
        "available": True,
    }


def sticker(record: Sticker, guild_id: str) -> Json:
    """Return a guild sticker object."""
    return {
        **sticker_item(record),
        "description": record.description,
        "tags": record.tags,
        "type": 2,
        "available": True,
        "guild_id": guild_id,
    }


def sticker_item(record: Sticker) -> Json:
    """Return a sticker item object, as in messages."""
    return {"id": record.id, "name": record.name, "format_type": int(record.format)}


def emoji_key(shape: Json) -> str:
    """Return the key of a reaction's emoji: its id, or the emoji itself."""
    return str(shape["id"] or shape["name"])


class Serializer:
    """Serializes records that depend on other state: channels, guilds and messages."""

    def __init__(self, state: State, cdn: Cdn) -> None:
        self._state = state
        self._cdn = cdn

    def channel(self, record: Channel, *, for_user: str | None = None) -> Json:
        """Return a channel object; a direct message lists recipients other than ``for_user``."""
        if record.type == DIRECT_MESSAGE:
            others = [u for u in record.recipients if u.id != for_user]
            return {
                "id": record.id,
                "type": record.type,
                "last_message_id": record.last_message_id,
                "flags": 0,
                "recipients": [user(u) for u in others],
            }
        return {
            "id": record.id,
            "type": record.type,
            "last_message_id": record.last_message_id,
            "flags": 0,
            "last_pin_timestamp": _iso_or_none(record.last_pinned_at),
            "guild_id": record.guild_id,
            "name": record.name,
            "parent_id": None,
            "rate_limit_per_user": record.slowmode_seconds,
            "topic": record.topic,
            "position": record.position,
            "nsfw": record.nsfw,
            "permission_overwrites": [
                {
                    "id": overwrite.id,
                    "type": overwrite.type,
                    "allow": str(int(overwrite.allow)),
                    "deny": str(int(overwrite.deny)),
                }
                for overwrite in record.overwrites.values()
            ],
        }

    def guild(self, record: Guild) -> Json:
        """Return a guild object, as REST sends it."""
        return {
            "id": record.id,
            "name": record.name,
            "icon": None,
            "description": None,
            "home_header": None,
            "splash": None,
            "discovery_splash": None,
            "features": [],
            "banner": None,
            "owner_id": record.owner_id,
            "application_id": None,
            "region": "deprecated",
            "afk_channel_id": None,
            "afk_timeout": 300,
            "system_channel_id": None,
            "system_channel_flags": 0,
            "widget_enabled": False,
            "widget_channel_id": None,
            "verification_level": 0,
            "roles": [role(r) for r in record.roles.values()],
            "default_message_notifications": 0,
            "mfa_level": 0,
            "explicit_content_filter": 0,
            "max_presences": None,
            "max_members": 500_000,
            "max_stage_video_channel_users": 50,
            "max_video_channel_users": 25,
            "vanity_url_code": None,
            "premium_tier": record.premium_tier,
            "premium_subscription_count": 0,
            "preferred_locale": "en-US",
            "rules_channel_id": None,
            "safety_alerts_channel_id": None,
            "public_updates_channel_id": None,
            "premium_progress_bar_enabled": False,
            "nsfw": False,
            "nsfw_level": 0,
            "emojis": [emoji(e) for e in record.emojis.values()],
            "stickers": [sticker(s, record.id) for s in record.stickers.values()],
            "incidents_data": None,
        }

    def guild_create(self, record: Guild, members: list[Member]) -> Json:
        """Return a GUILD_CREATE payload with these members."""
        return {
            **self.guild(record),
            "joined_at": iso(record.members[self._state.bot.id].joined_at),
            "large": len(record.members) > 250,
            "unavailable": False,
            "member_count": len(record.members),
            "voice_states": [],
            "members": [member(m) for m in members],
            "channels": [self.channel(c) for c in self._state.channels_of(record.id)],
            "threads": [],
            "presences": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
        }

    def attachment(self, record: Attachment) -> Json:
        """Return an attachment object with a newly signed URL."""
        url = self._cdn.url_of(record)
        shape: Json = {
            "id": record.id,
            "filename": record.filename,
            "size": record.size,
            "url": url,
            "proxy_url": url,
        }
        if record.content_type is not None:
            shape["content_type"] = record.content_type
        if record.width is not None and record.height is not None:
            shape |= {"width": record.width, "height": record.height}
        if record.description is not None:
            shape["description"] = record.description
        if record.title is not None:
            shape["title"] = record.title
        if record.folder == "ephemeral-attachments":
            shape["ephemeral"] = True
        return shape

    def message(
        self, record: Message, *, viewer: str, readable: bool = True, nested: bool = False
    ) -> Json:
        """Return a message object as ``viewer`` receives it.

        Args:
            record: the message.
            viewer: id of the user whose own reactions are marked.
            readable: False empties content, attachments, embeds and components, as for a
                bot without the Message Content intent.
            nested: True for a referenced message, which has no further one and no reactions.
        """
        shape: Json = {
            "id": record.id,
            "type": record.type,
            "channel_id": record.channel_id,
            "author": user(record.author),
            "timestamp": iso(record.timestamp),
            "edited_timestamp": _iso_or_none(record.edited),
            "tts": record.tts,
            "pinned": record.pinned_at is not None,
            "mention_everyone": record.mention_everyone,
            "mentions": [user(u) for u in record.mentions],
            "mention_roles": list(record.mention_roles),
            "flags": record.flags,
            **self._content(record, readable=readable),
        }
        if record.poll is not None and readable:
            shape["poll"] = record.poll.payload(viewer=viewer, now=self._state.clock.now())
        if record.webhook_id is not None:
            shape |= {"webhook_id": record.webhook_id, "application_id": record.webhook_id}
        if record.interaction is not None:
            shape["interaction_metadata"] = record.interaction
            if record.command is not None:  # only the older field has the name
                shape["interaction"] = {
                    "id": record.interaction["id"],
                    "type": record.interaction["type"],
                    "name": record.command,
                    "user": record.interaction["user"],
                }
        if record.stickers:
            shape["sticker_items"] = [sticker_item(s) for s in record.stickers]
        if record.nonce is not None:
            shape["nonce"] = record.nonce
        if record.reactions and not nested:
            shape["reactions"] = [
                {
                    "emoji": reaction.emoji,
                    "count": len(reaction.user_ids),
                    "count_details": {"burst": 0, "normal": len(reaction.user_ids)},
                    "burst_colors": [],
                    "me_burst": False,
                    "me": viewer in reaction.user_ids,
                }
                for reaction in record.reactions.values()
            ]
        if record.reference is not None:
            shape["message_reference"] = record.reference
        if record.snapshots:
            snapshots = record.snapshots if readable else []
            shape["message_snapshots"] = [self._snapshot(s) for s in snapshots]
        if record.replied_to is not None and not nested:
            target = self._state.channels[record.channel_id].messages.get(record.replied_to)
            shape["referenced_message"] = target and self.message(
                target,
                viewer=viewer,
                readable=readable or self.always_readable(target),
                nested=True,
            )
        return shape

    def always_readable(self, record: Message) -> bool:
        """Return whether the bot may read the message without the Message Content intent."""
        bot_id = self._state.bot.id
        return (
            record.author.id == bot_id
            or self._state.channels[record.channel_id].type == DIRECT_MESSAGE
            or any(mentioned.id == bot_id for mentioned in record.mentions)
        )

    def _snapshot(self, record: Message) -> Json:
        stickers = [sticker_item(s) for s in record.stickers]
        return {
            "message": {
                **({"sticker_items": stickers} if stickers else {}),
                "type": record.type,
                "timestamp": iso(record.timestamp),
                "edited_timestamp": _iso_or_none(record.edited),
                "mentions": [user(u) for u in record.mentions],
                "mention_roles": list(record.mention_roles),
                "flags": record.flags,
                **self._content(record, readable=True),
            }
        }

    def _content(self, record: Message, *, readable: bool) -> Json:
        if not readable:
            return {"content": "", "attachments": [], "embeds": [], "components": []}
        media = AttachmentUrls(self._cdn, record.attachments)
        embeds = [media.embed(embed) for embed in record.embeds]
        return {
            "content": record.content,
            # Discord does not list a file that an embed shows.
            "attachments": [
                self.attachment(a) for a in record.attachments if a.id not in media.embedded
            ],
            "embeds": embeds,
            "components": [media.component(component) for component in record.components],
        }
