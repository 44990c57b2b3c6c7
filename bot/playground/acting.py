"""Acting as a member, in code: what the page does by hand, tests and demos do with these."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from bot.playground.bodies import Body, Upload
from bot.playground.forms import parse_message
from bot.playground.hub import Hub
from bot.playground.rest_messages import publish_typing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bot.playground.messages import Messages
    from bot.playground.reactions import Reactions
    from bot.playground.state import Channel, Message, State, User

__all__ = ["Acting"]

T = TypeVar("T")


class Acting:
    """The members' side of a playground; every action has its permissions checked."""

    state: State
    hub: Hub
    messages: Messages
    reactions: Reactions

    def post_message(
        self,
        author: User,
        content: str = "",
        *,
        channel: Channel,
        files: Sequence[tuple[str, bytes]] = (),
        reply_to: Message | None = None,
        forward: Message | None = None,
        **fields: Any,  # noqa: ANN401 - further fields of the JSON body
    ) -> Message:
        """The member posts a message with files, given as (name, bytes).

        Raises:
            ApiError: refused, as Discord would refuse it.
        """
        payload: dict[str, Any] = {"content": content, **fields}
        if reply_to is not None:
            payload["message_reference"] = {"type": 0, "message_id": reply_to.id}
        if forward is not None:
            payload["message_reference"] = {
                "type": 1,
                "message_id": forward.id,
                "channel_id": forward.channel_id,
            }
        uploads = {
            str(i): Upload(index=str(i), filename=name, data=data)
            for i, (name, data) in enumerate(files)
        }
        draft = parse_message(Body(payload=payload, uploads=uploads))
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

    def type_in(self, member: User, channel: Channel) -> None:
        """The member is seen typing."""
        publish_typing(self.state, self.hub, channel, member.id)

    async def wait_for(
        self,
        look: Callable[[], T | None],
        timeout: float = 10.0,  # noqa: ASYNC109 - part of the call's meaning
    ) -> T:
        """The first true thing ``look`` returns; it is asked again after everything that happens.

        Raises:
            TimeoutError: nothing true in time.
        """
        return await self.hub.wait_for(look, timeout)
