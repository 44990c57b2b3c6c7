"""REST routes of messages and reactions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from bot.playground.errors import ApiError, ErrorCode
from bot.playground.messages.message_parser import parse_edit, parse_message
from bot.playground.rest.request_parsing import (
    check_snowflake,
    integer_query,
    path_id,
    read_body,
    read_json,
)
from bot.playground.rest.responses import json_response, no_content
from bot.playground.serializers import emoji_key, user
from bot.playground.state.audit_entries import AuditAction
from bot.playground.state.permissions import Permission

if TYPE_CHECKING:
    from bot.playground.messages.message_service import MessageService
    from bot.playground.messages.poll_service import PollService
    from bot.playground.messages.reaction_service import ReactionService
    from bot.playground.rest.guild_access import GuildAccess
    from bot.playground.state.records import Channel, Json, Message
    from bot.playground.state.state import State

__all__ = ["MessageRoutes"]

TWO_WEEKS_SECONDS = 14 * 86_400
_SETTABLE_ON_OTHERS = frozenset({"flags"})


class MessageRoutes:
    """Routes by which the bot reads and changes messages and reactions."""

    def __init__(
        self,
        state: State,
        messages: MessageService,
        reactions: ReactionService,
        polls: PollService,
        access: GuildAccess,
    ) -> None:
        self._state = state
        self._access = access
        self._messages = messages
        self._reactions = reactions
        self._polls = polls
        self._serializer = access.serializer

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, relative to the API's base path."""
        one = "/channels/{channel_id}/messages/{message_id}"
        poll = "/channels/{channel_id}/polls/{message_id}"
        return [
            web.get("/channels/{channel_id}/messages", self._history),
            web.post("/channels/{channel_id}/messages", self._create),
            web.post("/channels/{channel_id}/messages/bulk-delete", self._bulk_delete),
            web.get(one, self._get),
            web.patch(one, self._edit),
            web.delete(one, self._delete),
            web.put(one + "/reactions/{emoji}/@me", self._react),
            web.delete(one + "/reactions/{emoji}/@me", self._unreact),
            web.delete(one + "/reactions/{emoji}/{user_id}", self._unreact),
            web.get(one + "/reactions/{emoji}", self._reacted),
            web.delete(one + "/reactions/{emoji}", self._clear_emoji),
            web.delete(one + "/reactions", self._clear),
            web.post("/channels/{channel_id}/typing", self._typing),
            web.get(poll + "/answers/{answer_id}", self._voters),
            web.post(poll + "/expire", self._end_poll),
        ]

    def _serialize(self, message: Message) -> Json:
        """Serialize the message as the bot may read it."""
        readable = self._state.application.message_content or self._serializer.always_readable(
            message
        )
        return self._serializer.message(message, viewer=self._state.bot.id, readable=readable)

    def _channel(self, request: web.Request, *needed: Permission) -> Channel:
        channel = self._state.channel(path_id(request, "channel_id"))
        self._state.require(channel, self._state.bot.id, *needed)
        return channel

    def _message(self, request: web.Request, *needed: Permission) -> Message:
        channel = self._channel(request, *needed)
        message = self._state.message(channel.id, path_id(request, "message_id"))
        if message.ephemeral:  # available through their interaction's token only
            raise ApiError(ErrorCode.UNKNOWN_MESSAGE)
        return message

    async def _history(self, request: web.Request) -> web.Response:
        channel = self._channel(request)
        limit = integer_query(request, "limit", 50, 1, 100)
        bounds = {
            name: check_snowflake(name, request.query[name])
            for name in ("before", "after", "around")
            if name in request.query
        }
        granted = self._state.permissions(channel, self._state.bot.id)
        if Permission.READ_MESSAGE_HISTORY not in granted:
            return json_response([])
        found = self._messages.history(channel, limit=limit, **bounds)
        return json_response([self._serialize(message) for message in found])

    async def _get(self, request: web.Request) -> web.Response:
        return json_response(
            self._serialize(self._message(request, Permission.READ_MESSAGE_HISTORY))
        )

    async def _create(self, request: web.Request) -> web.Response:
        channel = self._channel(request)
        body = await read_body(request, file_limit=self._state.upload_limit(channel))
        draft = parse_message(body)
        self._messages.require_send(channel, self._state.bot, draft)
        return json_response(
            self._serialize(self._messages.create(channel, self._state.bot, draft))
        )

    async def _edit(self, request: web.Request) -> web.Response:
        message = self._message(request)
        channel = self._state.channels[message.channel_id]
        body = await read_body(request, file_limit=self._state.upload_limit(channel))
        if message.author.id != self._state.bot.id:
            if not set(body.payload) <= _SETTABLE_ON_OTHERS:
                raise ApiError(ErrorCode.CANNOT_EDIT_OTHERS)
            self._state.require(channel, self._state.bot.id, Permission.MANAGE_MESSAGES)
        draft = parse_edit(body, flags=message.flags, kept_files=len(message.attachments))
        if draft.files:
            self._state.require(channel, self._state.bot.id, Permission.ATTACH_FILES)
        return json_response(self._serialize(self._messages.edit(message, draft)))

    async def _delete(self, request: web.Request) -> web.Response:
        message = self._message(request)
        self._messages.require_delete(message, self._state.bot)
        self._messages.delete(message)
        if message.author.id != self._state.bot.id:
            author_id = message.author.id
            self._log(request, message.channel_id, AuditAction.MESSAGE_DELETE, author_id, 1)
        return no_content()

    async def _bulk_delete(self, request: web.Request) -> web.Response:
        channel = self._channel(request, Permission.MANAGE_MESSAGES)
        listed = (await read_json(request)).get("messages")
        ids = [check_snowflake("messages", str(i)) for i in listed or []]
        if not 2 <= len(ids) <= 100:
            raise ApiError(ErrorCode.INVALID_BULK_DELETE)
        oldest = self._state.clock.time() - TWO_WEEKS_SECONDS
        found = [channel.messages[i] for i in ids if i in channel.messages]
        if any(message.timestamp.timestamp() < oldest for message in found):
            raise ApiError(ErrorCode.MESSAGE_TOO_OLD)
        if found:
            self._messages.delete_bulk(channel, found)
            action = AuditAction.MESSAGE_BULK_DELETE
            self._log(request, channel.id, action, channel.id, len(found))
        return no_content()

    def _log(
        self, request: web.Request, channel_id: str, action: AuditAction, target: str, count: int
    ) -> None:
        """Log that messages were deleted in a guild's channel."""
        guild_id = self._state.channels[channel_id].guild_id
        if guild_id is None:
            return
        options = {"count": str(count)}
        if action is AuditAction.MESSAGE_DELETE:
            options["channel_id"] = channel_id
        guild = self._state.guilds[guild_id]
        self._access.log(request, guild, action, target, options=options)

    async def _react(self, request: web.Request) -> web.Response:
        message = self._message(request)
        emoji = self._reactions.parse_emoji(request.match_info["emoji"])
        self._reactions.add(message, self._state.bot.id, emoji)
        return no_content()

    async def _unreact(self, request: web.Request) -> web.Response:
        message = self._message(request)
        emoji = self._reactions.parse_emoji(request.match_info["emoji"])
        bot_id = self._state.bot.id
        user_id = path_id(request, "user_id") if "user_id" in request.match_info else bot_id
        self._reactions.remove(message, user_id, emoji, by=bot_id)
        return no_content()

    async def _reacted(self, request: web.Request) -> web.Response:
        message = self._message(request, Permission.READ_MESSAGE_HISTORY)
        emoji = self._reactions.parse_emoji(request.match_info["emoji"])
        limit = integer_query(request, "limit", 25, 1, 100)
        after = int(check_snowflake("after", request.query.get("after", "0")))
        reaction = message.reactions.get(emoji_key(emoji))
        users = self._page_of_users(reaction.user_ids if reaction else [], after, limit)
        return json_response(users)

    async def _clear(self, request: web.Request) -> web.Response:
        self._reactions.clear(self._message(request), by=self._state.bot.id)
        return no_content()

    async def _clear_emoji(self, request: web.Request) -> web.Response:
        emoji = self._reactions.parse_emoji(request.match_info["emoji"])
        self._reactions.clear(self._message(request), by=self._state.bot.id, emoji=emoji)
        return no_content()

    async def _voters(self, request: web.Request) -> web.Response:
        message = self._message(request, Permission.READ_MESSAGE_HISTORY)
        answer = self._polls.answer(message, int(path_id(request, "answer_id")))
        limit = integer_query(request, "limit", 25, 1, 100)
        after = int(check_snowflake("after", request.query.get("after", "0")))
        return json_response({"users": self._page_of_users(answer.user_ids, after, limit)})

    async def _end_poll(self, request: web.Request) -> web.Response:
        message = self._message(request)
        self._polls.end(message, by=self._state.bot.id)
        return json_response(self._serialize(message))

    def _page_of_users(self, user_ids: list[str], after: int, limit: int) -> list[Json]:
        """Return users in the order of their ids, from the first one above ``after``."""
        ids = sorted(int(i) for i in user_ids if int(i) > after)
        return [user(self._state.users[str(i)]) for i in ids[:limit]]

    async def _typing(self, request: web.Request) -> web.Response:
        channel = self._channel(request, Permission.SEND_MESSAGES)
        self._messages.publish_typing(channel, self._state.bot.id)
        return no_content()
