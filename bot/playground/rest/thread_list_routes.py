"""REST routes that list threads: active, archived, and found by a search."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from aiohttp import web

from bot.playground.errors import invalid_form
from bot.playground.rest.request_parsing import check_snowflake, integer_query
from bot.playground.rest.responses import json_response
from bot.playground.serializers.channel_objects import thread_member
from bot.playground.state.permissions import Permission
from bot.playground.state.records import ChannelType

if TYPE_CHECKING:
    from bot.playground.messages.thread_service import ThreadService
    from bot.playground.rest.guild_access import GuildAccess
    from bot.playground.state.records import Channel, Json
    from bot.playground.state.thread_records import Thread

    Found = list[tuple[Channel, Thread]]

__all__ = ["ThreadListRoutes"]

MAX_PAGE, MAX_SEARCH_PAGE, MAX_OFFSET = 100, 25, 9975


class ThreadListRoutes:
    """Routes by which the bot lists the threads that it can see."""

    def __init__(self, access: GuildAccess, threads: ThreadService) -> None:
        self._access = access
        self._state = access.state
        self._threads = threads

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, relative to the API's base path."""
        channel = "/channels/{channel_id}"
        archived = channel + "/threads/archived"
        return [
            web.get("/guilds/{guild_id}/threads/active", self._active),
            web.get(archived + "/public", self._archived_public),
            web.get(archived + "/private", self._archived_private),
            web.get(channel + "/users/@me/threads/archived/private", self._joined_private),
            web.get(channel + "/threads/search", self._search),
        ]

    def _visible(self, channels: list[Channel]) -> Found:
        """Return the threads of these channels that the bot can see, the newest first."""
        bot_id = self._state.bot.id
        return [
            (channel, channel.thread)
            for parent in channels
            for channel in self._state.threads_of(parent.id)
            if channel.thread is not None
            and Permission.VIEW_CHANNEL in self._state.permissions(channel, bot_id)
        ]

    async def _active(self, request: web.Request) -> web.Response:
        guild = self._access.guild(request)
        self._threads.archive_inactive(guild)
        found = self._visible(self._state.channels_of(guild.id))
        return self._respond([each for each in found if not each[1].archived], has_more=False)

    async def _archived_public(self, request: web.Request) -> web.Response:
        kinds = (ChannelType.PUBLIC_THREAD, ChannelType.ANNOUNCEMENT_THREAD)
        return self._archived(request, kinds, Permission.READ_MESSAGE_HISTORY)

    async def _archived_private(self, request: web.Request) -> web.Response:
        needed = (Permission.READ_MESSAGE_HISTORY, Permission.MANAGE_THREADS)
        return self._archived(request, (ChannelType.PRIVATE_THREAD,), *needed)

    def _archived(
        self, request: web.Request, kinds: tuple[ChannelType, ...], *needed: Permission
    ) -> web.Response:
        """Return a page of archived threads, the last archived first."""
        parent, guild = self._access.guild_channel(request, *needed)
        self._threads.archive_inactive(guild)
        limit = integer_query(request, "limit", 50, 2, MAX_PAGE)
        before = _moment_query(request, "before")
        found = [
            (channel, thread)
            for channel, thread in self._visible([parent])
            if thread.archived
            and channel.type in kinds
            and (before is None or thread.archived_at < before)
        ]
        found.sort(key=lambda each: each[1].archived_at, reverse=True)
        return self._respond(found[:limit], has_more=len(found) > limit)

    async def _joined_private(self, request: web.Request) -> web.Response:
        parent, guild = self._access.guild_channel(request, Permission.READ_MESSAGE_HISTORY)
        self._threads.archive_inactive(guild)
        limit = integer_query(request, "limit", 50, 2, MAX_PAGE)
        before = request.query.get("before")
        newest = None if before is None else int(check_snowflake("before", before))
        found = [
            (channel, thread)
            for channel, thread in self._visible([parent])
            if thread.archived
            and channel.type is ChannelType.PRIVATE_THREAD
            and self._state.bot.id in thread.members
            and (newest is None or int(channel.id) < newest)
        ]
        return self._respond(found[:limit], has_more=len(found) > limit)

    async def _search(self, request: web.Request) -> web.Response:
        parent, guild = self._access.guild_channel(request, Permission.READ_MESSAGE_HISTORY)
        self._threads.archive_inactive(guild)
        limit = integer_query(request, "limit", MAX_SEARCH_PAGE, 1, MAX_SEARCH_PAGE)
        offset = integer_query(request, "offset", 0, 0, MAX_OFFSET)
        name = request.query.get("name", "").lower()
        tags = request.query.getall("tag", [])
        archived = request.query.get("archived")
        found = [
            (channel, thread)
            for channel, thread in self._visible([parent])
            if name in channel.name.lower()
            and (not tags or set(tags) & set(thread.applied_tags))
            and (archived is None or thread.archived == (archived.lower() in ("1", "true")))
        ]
        page = found[offset : offset + limit]
        more = len(found) > offset + limit
        return self._respond(page, has_more=more, total_results=len(found))

    def _respond(self, found: Found, **facts: int) -> web.Response:
        bot_id = self._state.bot.id
        body: Json = {
            "threads": [self._access.serializer.channel(channel) for channel, _ in found],
            "members": [
                thread_member(channel.id, thread.members[bot_id])
                for channel, thread in found
                if bot_id in thread.members
            ],
            **facts,
        }
        return json_response(body)


def _moment_query(request: web.Request, name: str) -> datetime | None:
    """Return a query parameter that is a timestamp.

    Raises:
        ApiError: 400/50035 when it is none.
    """
    given = request.query.get(name)
    if given is None:
        return None
    try:
        moment = datetime.fromisoformat(given.replace(" ", "+"))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise invalid_form((name,), "DATE_TIME_TYPE_PARSE", f"Could not parse {given}.")
    return moment
