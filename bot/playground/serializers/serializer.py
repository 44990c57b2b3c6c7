"""Serialize records that depend on other state: channels, guilds and messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.playground.attachment_urls import AttachmentUrls
from bot.playground.serializers.channel_objects import (
    direct_channel,
    guild_channel,
    thread_channel,
)
from bot.playground.serializers.identities import (
    emoji,
    iso,
    iso_or_none,
    member,
    role,
    sticker,
    sticker_item,
    user,
)
from bot.playground.state.permissions import Permission
from bot.playground.state.records import ChannelType

if TYPE_CHECKING:
    from bot.playground.cdn import Cdn
    from bot.playground.state.records import Attachment, Channel, Guild, Json, Member, Message
    from bot.playground.state.state import State

__all__ = ["Serializer"]


class Serializer:
    """Serializes records that depend on other state: channels, guilds and messages."""

    def __init__(self, state: State, cdn: Cdn) -> None:
        self._state = state
        self._cdn = cdn

    def channel(self, record: Channel, *, for_user: str | None = None) -> Json:
        """Return a channel or thread as ``for_user`` receives it; the bot, if it is None."""
        if record.type is ChannelType.DIRECT_MESSAGE:
            return direct_channel(record, for_user=for_user)
        if record.thread is not None:
            return thread_channel(record, record.thread, for_user=for_user or self._state.bot.id)
        return guild_channel(record)

    def guild(self, record: Guild) -> Json:
        """Return a guild object, as REST sends it."""
        return {
            "id": record.id,
            "name": record.name,
            "icon": record.icon,
            "home_header": None,
            "splash": None,
            "discovery_splash": None,
            "banner": None,
            "owner_id": record.owner_id,
            "application_id": None,
            "region": "deprecated",
            "widget_enabled": False,
            "widget_channel_id": None,
            "mfa_level": 0,
            "max_presences": None,
            "max_members": 500_000,
            "max_stage_video_channel_users": 50,
            "max_video_channel_users": 25,
            "vanity_url_code": None,
            "premium_tier": record.premium_tier,
            "premium_subscription_count": record.boosts,
            "nsfw": False,
            "nsfw_level": 0,
            "incidents_data": None,
            "roles": [role(r) for r in record.roles.values()],
            "emojis": [emoji(e) for e in record.emojis.values()],
            "stickers": [sticker(s, record.id) for s in record.stickers.values()],
            **record.settings,
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
            "threads": [self.channel(thread) for thread in self._active_threads(record)],
            "presences": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
        }

    def _active_threads(self, record: Guild) -> list[Channel]:
        """Return the open threads that the bot can see."""
        return [
            thread
            for channel in self._state.channels_of(record.id)
            for thread in self._state.threads_of(channel.id)
            if thread.thread is not None
            and not thread.thread.archived
            and Permission.VIEW_CHANNEL in self._state.permissions(thread, self._state.bot.id)
        ]

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
            "edited_timestamp": iso_or_none(record.edited),
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
            application_id = self._state.application.id
            shape |= {"webhook_id": record.webhook_id, "application_id": application_id}
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
        thread = self._state.channels.get(record.thread_id or "")
        if thread is not None:
            shape["thread"] = self.channel(thread)
        if record.replied_to is not None and not nested:
            # The first message of a thread refers to one in another channel.
            source = (record.reference or {}).get("channel_id", record.channel_id)
            channel = self._state.channels.get(source)
            target = channel.messages.get(record.replied_to) if channel else None
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
            or self._state.channels[record.channel_id].type is ChannelType.DIRECT_MESSAGE
            or any(mentioned.id == bot_id for mentioned in record.mentions)
        )

    def _snapshot(self, record: Message) -> Json:
        stickers = [sticker_item(s) for s in record.stickers]
        return {
            "message": {
                **({"sticker_items": stickers} if stickers else {}),
                "type": record.type,
                "timestamp": iso(record.timestamp),
                "edited_timestamp": iso_or_none(record.edited),
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
