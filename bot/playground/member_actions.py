"""Actions of members as methods, for tests, demos and the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from bot.playground.administrator_actions import AdministratorActions
from bot.playground.errors import ApiError, ErrorCode
from bot.playground.messages.message_parser import Body, Upload, parse_message

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bot.playground.interactions.interaction_builder import InteractionBuilder
    from bot.playground.interactions.interaction_payloads import Interaction
    from bot.playground.messages.message_service import MessageService
    from bot.playground.messages.poll_service import PollService
    from bot.playground.messages.reaction_service import ReactionService
    from bot.playground.state.records import (
        Channel,
        Json,
        Message,
        Sticker,
        User,
    )

__all__ = ["MemberActions"]

T = TypeVar("T")


class MemberActions(AdministratorActions):
    """Actions of members, with their permissions checked, and of administrators."""

    messages: MessageService
    reactions: ReactionService
    polls: PollService
    interaction_builder: InteractionBuilder

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
