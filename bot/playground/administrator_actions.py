"""Actions of a guild's administrators as methods, for tests and the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.playground import serializers
from bot.playground.default_scene import join_guild
from bot.playground.errors import ApiError, ErrorCode
from bot.playground.state.event_bus import Event

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.playground.cdn import Cdn
    from bot.playground.default_scene import DefaultScene
    from bot.playground.interactions.command_registry import CommandRegistry
    from bot.playground.serializers import Serializer
    from bot.playground.state.clock import Clock
    from bot.playground.state.event_bus import EventBus
    from bot.playground.state.records import Channel, Guild, Json, Member, Overwrite, Role
    from bot.playground.state.state import State

__all__ = ["AdministratorActions"]


class AdministratorActions:
    """Actions that change guilds and channels, without a check of permissions."""

    scene: DefaultScene
    clock: Clock
    state: State
    cdn: Cdn
    commands: CommandRegistry
    event_bus: EventBus
    serializer: Serializer

    def set_overwrite(self, channel: Channel, overwrite: Overwrite) -> None:
        """Set a role's or a member's permission overwrite in the channel."""
        channel.overwrites[overwrite.id] = overwrite
        self._publish_update(channel)

    def clear_overwrites(self, channel: Channel) -> None:
        """Remove all permission overwrites of the channel."""
        channel.overwrites.clear()
        self._publish_update(channel)

    def set_nsfw(self, channel: Channel, nsfw: bool) -> None:
        """Set whether the channel is age-restricted."""
        channel.nsfw = nsfw
        self._publish_update(channel)

    def add_member(self, name: str) -> Member:
        """Add a new member to the scene's guild."""
        return join_guild(self.state, self.event_bus, self.cdn, self.scene.guild, name)

    def set_role(self, member: Member, role: Role, *, has_role: bool) -> None:
        """Give the role to the member of the scene's guild, or take it away."""
        if has_role == (role.id in member.roles):
            return
        if has_role:
            member.roles.append(role.id)
        else:
            member.roles.remove(role.id)
        guild_id = self.scene.guild.id
        data = {**serializers.member(member), "guild_id": guild_id}
        self.event_bus.publish(Event(name="GUILD_MEMBER_UPDATE", data=data, guild_id=guild_id))

    def add_channel(self, guild: Guild, name: str, *, nsfw: bool = False) -> Channel:
        """Add a text channel."""
        channel = self.state.add_channel(guild, name, nsfw=nsfw)
        data = self.serializer.channel(channel)
        self.event_bus.publish(Event(name="CHANNEL_CREATE", data=data, guild_id=guild.id))
        return channel

    def delete_channel(self, channel: Channel) -> None:
        """Delete the channel and its messages."""
        data = self.serializer.channel(channel)
        del self.state.channels[channel.id]
        self.event_bus.publish(Event(name="CHANNEL_DELETE", data=data, guild_id=channel.guild_id))

    def set_boost_tier(self, guild: Guild, tier: int) -> None:
        """Set the guild's boost tier, 0 to 3."""
        guild.premium_tier = tier
        data = self.serializer.guild(guild)
        self.event_bus.publish(Event(name="GUILD_UPDATE", data=data, guild_id=guild.id))

    def set_command_permissions(
        self, guild: Guild, owner: str, permissions: Sequence[Json]
    ) -> None:
        """Set a guild's permissions of a command, or of all for the application's id.

        Args:
            guild: the guild.
            owner: id of the command or of the application.
            permissions: each with ``id``, ``type`` (1 role, 2 user, 3 channel) and ``permission``.
        """
        self.state.command_permissions[guild.id, owner] = list(permissions)
        data = self.commands.serialize_permissions(owner, guild.id)
        name = "APPLICATION_COMMAND_PERMISSIONS_UPDATE"
        self.event_bus.publish(Event(name=name, data=data, guild_id=guild.id))

    def use_invite(self, name: str, code: str) -> Member:
        """Add a new member who accepts an invite.

        Raises:
            ApiError: 404/10006 when there is no such invite, or it can no longer be used.
        """
        invite = self.state.invites.get(code)
        if invite is None or not invite.is_valid(self.clock.now()):
            raise ApiError(ErrorCode.UNKNOWN_INVITE)
        invite.uses += 1
        guild = self.state.guild(invite.guild_id)
        return join_guild(self.state, self.event_bus, self.cdn, guild, name)

    def set_outage(self, guild: Guild, *, outage: bool) -> None:
        """Begin or end an outage of the guild: its events are lost, and its routes answer 503."""
        if outage:
            guild.unavailable = True
            data: Json = {"id": guild.id, "unavailable": True}
            self.event_bus.publish(Event(name="GUILD_DELETE", data=data, guild_id=guild.id))
            return
        guild.unavailable = False
        data = self.serializer.guild_create(guild, list(guild.members.values()))
        self.event_bus.publish(Event(name="GUILD_CREATE", data=data, guild_id=guild.id))

    def remove_bot(self, guild: Guild) -> Member:
        """Remove the bot from the guild and return its membership, for `invite_bot`."""
        member = guild.members.pop(self.state.bot.id)
        self.event_bus.publish(Event(name="GUILD_DELETE", data={"id": guild.id}, guild_id=guild.id))
        return member

    def invite_bot(self, guild: Guild, member: Member) -> None:
        """Add the bot to the guild again, with the roles of that membership."""
        guild.members[self.state.bot.id] = member
        data = self.serializer.guild_create(guild, [member])
        self.event_bus.publish(Event(name="GUILD_CREATE", data=data, guild_id=guild.id))

    def _publish_update(self, channel: Channel) -> None:
        # Without `channel`, so that users who can no longer see it receive the event too.
        data = self.serializer.channel(channel)
        self.event_bus.publish(Event(name="CHANNEL_UPDATE", data=data, guild_id=channel.guild_id))
