"""REST routes of invites."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from aiohttp import web

from bot.playground import serializers
from bot.playground.errors import ApiError, ErrorCode
from bot.playground.rest.form_fields import FormFields
from bot.playground.rest.request_parsing import read_json
from bot.playground.rest.responses import json_response
from bot.playground.serializers.guild_objects import invite as serialize
from bot.playground.serializers.guild_objects import invite_metadata
from bot.playground.serializers.identities import iso_or_none
from bot.playground.state.audit_entries import AuditAction
from bot.playground.state.permissions import Permission
from bot.playground.state.webhooks import Invite

if TYPE_CHECKING:
    from bot.playground.rest.guild_access import GuildAccess
    from bot.playground.state.records import Channel, Guild, Json

__all__ = ["InviteRoutes"]

MAX_AGE_SECONDS, DEFAULT_AGE_SECONDS, MAX_USES = 604_800, 86_400, 100
CODE_BYTES = 6


class InviteRoutes:
    """Routes by which the bot creates, lists and deletes invites."""

    def __init__(self, access: GuildAccess) -> None:
        self._access = access
        self._state = access.state

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, relative to the API's base path."""
        of_channel, one = "/channels/{channel_id}/invites", "/invites/{code}"
        return [
            web.post(of_channel, self._create),
            web.get(of_channel, self._list_of_channel),
            web.get("/guilds/{guild_id}/invites", self._list_of_guild),
            web.get(one, self._get),
            web.delete(one, self._delete),
        ]

    def _serialize(self, invite: Invite, *, with_metadata: bool) -> Json:
        guild = self._state.guild(invite.guild_id)
        shape = serialize(invite, guild, self._state.channel(invite.channel_id))
        return shape | (invite_metadata(invite) if with_metadata else {})

    def _valid(self) -> list[Invite]:
        """Return the invites that can still be used; the others are gone."""
        now = self._state.clock.now()
        invites = self._state.invites.values()
        self._state.invites = {each.code: each for each in invites if each.is_valid(now)}
        return list(self._state.invites.values())

    def _find(self, request: web.Request) -> Invite:
        code = request.match_info["code"]
        found = next((each for each in self._valid() if each.code == code), None)
        if found is None:
            raise ApiError(ErrorCode.UNKNOWN_INVITE)
        return found

    async def _create(self, request: web.Request) -> web.Response:
        channel, guild = self._access.guild_channel(request, Permission.CREATE_INSTANT_INVITE)
        if channel.thread is not None:
            raise ApiError(ErrorCode.WRONG_CHANNEL_TYPE)
        fields = FormFields(await read_json(request))
        invite = Invite(
            code=secrets.token_urlsafe(CODE_BYTES),
            channel_id=channel.id,
            guild_id=guild.id,
            inviter=self._state.bot,
            created_at=self._state.clock.now(),
            max_age=fields.integer("max_age", DEFAULT_AGE_SECONDS, 0, MAX_AGE_SECONDS),
            max_uses=fields.integer("max_uses", 0, 0, MAX_USES),
            temporary=fields.boolean("temporary", default=False),
        )
        unique = fields.boolean("unique", default=False)
        fields.raise_if_any()
        same = None if unique else self._find_same(invite)
        if same is None:
            self._state.invites[invite.code] = invite
            self._publish_created(guild, channel, invite)
            after = {**invite_metadata(invite), "code": invite.code, "channel_id": channel.id}
            self._access.log(request, guild, AuditAction.INVITE_CREATE, None, after=after)
        return json_response(self._serialize(same or invite, with_metadata=True))

    def _find_same(self, wanted: Invite) -> Invite | None:
        """Return an unused invite of the bot's to the same channel, with the same limits."""
        for each in self._valid():
            limits = (each.channel_id, each.max_age, each.max_uses, each.temporary)
            asked = (wanted.channel_id, wanted.max_age, wanted.max_uses, wanted.temporary)
            if limits == asked and each.inviter is wanted.inviter and not each.uses:
                return each
        return None

    def _publish_created(self, guild: Guild, channel: Channel, invite: Invite) -> None:
        data = {
            **invite_metadata(invite),
            "channel_id": channel.id,
            "guild_id": guild.id,
            "code": invite.code,
            "inviter": serializers.user(invite.inviter),
            "expires_at": iso_or_none(invite.expires_at),
        }
        self._access.publish(
            guild, "INVITE_CREATE", data, channel=channel, needs=Permission.MANAGE_CHANNELS
        )

    async def _list_of_channel(self, request: web.Request) -> web.Response:
        channel, _ = self._access.guild_channel(request, Permission.MANAGE_CHANNELS)
        found = [each for each in self._valid() if each.channel_id == channel.id]
        return json_response([self._serialize(each, with_metadata=True) for each in found])

    async def _list_of_guild(self, request: web.Request) -> web.Response:
        guild = self._access.guild(request, Permission.MANAGE_GUILD)
        found = [each for each in self._valid() if each.guild_id == guild.id]
        return json_response([self._serialize(each, with_metadata=True) for each in found])

    async def _get(self, request: web.Request) -> web.Response:
        invite = self._find(request)
        shape = self._serialize(invite, with_metadata=False)
        if request.query.get("with_counts", "").lower() in ("1", "true"):
            count = len(self._state.guild(invite.guild_id).members)
            shape |= {"approximate_member_count": count, "approximate_presence_count": count}
        return json_response(shape)

    async def _delete(self, request: web.Request) -> web.Response:
        invite = self._find(request)
        guild = self._state.guild(invite.guild_id)
        channel = self._state.channel(invite.channel_id)
        bot_id = self._state.bot.id
        if bot_id not in guild.members:
            raise ApiError(ErrorCode.MISSING_ACCESS)
        granted = self._state.guild_permissions(guild.id, bot_id)
        if Permission.MANAGE_GUILD not in granted:
            self._state.require(channel, bot_id, Permission.MANAGE_CHANNELS)
        shape = self._serialize(invite, with_metadata=False)
        del self._state.invites[invite.code]
        data = {"channel_id": channel.id, "guild_id": guild.id, "code": invite.code}
        self._access.publish(
            guild, "INVITE_DELETE", data, channel=channel, needs=Permission.MANAGE_CHANNELS
        )
        before = {**invite_metadata(invite), "code": invite.code, "channel_id": channel.id}
        self._access.log(request, guild, AuditAction.INVITE_DELETE, None, before=before)
        return json_response(shape)
