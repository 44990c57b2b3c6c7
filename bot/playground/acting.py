"""Acting as a member, in code: what the page does by hand, tests and demos do with these."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from bot.playground.bodies import Body, Upload
from bot.playground.errors import ApiError, Code
from bot.playground.forms import parse_message
from bot.playground.hub import Event
from bot.playground.rest_messages import publish_typing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bot.playground.hub import Hub
    from bot.playground.interaction_shapes import Interaction
    from bot.playground.invoke import Invoke
    from bot.playground.messages import Messages
    from bot.playground.reactions import Reactions
    from bot.playground.records import (
        Channel,
        Guild,
        Json,
        Member,
        Message,
        Overwrite,
        Sticker,
        User,
    )
    from bot.playground.state import State
    from bot.playground.wire import Wire

__all__ = ["Acting"]

T = TypeVar("T")


class Acting:
    """The members' side of a playground; every action has its permissions checked."""

    state: State
    hub: Hub
    messages: Messages
    reactions: Reactions
    invoke: Invoke
    wire: Wire

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
        """The member posts a message with files, given as (name, bytes).

        Raises:
            ApiError: refused, as Discord would refuse it.
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
        """The member deletes a message, their own or, where they may, another's.

        Raises:
            ApiError: 403/50013 when they may not.
        """
        self.messages.require_delete(message, author)
        self.messages.delete(message)

    def react(self, member: User, message: Message, emoji: str) -> None:
        """The member reacts with an emoji, or with ``name:id`` of a custom one.

        Raises:
            ApiError: no such emoji, or not allowed.
        """
        self.reactions.add(message, member.id, self.reactions.emoji(emoji))

    def unreact(self, member: User, message: Message, emoji: str) -> None:
        """The member takes a reaction back.

        Raises:
            ApiError: they had not reacted so.
        """
        self.reactions.remove(message, member.id, self.reactions.emoji(emoji), by=member.id)

    def press(self, member: User, message: Message, custom_id: str) -> Interaction:
        """The member presses a button.

        Raises:
            ApiError: there is none of that id, or it is disabled.
        """
        return self.invoke.component(member, message, custom_id)

    def select(
        self, member: User, message: Message, custom_id: str, values: Sequence[str]
    ) -> Interaction:
        """The member chooses from a menu.

        Raises:
            ApiError: there is none of that id, or it does not offer the values.
        """
        return self.invoke.component(member, message, custom_id, list(values))

    def slash(
        self,
        member: User,
        name: str,
        options: dict[str, Any] | None = None,
        *,
        channel: Channel,
        files: dict[str, tuple[str, bytes]] | None = None,
    ) -> Interaction:
        """The member calls a slash command.

        Args:
            member: who.
            name: the command's; subcommands follow after a space.
            options: values by the options' names.
            channel: where.
            files: (name, bytes) by the names of attachment options.

        Raises:
            ApiError: no such command or option, or not allowed.
        """
        uploads = _uploads(list((files or {}).values()))
        given = [{"name": key, "value": value} for key, value in (options or {}).items()]
        given += [{"name": key, "value": str(i)} for i, key in enumerate(files or {})]
        root, nested = _nest(name, given)
        return self.invoke.command(member, channel, root, nested, uploads=uploads)

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
        """What the command offers for the focused option, given what is typed in it so far.

        Raises:
            ApiError: no such command or option.
        """
        given = [{"name": key, "value": value} for key, value in (options or {}).items()]
        given.append({"name": focused, "value": typed, "focused": True})
        root, nested = _nest(name, given)
        interaction = self.invoke.command(member, channel, root, nested, autocomplete=True)
        await interaction.settled.wait()
        return interaction.choices or []

    def context_menu(self, member: User, name: str, message: Message) -> Interaction:
        """The member picks a command from the message's menu.

        Raises:
            ApiError: no such command, or not allowed.
        """
        channel = self.state.channels[message.channel_id]
        return self.invoke.context_menu(member, channel, name, kind=3, target_id=message.id)

    def submit_modal(
        self,
        member: User,
        opened: Interaction,
        values: dict[str, str] | None = None,
        *,
        files: dict[str, tuple[str, bytes]] | None = None,
    ) -> Interaction:
        """The member fills in the form that answered ``opened``, by its fields' custom ids.

        Args:
            member: who.
            opened: what was answered by the form.
            values: what is typed or chosen.
            files: (name, bytes) of the fields that take a file.

        Raises:
            ApiError: no form was opened.
        """
        form = opened.modal
        if form is None:
            raise ApiError(Code.UNKNOWN_INTERACTION)
        filled = dict(values or {})
        filled |= {custom_id: str(i) for i, custom_id in enumerate(files or {})}
        components = [_filled(component, filled) for component in form["components"]]
        uploads = _uploads(list((files or {}).values()))
        return self.invoke.modal(
            member, opened.channel, form["custom_id"], components, uploads=uploads
        )

    def preview_links(self, message: Message, *embeds: Json) -> None:
        """Discord has looked at the message's links, and shows what it found beneath it."""
        self.messages.preview(message, list(embeds))

    def set_overwrite(self, channel: Channel, overwrite: Overwrite) -> None:
        """An administrator changes what a role or a member may do in the channel."""
        channel.overwrites[overwrite.id] = overwrite
        self._changed(channel)

    def clear_overwrites(self, channel: Channel) -> None:
        """An administrator takes all the channel's exceptions back."""
        channel.overwrites.clear()
        self._changed(channel)

    def add_channel(self, guild: Guild, name: str) -> Channel:
        """An administrator adds a text channel."""
        channel = self.state.add_channel(guild, name)
        data = self.wire.channel(channel)
        self.hub.publish(Event(name="CHANNEL_CREATE", data=data, guild_id=guild.id))
        return channel

    def delete_channel(self, channel: Channel) -> None:
        """An administrator deletes the channel with all that was said in it."""
        data = self.wire.channel(channel)
        del self.state.channels[channel.id]
        self.hub.publish(Event(name="CHANNEL_DELETE", data=data, guild_id=channel.guild_id))

    def boost(self, guild: Guild, tier: int) -> None:
        """Members boost the guild to this tier, 0 to 3, or their boosts run out."""
        guild.premium_tier = tier
        data = self.wire.guild(guild)
        self.hub.publish(Event(name="GUILD_UPDATE", data=data, guild_id=guild.id))

    def remove_bot(self, guild: Guild) -> Member:
        """An administrator throws the bot out; returns what it was there, for `invite_bot`."""
        member = guild.members.pop(self.state.bot.id)
        self.hub.publish(Event(name="GUILD_DELETE", data={"id": guild.id}, guild_id=guild.id))
        return member

    def invite_bot(self, guild: Guild, member: Member) -> None:
        """An administrator invites the bot again, with the roles it had."""
        guild.members[self.state.bot.id] = member
        data = self.wire.guild_create(guild, [member])
        self.hub.publish(Event(name="GUILD_CREATE", data=data, guild_id=guild.id))

    def _changed(self, channel: Channel) -> None:
        # Without the channel, so that those hear of it who just lost sight of it.
        data = self.wire.channel(channel)
        self.hub.publish(Event(name="CHANNEL_UPDATE", data=data, guild_id=channel.guild_id))

    def type_in(self, member: User, channel: Channel) -> None:
        """The member is seen typing."""
        publish_typing(self.state, self.hub, channel, member.id)

    async def wait_for(
        self,
        look: Callable[[], T | None],
        timeout: float = 60.0,  # noqa: ASYNC109 - part of the call's meaning
    ) -> T:
        """The first true thing ``look`` returns; it is asked again after everything that happens.

        Raises:
            TimeoutError: nothing true in time.
        """
        return await self.hub.wait_for(look, timeout)


def _uploads(files: Sequence[tuple[str, bytes]]) -> dict[str, Upload]:
    return {
        str(i): Upload(index=str(i), filename=name, data=data)
        for i, (name, data) in enumerate(files)
    }


def _nest(name: str, options: list[Json]) -> tuple[str, list[Json]]:
    """``group sub`` with options, as the command and its nested subcommand."""
    root, *below = name.split()
    for part in reversed(below):
        options = [{"name": part, "options": options}]
    return root, options


def _filled(component: Json, values: dict[str, str]) -> Json:
    """A form's component as it is submitted, with what the member typed."""
    kept: Json = {key: component[key] for key in ("type", "id", "custom_id") if key in component}
    if "components" in component:
        kept["components"] = [_filled(child, values) for child in component["components"]]
    if "component" in component:
        kept["component"] = _filled(component["component"], values)
    if "custom_id" in component:
        text = values.get(component["custom_id"], component.get("value") or "")
        kept |= {"value": text} if component["type"] == 4 else {"values": [text] if text else []}
    return kept
