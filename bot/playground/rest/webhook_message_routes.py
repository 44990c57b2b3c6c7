"""REST routes that post with a webhook's token: a channel's, or an interaction's.

Both have the same paths; the application's own id stands for its interactions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from bot.playground.avatars import avatar_hash, draw_avatar
from bot.playground.errors import ApiError, ErrorCode
from bot.playground.messages.message_parser import parse_edit, parse_message
from bot.playground.rest.form_fields import FormFields
from bot.playground.rest.interaction_routes import ORIGINAL
from bot.playground.rest.request_parsing import check_snowflake, path_id, read_body
from bot.playground.rest.responses import json_response, no_content
from bot.playground.rest.thread_routes import read_applied_tags
from bot.playground.state.permissions import NOTHING
from bot.playground.state.records import ChannelType, User

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.playground.cdn import Cdn
    from bot.playground.messages.message_service import MessageService
    from bot.playground.messages.thread_service import ThreadService
    from bot.playground.rest.interaction_routes import InteractionRoutes
    from bot.playground.serializers import Serializer
    from bot.playground.state.records import Channel, Message
    from bot.playground.state.state import State
    from bot.playground.state.webhooks import Webhook

    Handler = Callable[[web.Request], Awaitable[web.Response]]

__all__ = ["WebhookMessageRoutes"]

MAX_NAME, MAX_THREAD_NAME = 80, 100


class WebhookMessageRoutes:
    """Routes authorized by the token in their path instead of the bot's."""

    def __init__(
        self,
        state: State,
        messages: MessageService,
        threads: ThreadService,
        serializer: Serializer,
        cdn: Cdn,
    ) -> None:
        self._state = state
        self._messages = messages
        self._threads = threads
        self._serializer = serializer
        self._cdn = cdn

    def routes(self, interactions: InteractionRoutes) -> list[web.RouteDef]:
        """Return the routes, relative to the API's base path.

        Args:
            interactions: the handlers of the application's own webhook.
        """
        webhook = "/webhooks/{application_id}/{token}"
        found = [web.post(webhook, self._choose(self._execute, interactions.follow_up))]
        for message in (f"{webhook}/messages/{ORIGINAL}", webhook + "/messages/{message_id}"):
            found += [
                web.get(message, self._choose(self._get, interactions.get)),
                web.patch(message, self._choose(self._edit, interactions.edit)),
                web.delete(message, self._choose(self._delete, interactions.delete)),
            ]
        return found

    def _choose(self, of_channel: Handler, of_interaction: Handler) -> Handler:
        async def handle(request: web.Request) -> web.Response:
            is_webhook = request.match_info["application_id"] in self._state.webhooks
            return await (of_channel if is_webhook else of_interaction)(request)

        return handle

    def _webhook(self, request: web.Request) -> Webhook:
        webhook_id = request.match_info["application_id"]
        return self._state.webhook(webhook_id, token=request.match_info["token"])

    def _channel(self, request: web.Request, webhook: Webhook) -> Channel:
        """Return the webhook's channel, or the thread of it that the query names."""
        channel = self._state.channel(webhook.channel_id)
        thread_id = request.query.get("thread_id")
        if thread_id is None:
            return channel
        thread = self._state.channel(check_snowflake("thread_id", thread_id))
        if thread.parent_id != channel.id or thread.thread is None:
            raise ApiError(ErrorCode.UNKNOWN_CHANNEL)
        return thread

    async def _execute(self, request: web.Request) -> web.Response:
        webhook = self._webhook(request)
        channel = self._channel(request, webhook)
        body = await read_body(request, file_limit=self._state.upload_limit(channel))
        fields = FormFields(body.payload)
        author = self._read_author(webhook, fields)
        thread_name = fields.optional_text("thread_name", None, MAX_THREAD_NAME)
        fields.raise_if_any()
        draft = parse_message(body)
        message_id = None
        if channel.thread is not None:
            parent = self._state.channel(webhook.channel_id)
            if thread_name is not None and parent.type is ChannelType.FORUM:
                raise ApiError(ErrorCode.FORUM_THREAD_AMBIGUOUS)
            self._threads.require_open(channel, NOTHING)
        elif channel.type is ChannelType.FORUM:
            if thread_name is None:
                raise ApiError(ErrorCode.FORUM_NEEDS_THREAD)
            applied = read_applied_tags(fields, channel, [], NOTHING)
            fields.raise_if_any()
            channel = self._threads.create(channel, author, thread_name, applied_tags=applied)
            message_id = channel.id
        elif thread_name is not None:
            raise ApiError(ErrorCode.NOT_A_FORUM)
        message = self._messages.create(
            channel, author, draft, webhook_id=webhook.id, message_id=message_id
        )
        if request.query.get("wait", "").lower() in ("1", "true"):
            return self._respond(message)
        return no_content()

    def _read_author(self, webhook: Webhook, fields: FormFields) -> User:
        """Return the author of a message: the webhook, with the name and avatar it gives."""
        name = fields.optional_text("username", None, MAX_NAME) or webhook.name
        avatar = webhook.avatar
        url = fields.optional_text("avatar_url", None, 2048)
        if url is not None:
            # Other hosts are never contacted: the avatar is drawn from the address.
            avatar = avatar_hash(url)
            self._cdn.store(f"avatars/{webhook.id}/{avatar}", draw_avatar(url), "image/png")
        return User(id=webhook.id, name=name, avatar=avatar, bot=True, discriminator="0000")

    def _message(self, request: web.Request) -> Message:
        webhook = self._webhook(request)
        channel = self._channel(request, webhook)
        message = self._state.message(channel.id, path_id(request, "message_id"))
        if message.webhook_id != webhook.id:
            raise ApiError(ErrorCode.UNKNOWN_MESSAGE)
        return message

    def _respond(self, message: Message) -> web.Response:
        return json_response(self._serializer.message(message, viewer=self._state.bot.id))

    async def _get(self, request: web.Request) -> web.Response:
        return self._respond(self._message(request))

    async def _edit(self, request: web.Request) -> web.Response:
        message = self._message(request)
        channel = self._state.channels[message.channel_id]
        body = await read_body(request, file_limit=self._state.upload_limit(channel))
        kept = len(message.attachments)
        draft = parse_edit(body, flags=message.flags, kept_files=kept)
        return self._respond(self._messages.edit(message, draft))

    async def _delete(self, request: web.Request) -> web.Response:
        self._messages.delete(self._message(request))
        return no_content()
