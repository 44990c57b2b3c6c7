"""Create, edit and delete messages, for the bot over REST and members on the page."""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING

from bot.playground.errors import ApiError, ErrorCode, invalid_form
from bot.playground.media_files import content_type_of, dimensions
from bot.playground.messages.component_validation import check_file_references
from bot.playground.messages.embed_validation import MAX_EMBEDS
from bot.playground.messages.mentions import set_mentions
from bot.playground.messages.message_parser import FORWARD, SUPPRESS_EMBEDS
from bot.playground.state.event_bus import Event
from bot.playground.state.permissions import Permission
from bot.playground.state.records import EPHEMERAL, LOADING, Attachment, ChannelType, Message

if TYPE_CHECKING:
    from bot.playground.cdn import Cdn
    from bot.playground.messages.message_parser import MessageDraft, NewFile
    from bot.playground.messages.thread_service import ThreadService
    from bot.playground.state.event_bus import EventBus
    from bot.playground.state.records import Channel, Json, Sticker, User
    from bot.playground.state.state import State

__all__ = ["MessageService"]

REPLY = 19
HAS_SNAPSHOT = 1 << 14
NONCE_SECONDS = 300.0
_LINK = re.compile(r"https?://[^\s<>|]+")


class MessageService:
    """Creates, edits and deletes messages, and publishes the events."""

    def __init__(self, state: State, event_bus: EventBus, cdn: Cdn, threads: ThreadService) -> None:
        self._state = state
        self._event_bus = event_bus
        self._cdn = cdn
        self._threads = threads
        self._nonces: dict[tuple[str, str, str], tuple[str, float]] = {}

    def require_send(self, channel: Channel, author: User, draft: MessageDraft) -> None:
        """Check that the author may send the message to the channel.

        Raises:
            ApiError: 403 with 50001, 50007, 50013 or 160002; 400/50008 for a forum or a
                category; 400 with 50083 or 160005 for a locked thread.
        """
        self._state.require(channel, author.id)
        if not channel.holds_messages:
            raise ApiError(ErrorCode.NON_TEXT_CHANNEL)
        if channel.type is ChannelType.DIRECT_MESSAGE:
            for user in channel.recipients:
                if user.id == author.id:
                    continue
                no_common_guild = author.bot and not self._state.share_a_guild(author, user)
                if no_common_guild or not user.accepts_dms:
                    raise ApiError(ErrorCode.CANNOT_SEND_TO_USER)
            return
        needed = [channel.send_permission]
        if draft.files:
            needed.append(Permission.ATTACH_FILES)
        if draft.embeds:
            needed.append(Permission.EMBED_LINKS)
        if draft.poll is not None:
            needed.append(Permission.SEND_POLLS)
        self._state.require(channel, author.id, *needed)
        granted = self._state.permissions(channel, author.id)
        self._threads.require_open(channel, granted)
        if draft.reference and Permission.READ_MESSAGE_HISTORY not in granted:
            raise ApiError(ErrorCode.CANNOT_REPLY_WITHOUT_HISTORY)

    def require_delete(self, message: Message, user: User) -> None:
        """Check that the user may delete the message.

        Raises:
            ApiError: 403 with 50001 or 50013.
        """
        channel = self._state.channels[message.channel_id]
        own = user.id in (message.author.id, message.visible_to)
        self._state.require(channel, user.id, *([] if own else [Permission.MANAGE_MESSAGES]))

    def create(
        self,
        channel: Channel,
        author: User,
        draft: MessageDraft,
        *,
        kind: int = 0,
        interaction: Json | None = None,
        command: str | None = None,
        visible_to: str | None = None,
        webhook_id: str | None = None,
        message_id: str | None = None,
    ) -> Message:
        """Post the draft; return the existing message if its enforced nonce was used before.

        Args:
            channel: where to post it.
            author: its author.
            draft: its content.
            kind: Discord's message type; a reply gets type 19.
            interaction: Discord's interaction_metadata, for a response.
            command: name of the command that it answers.
            visible_to: id of the only user who sees it, if it is ephemeral.
            webhook_id: id of the webhook that posts it.
            message_id: its id, for a forum post's first message; a new one if None.

        Raises:
            ApiError: 400/50035 when it refers to an unknown message or file,
                404/10060 when it has an unknown sticker.
        """
        if (known := self._by_nonce(channel, author, draft)) is not None:
            return known
        message = Message(
            id=message_id or self._state.ids.new(),
            channel_id=channel.id,
            author=author,
            timestamp=self._state.clock.now(),
            content=draft.content,
            type=kind,
            flags=draft.flags | (EPHEMERAL if visible_to else 0),
            tts=draft.tts,
            embeds=draft.embeds,
            components=draft.components,
            poll=None if draft.poll is None else draft.poll.start(self._state.clock.now()),
            nonce=draft.nonce,
            interaction=interaction,
            command=command,
            webhook_id=self._state.application.id if interaction is not None else webhook_id,
            visible_to=visible_to,
        )
        replied = self._resolve_reference(message, channel, draft)
        message.stickers = self._find_stickers(channel, draft)
        message.attachments = [self.attach(channel, f, visible_to=visible_to) for f in draft.files]
        check_file_references(message.components, message.attachments)
        set_mentions(self._state, message, channel, draft.allowed, replied)
        if draft.nonce is not None:
            key = (channel.id, author.id, str(draft.nonce))
            self._nonces[key] = (message.id, self._state.clock.time())
        self._add(channel, message)
        if not author.bot and not message.flags & SUPPRESS_EMBEDS:
            self._unfurl(message, channel)
        return message

    def post_notice(
        self,
        channel: Channel,
        author: User,
        kind: int,
        *,
        content: str = "",
        reference: Json | None = None,
    ) -> Message:
        """Post one of Discord's own messages, such as that a thread was created.

        Args:
            channel: where to post it.
            author: whose action it announces.
            kind: Discord's message type.
            content: its text.
            reference: Discord's message_reference.
        """
        message = Message(
            id=self._state.ids.new(),
            channel_id=channel.id,
            author=author,
            timestamp=self._state.clock.now(),
            content=content,
            type=kind,
            reference=reference,
            replied_to=(reference or {}).get("message_id"),
        )
        self._add(channel, message)
        return message

    def add_link_previews(self, message: Message, embeds: list[Json]) -> None:
        """Add embeds for a message's links after it was posted."""
        message.embeds = [*message.embeds, *embeds]
        self._publish("MESSAGE_UPDATE", message)

    def edit(self, message: Message, draft: MessageDraft) -> Message:
        """Change the fields given in the draft; keep the attachments it lists and add its files.

        Raises:
            ApiError: 400/50035 when it keeps an attachment that the message does not have,
                400/50006 when the message would be empty, 400/50083 in an archived thread.
        """
        channel = self._state.channels[message.channel_id]
        self._state.require_unarchived(channel)
        kept = message.attachments
        if draft.kept is not None:
            by_id = {a.id: a for a in message.attachments}
            unknown = [key for key in draft.kept if key not in by_id]
            if unknown:
                raise invalid_form(
                    ("attachments",), "ATTACHMENT_NOT_FOUND", f"No attachment {unknown[0]}."
                )
            kept = [by_id[key] for key in draft.kept]
        changed = copy.copy(message)
        for key in ("content", "embeds", "components"):
            if key in draft.given:
                setattr(changed, key, getattr(draft, key))
        parts = (changed.content, changed.embeds, changed.components, kept, draft.files)
        if not any(parts) and changed.poll is None:
            raise ApiError(ErrorCode.EMPTY_MESSAGE)
        changed.attachments = kept + [
            self.attach(channel, f, visible_to=message.visible_to) for f in draft.files
        ]
        check_file_references(changed.components, changed.attachments)
        message.content, message.embeds = changed.content, changed.embeds
        message.components, message.attachments = changed.components, changed.attachments
        if "content" in draft.given:
            replied = channel.messages.get(message.replied_to or "")
            set_mentions(self._state, message, channel, draft.allowed, replied)
        if not message.flags & LOADING:  # completing a deferred response is not an edit
            message.edited = self._state.clock.now()
        message.flags = draft.flags & ~LOADING
        self._publish("MESSAGE_UPDATE", message)
        return message

    def delete(self, message: Message) -> None:
        """Delete the message."""
        channel = self._state.channels[message.channel_id]
        if channel.messages.pop(message.id, None) is not None:
            self._threads.count_deleted(channel, 1)
        self._publish("MESSAGE_DELETE", message)

    def delete_bulk(self, channel: Channel, messages: list[Message]) -> None:
        """Delete several of the channel's messages at once, with one event."""
        for message in messages:
            channel.messages.pop(message.id, None)
        self._threads.count_deleted(channel, len(messages))
        data: Json = {"ids": [message.id for message in messages], "channel_id": channel.id}
        if channel.guild_id is not None:
            data["guild_id"] = channel.guild_id
        self._event_bus.publish(
            Event(name="MESSAGE_DELETE_BULK", data=data, channel=channel, guild_id=channel.guild_id)
        )

    def forget_nonces(self) -> None:
        """Forget every nonce now, as happens to each after some minutes."""
        self._nonces.clear()

    def publish_typing(self, channel: Channel, user_id: str) -> None:
        """Announce that the user is typing in the channel."""
        data: Json = {
            "channel_id": channel.id,
            "user_id": user_id,
            "timestamp": int(self._state.clock.time()),
        }
        if channel.guild_id is not None:
            data["guild_id"] = channel.guild_id
        self._event_bus.publish(
            Event(name="TYPING_START", data=data, channel=channel, guild_id=channel.guild_id)
        )

    def attach(
        self, channel: Channel, file: NewFile, *, visible_to: str | None = None
    ) -> Attachment:
        """Store a file and describe it as an attachment of the channel."""
        filename = self._cdn.clean_filename(file.filename)
        size = dimensions(file.data)
        attachment = Attachment(
            id=self._state.ids.new(),
            channel_id=channel.id,
            filename=filename,
            size=len(file.data),
            content_type=content_type_of(filename),
            width=size[0] if size else None,
            height=size[1] if size else None,
            description=file.description,
            title=file.title,
            folder="ephemeral-attachments" if visible_to else "attachments",
        )
        self._cdn.store(self._cdn.path_of(attachment), file.data, attachment.content_type)
        return attachment

    def history(
        self,
        channel: Channel,
        *,
        limit: int,
        before: str | None = None,
        after: str | None = None,
        around: str | None = None,
    ) -> list[Message]:
        """Return up to ``limit`` messages of the channel, newest first, without ephemeral ones."""
        found = [m for m in channel.messages.values() if not m.ephemeral]
        found.sort(key=lambda m: int(m.id), reverse=True)
        if around is not None:
            newer = [m for m in found if int(m.id) > int(around)]
            older = [m for m in found if int(m.id) <= int(around)]
            return newer[-(limit // 2) :] + older[: limit - limit // 2]
        if before is not None:
            return [m for m in found if int(m.id) < int(before)][:limit]
        if after is not None:
            return [m for m in found if int(m.id) > int(after)][-limit:]
        return found[:limit]

    def _add(self, channel: Channel, message: Message) -> None:
        channel.messages[message.id] = message
        channel.last_message_id = message.id
        self._threads.record_message(channel, message)
        self._publish("MESSAGE_CREATE", message)

    def _publish(self, name: str, message: Message) -> None:
        channel = self._state.channels[message.channel_id]
        self._event_bus.publish(
            Event(
                name=name,
                message=message,
                channel=channel,
                guild_id=channel.guild_id,
                only_for=message.visible_to,
            )
        )

    def _by_nonce(self, channel: Channel, author: User, draft: MessageDraft) -> Message | None:
        if draft.nonce is None or not draft.enforce_nonce:
            return None
        known = self._nonces.get((channel.id, author.id, str(draft.nonce)))
        if known is None or self._state.clock.time() - known[1] > NONCE_SECONDS:
            return None
        return channel.messages.get(known[0])

    def _unfurl(self, message: Message, channel: Channel) -> None:
        """Embed images linked from this CDN; other hosts are never contacted."""
        if Permission.EMBED_LINKS not in self._state.permissions(channel, message.author.id):
            return
        previews = [
            {"type": "image", "url": url, "thumbnail": {"url": url}}
            for url in _LINK.findall(message.content)
            if self._cdn.base_url and url.startswith(f"{self._cdn.base_url}/cdn/")
        ]
        if previews:
            self.add_link_previews(message, previews[:MAX_EMBEDS])

    def _find_stickers(self, channel: Channel, draft: MessageDraft) -> list[Sticker]:
        """Return the stickers of the channel's guild that the draft names."""
        guild = self._state.guilds.get(channel.guild_id or "")
        known = guild.stickers if guild is not None else {}
        unknown = [key for key in draft.stickers if key not in known]
        if unknown:
            raise ApiError(ErrorCode.UNKNOWN_STICKER)
        return [known[key] for key in draft.stickers]

    def _resolve_reference(
        self, message: Message, channel: Channel, draft: MessageDraft
    ) -> Message | None:
        """Resolve a reply or a forward; returns the message replied to."""
        reference = draft.reference
        if reference is None:
            return None
        forward = reference.get("type", 0) == FORWARD
        source = str(reference.get("channel_id") or channel.id) if forward else channel.id
        target_id = str(reference.get("message_id"))
        origin = self._state.channels.get(source)
        target = origin.messages.get(target_id) if origin else None
        if target is None or target.ephemeral or not self._state.can_see(message.author.id, target):
            if not forward and not reference.get("fail_if_not_exists", True):
                return None
            raise invalid_form(("message_reference",), "REPLIES_UNKNOWN_MESSAGE", "Unknown message")
        message.reference = {
            "type": FORWARD if forward else 0,
            "channel_id": target.channel_id,
            "message_id": target.id,
        }
        if origin is not None and origin.guild_id is not None:
            message.reference["guild_id"] = origin.guild_id
        if forward:
            message.flags |= HAS_SNAPSHOT
            message.snapshots = [copy.copy(s) for s in target.snapshots] or [copy.copy(target)]
            return None
        message.type = REPLY
        message.replied_to = target.id
        return target
