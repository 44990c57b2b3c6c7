"""REST routes that create, edit and delete channel webhooks."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from aiohttp import web

from bot.playground.errors import ApiError, ErrorCode
from bot.playground.rest.form_fields import FormFields
from bot.playground.rest.request_parsing import path_id, read_json
from bot.playground.rest.responses import json_response, no_content
from bot.playground.serializers.guild_objects import webhook as serialize
from bot.playground.state.audit_entries import AuditAction
from bot.playground.state.permissions import Permission
from bot.playground.state.webhooks import Webhook

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.playground.cdn import Cdn
    from bot.playground.rest.guild_access import GuildAccess
    from bot.playground.state.records import Channel, Guild, Json

__all__ = ["WebhookRoutes"]

MAX_WEBHOOKS, MAX_NAME = 15, 80
_FORBIDDEN_NAMES = ("clyde", "discord")


class WebhookRoutes:
    """Routes by which the bot, or whoever has its token, manages a webhook."""

    def __init__(self, access: GuildAccess, cdn: Cdn, api_url: Callable[[], str]) -> None:
        self._access = access
        self._state = access.state
        self._cdn = cdn
        self._api_url = api_url

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, relative to the API's base path."""
        of_channel = "/channels/{channel_id}/webhooks"
        one = "/webhooks/{webhook_id}"
        public = "/webhooks/{application_id}/{token}"
        return [
            web.post(of_channel, self._create),
            web.get(of_channel, self._list_of_channel),
            web.get("/guilds/{guild_id}/webhooks", self._list_of_guild),
            web.get(one, self._get),
            web.patch(one, self._edit),
            web.delete(one, self._delete),
            web.get(public, self._get_by_token),
            web.patch(public, self._edit_by_token),
            web.delete(public, self._delete_by_token),
        ]

    def _serialize(self, webhook: Webhook) -> Json:
        application_id = self._state.application.id
        return serialize(webhook, application_id=application_id, api_url=self._api_url())

    async def _create(self, request: web.Request) -> web.Response:
        channel, guild = self._access.guild_channel(request, Permission.MANAGE_WEBHOOKS)
        if channel.thread is not None:
            raise ApiError(ErrorCode.WRONG_CHANNEL_TYPE)
        if len(self._of_channel(channel)) >= MAX_WEBHOOKS:
            raise ApiError(ErrorCode.TOO_MANY_WEBHOOKS)
        fields = FormFields(await read_json(request))
        webhook = Webhook(
            id=self._state.ids.new(),
            token=secrets.token_urlsafe(51),
            channel_id=channel.id,
            guild_id=guild.id,
            name="",
            creator=self._state.bot,
        )
        self._change(webhook, fields)
        self._state.webhooks[webhook.id] = webhook
        self._publish(request, guild, AuditAction.WEBHOOK_CREATE, webhook)
        return json_response(self._serialize(webhook))

    def _of_channel(self, channel: Channel) -> list[Webhook]:
        return [w for w in self._state.webhooks.values() if w.channel_id == channel.id]

    async def _list_of_channel(self, request: web.Request) -> web.Response:
        channel, _ = self._access.guild_channel(request, Permission.MANAGE_WEBHOOKS)
        return json_response([self._serialize(each) for each in self._of_channel(channel)])

    async def _list_of_guild(self, request: web.Request) -> web.Response:
        guild = self._access.guild(request, Permission.MANAGE_WEBHOOKS)
        found = [w for w in self._state.webhooks.values() if w.guild_id == guild.id]
        return json_response([self._serialize(each) for each in found])

    def _webhook(self, request: web.Request) -> Webhook:
        webhook = self._state.webhook(path_id(request, "webhook_id"))
        channel = self._state.channel(webhook.channel_id)
        self._state.require(channel, self._state.bot.id, Permission.MANAGE_WEBHOOKS)
        return webhook

    def _webhook_by_token(self, request: web.Request) -> Webhook:
        webhook_id = path_id(request, "application_id")
        return self._state.webhook(webhook_id, token=request.match_info["token"])

    async def _get(self, request: web.Request) -> web.Response:
        return json_response(self._serialize(self._webhook(request)))

    async def _get_by_token(self, request: web.Request) -> web.Response:
        shape = self._serialize(self._webhook_by_token(request))
        del shape["user"]
        return json_response(shape)

    async def _edit(self, request: web.Request) -> web.Response:
        webhook = self._webhook(request)
        fields = FormFields(await read_json(request))
        channel_id = fields.snowflake("channel_id", webhook.channel_id)
        fields.raise_if_any()
        channel = self._state.channel(channel_id or webhook.channel_id)
        if channel.guild_id != webhook.guild_id or channel.thread is not None:
            raise ApiError(ErrorCode.UNKNOWN_CHANNEL)
        self._state.require(channel, self._state.bot.id, Permission.MANAGE_WEBHOOKS)
        self._apply(request, webhook, fields, channel_id=channel.id)
        return json_response(self._serialize(webhook))

    async def _edit_by_token(self, request: web.Request) -> web.Response:
        webhook = self._webhook_by_token(request)
        fields = FormFields(await read_json(request))
        self._apply(request, webhook, fields, channel_id=webhook.channel_id)
        shape = self._serialize(webhook)
        del shape["user"]
        return json_response(shape)

    def _apply(
        self, request: web.Request, webhook: Webhook, fields: FormFields, *, channel_id: str
    ) -> None:
        before = {"name": webhook.name, "channel_id": webhook.channel_id}
        self._change(webhook, fields)
        webhook.channel_id = channel_id
        guild = self._state.guild(webhook.guild_id)
        self._publish(request, guild, AuditAction.WEBHOOK_UPDATE, webhook, before=before)

    async def _delete(self, request: web.Request) -> web.Response:
        return self._remove(request, self._webhook(request))

    async def _delete_by_token(self, request: web.Request) -> web.Response:
        return self._remove(request, self._webhook_by_token(request))

    def _remove(self, request: web.Request, webhook: Webhook) -> web.Response:
        del self._state.webhooks[webhook.id]
        guild = self._state.guild(webhook.guild_id)
        self._publish(request, guild, AuditAction.WEBHOOK_DELETE, webhook)
        return no_content()

    def _change(self, webhook: Webhook, fields: FormFields) -> None:
        """Set the name and the avatar that the body gives."""
        name = fields.text("name", webhook.name or None, 1, MAX_NAME)
        for word in _FORBIDDEN_NAMES:
            if word in name.lower():
                message = f'Username cannot contain "{word}"'
                fields.errors.add(("name",), "USERNAME_INVALID_CONTAINS", message)
        avatar = fields.image("avatar")
        fields.raise_if_any()
        webhook.name = name
        if "avatar" in fields:
            webhook.avatar = avatar.hash if avatar else None
        if avatar is not None:
            path = f"avatars/{webhook.id}/{avatar.hash}"
            self._cdn.store(path, avatar.data, avatar.content_type)

    def _publish(
        self,
        request: web.Request,
        guild: Guild,
        action: AuditAction,
        webhook: Webhook,
        *,
        before: Json | None = None,
    ) -> None:
        data = {"guild_id": guild.id, "channel_id": webhook.channel_id}
        channel = self._state.channel(webhook.channel_id)
        self._access.publish(guild, "WEBHOOKS_UPDATE", data, channel=channel)
        after: Json | None = {"name": webhook.name, "channel_id": webhook.channel_id}
        if action is AuditAction.WEBHOOK_DELETE:
            before, after = after, None
        self._access.log(request, guild, action, webhook.id, before=before, after=after)
