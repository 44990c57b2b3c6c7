"""Member and administrator actions as methods, for tests, demos and the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from bot.playground import serializers
from bot.playground.default_scene import join_guild
from bot.playground.errors import ApiError, ErrorCode
from bot.playground.messages.message_parser import Body, Upload, parse_message
from bot.playground.state.event_bus import Event

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bot.playground.cdn import Cdn
    from bot.playground.default_scene import DefaultScene
    from bot.playground.interactions.command_registry import CommandRegistry
    from bot.playground.interactions.interaction_builder import InteractionBuilder
    from bot.playground.interactions.interaction_payloads import Interaction
    from bot.playground.messages.message_service import MessageService
    from bot.playground.messages.poll_service import PollService
    from bot.playground.messages.reaction_service import ReactionService
    from bot.playground.serializers import Serializer
    from bot.playground.state.clock import Clock
    from bot.playground.state.event_bus import EventBus
    from bot.playground.state.records import (
        Channel,
        Guild,
        Json,
        Member,
        Message,
        Overwrite,
        Role,
        Sticker,
        User,
    )
    from bot.playground.state.state import State

__all__ = ["MemberActions"]

T = TypeVar("T")


class MemberActions:
    """Actions of members, with their permissions checked, and of administrators."""

    scene: DefaultScene
    clock: Clock
    state: State
    cdn: Cdn
    commands: CommandRegistry
    event_bus: EventBus
    messages: MessageService
    reactions: ReactionService
    polls: PollService
    interaction_builder: InteractionBuilder
    serializer: Serializer

    def post_message(
        self,
        author: User,
        content: str = "",
        *,
        channel: Channel,
        files: Sequence[tuple[str, bytes]] = (),
        reply_to: Message | None = None,
        forward: Message | None = None,
        stickers: Sequence[Sticker] = (),
        **fields: Any,  # noqa: ANN401 - further fields of the JSON body
    ) -> Message:
        """Post a message with files, given as (name, bytes).

        Raises:
            ApiError: refused as Discord refuses it.
        """
        payload: dict[str, Any] = {"content": content, **fields}
        if stickers:
            payload["sticker_ids"] = [sticker.id for sticker in stickers]
        if reply_to is not None:
            payload["message_reference"] = {"type": 0, "message_id": reply_to.id}
        if forward is not None:
            payload["message_reference"] = {
                "type": 1,
                "message_id": forward.id,
                "channel_id": forward.channel_id,
            }
        draft = parse_message(Body(payload=payload, uploads=_uploads(files)))
        self.messages.require_send(channel, author, draft)
        return self.messages.create(channel, author, draft)

    def delete_message(self, author: User, message: Message) -> None:
        """Delete a message: their own, or another's with MANAGE_MESSAGES.

        Raises:
            ApiError: 403/50013 without the permission.
        """
        self.messages.require_delete(message, author)
        self.messages.delete(message)

    def react(self, member: User, message: Message, emoji: str) -> None:
        """React with an emoji, or with ``name:id`` of a custom one.

        Raises:
            ApiError: unknown emoji or missing permission.
        """
        self.reactions.add(message, member.id, self.reactions.parse_emoji(emoji))

    def unreact(self, member: User, message: Message, emoji: str) -> None:
        """Remove the member's reaction.

        Raises:
            ApiError: there is no such reaction.
        """
        self.reactions.remove(message, member.id, self.reactions.parse_emoji(emoji), by=member.id)

    def vote(self, member: User, message: Message, answer_id: int) -> None:
        """Vote for an answer of the message's poll.

        Raises:
            ApiError: there is no such answer, or the poll has ended.
        """
        self.polls.vote(message, member.id, answer_id)

    def withdraw_vote(self, member: User, message: Message, answer_id: int) -> None:
        """Withdraw the member's vote.

        Raises:
            ApiError: there is no such answer, or the poll has ended.
        """
        self.polls.withdraw(message, member.id, answer_id)

    def press(self, member: User, message: Message, custom_id: str) -> Interaction:
        """Press a button.

        Raises:
            ApiError: there is no such button, or it is disabled.
        """
        return self.interaction_builder.send_component(member, message, custom_id)

    def select(
        self, member: User, message: Message, custom_id: str, values: Sequence[str]
    ) -> Interaction:
        """Choose values from a select menu.

        Raises:
            ApiError: there is no such menu, or it does not have the values.
        """
        return self.interaction_builder.send_component(member, message, custom_id, list(values))

    def slash(
        self,
        member: User,
        name: str,
        options: dict[str, Any] | None = None,
        *,
        channel: Channel,
        files: dict[str, tuple[str, bytes]] | None = None,
    ) -> Interaction:
        """Run a slash command.

        Args:
            member: who runs it.
            name: name of the command, with subcommands after a space.
            options: values by option name.
            channel: where.
            files: (name, bytes) by attachment option name.

        Raises:
            ApiError: unknown command or option, or missing permission.
        """
        uploads = _uploads(list((files or {}).values()))
        given = [{"name": key, "value": value} for key, value in (options or {}).items()]
        given += [{"name": key, "value": str(i)} for i, key in enumerate(files or {})]
        root, nested = _nest_options(name, given)
        return self.interaction_builder.send_command(member, channel, root, nested, uploads=uploads)

    async def autocomplete(
        self,
        member: User,
        name: str,
        focused: str,
        typed: str,
        options: dict[str, Any] | None = None,
        *,
        channel: Channel,
    ) -> list[Json]:
        """Return the autocomplete choices for the focused option, given the text typed so far.

        Raises:
            ApiError: unknown command or option.
        """
        given = [{"name": key, "value": value} for key, value in (options or {}).items()]
        given.append({"name": focused, "value": typed, "focused": True})
        root, nested = _nest_options(name, given)
        interaction = self.interaction_builder.send_command(
            member, channel, root, nested, autocomplete=True
        )
        await interaction.settled.wait()
        return interaction.choices or []

    def context_menu(self, member: User, name: str, message: Message) -> Interaction:
        """Run a command from the message's context menu.

        Raises:
            ApiError: unknown command or missing permission.
        """
        channel = self.state.channels[message.channel_id]
        return self.interaction_builder.send_context_menu(
            member, channel, name, kind=3, target_id=message.id
        )

    def submit_modal(
        self,
        member: User,
        opened: Interaction,
        values: dict[str, str] | None = None,
        *,
        files: dict[str, tuple[str, bytes]] | None = None,
    ) -> Interaction:
        """Submit the modal that answered ``opened``, with values by custom id.

        Args:
            member: who submits it.
            opened: the interaction that was answered with the modal.
            values: typed or chosen values by custom id.
            files: (name, bytes) by custom id of the file fields.

        Raises:
            ApiError: no modal was opened.
        """
        form = opened.modal
        if form is None:
            raise ApiError(ErrorCode.UNKNOWN_INTERACTION)
        filled = dict(values or {})
        filled |= {custom_id: str(i) for i, custom_id in enumerate(files or {})}
        components = [_fill_component(component, filled) for component in form["components"]]
        uploads = _uploads(list((files or {}).values()))
        return self.interaction_builder.send_modal(
            member, opened.channel, form["custom_id"], components, uploads=uploads
        )

    def add_link_previews(self, message: Message, *embeds: Json) -> None:
        """Add embeds for the message's links, as Discord does after a message is posted."""
        self.messages.add_link_previews(message, list(embeds))

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

    def start_typing(self, member: User, channel: Channel) -> None:
        """Show the member as typing."""
        self.messages.publish_typing(channel, member.id)

    async def wait_for(
        self,
        condition: Callable[[], T | None],
        timeout: float = 60.0,  # noqa: ASYNC109 - a test's own limit
    ) -> T:
        """Return the first true value of ``condition``, evaluated again after every event.

        Raises:
            TimeoutError: the condition stayed false for ``timeout`` seconds.
        """
        return await self.event_bus.wait_for(condition, timeout)


def _uploads(files: Sequence[tuple[str, bytes]]) -> dict[str, Upload]:
    return {
        str(i): Upload(index=str(i), filename=name, data=data)
        for i, (name, data) in enumerate(files)
    }


def _nest_options(name: str, options: list[Json]) -> tuple[str, list[Json]]:
    """Split ``group sub`` into the command name and options nested in its subcommand."""
    root, *below = name.split()
    for part in reversed(below):
        options = [{"name": part, "options": options}]
    return root, options


def _fill_component(component: Json, values: dict[str, str]) -> Json:
    """Return a modal's component as it is submitted, with the member's values."""
    kept: Json = {key: component[key] for key in ("type", "id", "custom_id") if key in component}
    if "components" in component:
        kept["components"] = [_fill_component(child, values) for child in component["components"]]
    if "component" in component:
        kept["component"] = _fill_component(component["component"], values)
    if "custom_id" in component:
        text = values.get(component["custom_id"], component.get("value") or "")
        kept |= {"value": text} if component["type"] == 4 else {"values": [text] if text else []}
    return kept
