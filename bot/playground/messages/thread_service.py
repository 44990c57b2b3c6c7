"""Life cycle of threads: creation, members, archiving, and what a message does to one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.playground.errors import ApiError, ErrorCode
from bot.playground.serializers.channel_objects import thread_member
from bot.playground.state.event_bus import Event
from bot.playground.state.permissions import Permission
from bot.playground.state.records import Channel, ChannelType
from bot.playground.state.thread_records import Thread, ThreadMember

if TYPE_CHECKING:
    from bot.playground.serializers import Serializer
    from bot.playground.state.event_bus import EventBus
    from bot.playground.state.records import Guild, Json, Message, User
    from bot.playground.state.state import State

__all__ = ["STARTER_MESSAGE", "ThreadService"]

STARTER_MESSAGE = 21


class ThreadService:
    """Creates and changes threads, and publishes the events."""

    def __init__(self, state: State, event_bus: EventBus, serializer: Serializer) -> None:
        self._state = state
        self._event_bus = event_bus
        self._serializer = serializer

    def create(
        self,
        parent: Channel,
        owner: User,
        name: str,
        *,
        kind: ChannelType = ChannelType.PUBLIC_THREAD,
        thread_id: str | None = None,
        archive_minutes: int | None = None,
        slowmode_seconds: int | None = None,
        invitable: bool = True,
        applied_tags: list[str] | None = None,
    ) -> Channel:
        """Create a thread that its owner has joined, and publish THREAD_CREATE.

        Args:
            parent: the channel that it belongs to.
            owner: its creator.
            name: its name.
            kind: one of the types of threads.
            thread_id: the id of the message that it is started from.
            archive_minutes: minutes of inactivity until it is archived; the channel's if None.
            slowmode_seconds: seconds between messages of a member; the channel's if None.
            invitable: whether members may add others to a private thread.
            applied_tags: ids of a forum post's tags.
        """
        now = self._state.clock.now()
        settings = parent.settings
        if archive_minutes is None:
            archive_minutes = settings.get("default_auto_archive_duration") or 4320
        if slowmode_seconds is None:
            slowmode_seconds = settings.get("default_thread_rate_limit_per_user") or 0
        thread = Thread(
            owner_id=owner.id,
            created_at=now,
            archived_at=now,
            active_at=now,
            archive_minutes=archive_minutes,
            invitable=invitable,
            applied_tags=applied_tags or [],
        )
        if not owner.bot or owner.id == self._state.bot.id:  # a webhook does not join
            thread.members[owner.id] = ThreadMember(user_id=owner.id, joined_at=now)
        channel = Channel(
            id=thread_id or self._state.ids.new(),
            type=kind,
            name=name,
            guild_id=parent.guild_id,
            parent_id=parent.id,
            slowmode_seconds=slowmode_seconds,
            thread=thread,
        )
        self._state.channels[channel.id] = channel
        if parent.type is ChannelType.FORUM:
            parent.last_message_id = channel.id
        self._publish("THREAD_CREATE", channel, newly_created=True)
        return channel

    def publish_update(self, channel: Channel) -> None:
        """Publish THREAD_UPDATE."""
        self._publish("THREAD_UPDATE", channel)

    def delete(self, channel: Channel) -> None:
        """Delete the thread and publish THREAD_DELETE."""
        data: Json = {
            "id": channel.id,
            "guild_id": channel.guild_id,
            "parent_id": channel.parent_id,
            "type": int(channel.type),
        }
        event = Event(name="THREAD_DELETE", data=data, channel=channel, guild_id=channel.guild_id)
        self._state.channels.pop(channel.id, None)
        self._event_bus.publish(event)

    def set_archived(self, thread: Thread, *, archived: bool) -> None:
        """Archive or unarchive the thread, without an event."""
        now = self._state.clock.now()
        if archived != thread.archived:
            thread.archived, thread.archived_at = archived, now
            thread.active_at = now

    def archive_inactive(self, guild: Guild) -> None:
        """Archive the guild's threads that were inactive for their period."""
        now = self._state.clock.now()
        for channel in list(self._state.channels.values()):
            thread = channel.thread
            if thread is not None and channel.guild_id == guild.id and thread.is_inactive(now):
                self.set_archived(thread, archived=True)
                self.publish_update(channel)

    def join(self, channel: Channel, thread: Thread, user: User) -> None:
        """Add the user to the thread's members."""
        if user.id in thread.members:
            return
        added = ThreadMember(user_id=user.id, joined_at=self._state.clock.now())
        thread.members[user.id] = added
        self._publish_members(channel, thread, added=[added])
        if user.id == self._state.bot.id:
            self._publish("THREAD_CREATE", channel)

    def leave(self, channel: Channel, thread: Thread, user_id: str) -> None:
        """Remove the user from the thread's members."""
        if thread.members.pop(user_id, None) is not None:
            self._publish_members(channel, thread, removed=[user_id])

    def require_open(self, channel: Channel, granted: Permission) -> None:
        """Check that a thread is not locked, unless ``granted`` may manage it.

        Raises:
            ApiError: 400/50083 when it is archived and locked, 400/160005 when it is locked.
        """
        thread = channel.thread
        if thread is None or not thread.locked or Permission.MANAGE_THREADS in granted:
            return
        raise ApiError(ErrorCode.THREAD_ARCHIVED if thread.archived else ErrorCode.THREAD_LOCKED)

    def record_message(self, channel: Channel, message: Message) -> None:
        """Count a new message of a thread, unarchive it, and add its author and mentions to it."""
        thread = channel.thread
        if thread is None:
            return
        if message.type != STARTER_MESSAGE:
            thread.message_count += 1
            thread.sent_count += 1
        thread.active_at = self._state.clock.now()
        if thread.archived:
            self.set_archived(thread, archived=False)
            self.publish_update(channel)
        guild = self._state.guilds[channel.guild_id or ""]
        for user in (message.author, *message.mentions):
            granted = self._state.permissions(channel, user.id)
            if user.id in guild.members and Permission.VIEW_CHANNEL in granted:
                self.join(channel, thread, user)

    @staticmethod
    def count_deleted(channel: Channel, count: int) -> None:
        """Subtract deleted messages from a thread's count."""
        if channel.thread is not None:
            channel.thread.message_count = max(0, channel.thread.message_count - count)

    def _publish(self, name: str, channel: Channel, *, newly_created: bool = False) -> None:
        data = self._serializer.channel(channel)
        if newly_created:
            data["newly_created"] = True
        self._event_bus.publish(
            Event(name=name, data=data, channel=channel, guild_id=channel.guild_id)
        )

    def _publish_members(
        self,
        channel: Channel,
        thread: Thread,
        *,
        added: list[ThreadMember] | None = None,
        removed: list[str] | None = None,
    ) -> None:
        members = self._state.guilds[channel.guild_id or ""].members
        data: Json = {
            "id": channel.id,
            "guild_id": channel.guild_id,
            "member_count": len(thread.members),
        }
        if added:
            data["added_members"] = [
                # A gateway member has a presence too, which is null without one.
                {**thread_member(channel.id, each, members[each.user_id]), "presence": None}
                for each in added
            ]
        if removed:
            data["removed_member_ids"] = removed
        # Without `channel`, so that a bot removed from a private thread receives the event too.
        bot_is_concerned = self._state.bot.id in (removed or ())
        self._event_bus.publish(
            Event(
                name="THREAD_MEMBERS_UPDATE",
                data=data,
                channel=None if bot_is_concerned else channel,
                guild_id=channel.guild_id,
            )
        )
