"""REST routes of a thread's members: join, leave, add, remove and list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from bot.playground.errors import ApiError, ErrorCode
from bot.playground.rest.request_parsing import check_snowflake, integer_query, path_id
from bot.playground.rest.responses import json_response, no_content
from bot.playground.serializers.channel_objects import thread_member
from bot.playground.state.permissions import Permission
from bot.playground.state.records import ChannelType

if TYPE_CHECKING:
    from bot.playground.messages.thread_service import ThreadService
    from bot.playground.rest.guild_access import GuildAccess
    from bot.playground.state.records import Channel, Json
    from bot.playground.state.thread_records import Thread, ThreadMember

__all__ = ["ThreadMemberRoutes"]


class ThreadMemberRoutes:
    """Routes by which the bot joins threads and manages their members."""

    def __init__(self, access: GuildAccess, threads: ThreadService) -> None:
        self._access = access
        self._state = access.state
        self._threads = threads

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, relative to the API's base path."""
        members = "/channels/{channel_id}/thread-members"
        one = members + "/{user_id}"
        return [
            web.get(members, self._list),
            web.put(members + "/@me", self._join),
            web.delete(members + "/@me", self._leave),
            web.get(one, self._get),
            web.put(one, self._add),
            web.delete(one, self._remove),
        ]

    def _thread(self, request: web.Request) -> tuple[Channel, Thread]:
        channel, _ = self._access.guild_channel(request)
        if channel.thread is None:
            raise ApiError(ErrorCode.WRONG_CHANNEL_TYPE)
        return channel, channel.thread

    async def _join(self, request: web.Request) -> web.Response:
        channel, thread = self._thread(request)
        self._state.require_unarchived(channel)
        self._threads.join(channel, thread, self._state.bot)
        return no_content()

    async def _leave(self, request: web.Request) -> web.Response:
        channel, thread = self._thread(request)
        self._state.require_unarchived(channel)
        self._threads.leave(channel, thread, self._state.bot.id)
        return no_content()

    async def _add(self, request: web.Request) -> web.Response:
        channel, thread = self._thread(request)
        self._state.require_unarchived(channel)
        bot_id = self._state.bot.id
        self._state.require(channel, bot_id, Permission.SEND_MESSAGES_IN_THREADS)
        granted = self._state.permissions(channel, bot_id)
        is_open = channel.type is not ChannelType.PRIVATE_THREAD or thread.invitable
        if not is_open and thread.owner_id != bot_id and Permission.MANAGE_THREADS not in granted:
            raise ApiError(ErrorCode.MISSING_PERMISSIONS)
        member = self._state.member(channel.guild_id or "", path_id(request, "user_id"))
        parent = self._state.channels[channel.parent_id or ""]
        self._state.require(parent, member.user.id)
        self._threads.join(channel, thread, member.user)
        return no_content()

    async def _remove(self, request: web.Request) -> web.Response:
        channel, thread = self._thread(request)
        self._state.require_unarchived(channel)
        bot_id = self._state.bot.id
        own = channel.type is ChannelType.PRIVATE_THREAD and thread.owner_id == bot_id
        self._state.require(channel, bot_id, *([] if own else [Permission.MANAGE_THREADS]))
        self._threads.leave(channel, thread, self._find(request, thread).user_id)
        return no_content()

    @staticmethod
    def _find(request: web.Request, thread: Thread) -> ThreadMember:
        found = thread.members.get(path_id(request, "user_id"))
        if found is None:
            raise ApiError(ErrorCode.UNKNOWN_MEMBER)
        return found

    async def _get(self, request: web.Request) -> web.Response:
        channel, thread = self._thread(request)
        return json_response(self._serialize(request, channel, self._find(request, thread)))

    async def _list(self, request: web.Request) -> web.Response:
        channel, thread = self._thread(request)
        if not self._state.application.members:
            raise ApiError(ErrorCode.MISSING_ACCESS)
        members = sorted(thread.members.values(), key=lambda member: int(member.user_id))
        if _wants_members(request):  # only then the list has pages
            after = int(check_snowflake("after", request.query.get("after", "0")))
            limit = integer_query(request, "limit", 100, 1, 100)
            members = [member for member in members if int(member.user_id) > after][:limit]
        return json_response([self._serialize(request, channel, member) for member in members])

    def _serialize(self, request: web.Request, channel: Channel, member: ThreadMember) -> Json:
        guild = self._state.guilds[channel.guild_id or ""]
        known = guild.members.get(member.user_id) if _wants_members(request) else None
        return thread_member(channel.id, member, known)


def _wants_members(request: web.Request) -> bool:
    return request.query.get("with_member", "").lower() in ("1", "true")
