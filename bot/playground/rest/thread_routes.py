"""REST routes that start, edit and delete threads and forum posts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from bot.playground.errors import ApiError, ErrorCode
from bot.playground.messages.message_parser import Body, parse_message
from bot.playground.messages.thread_service import STARTER_MESSAGE
from bot.playground.rest.channel_fields import MAX_SLOWMODE_SECONDS
from bot.playground.rest.form_fields import FormFields
from bot.playground.rest.request_parsing import path_id, read_body, read_json
from bot.playground.rest.responses import json_response
from bot.playground.state.audit_entries import AuditAction
from bot.playground.state.event_bus import Event
from bot.playground.state.permissions import Permission
from bot.playground.state.records import ChannelType
from bot.playground.state.thread_records import ARCHIVE_MINUTES

if TYPE_CHECKING:
    from bot.playground.messages.message_service import MessageService
    from bot.playground.messages.thread_service import ThreadService
    from bot.playground.rest.guild_access import GuildAccess
    from bot.playground.state.event_bus import EventBus
    from bot.playground.state.records import Channel, Guild, Json
    from bot.playground.state.thread_records import Thread

__all__ = ["HAS_THREAD", "ThreadRoutes", "read_applied_tags"]

MAX_NAME, MAX_APPLIED_TAGS = 100, 5
THREAD_CREATED = 18
HAS_THREAD = 1 << 5
PINNED, REQUIRE_TAG = 1 << 1, 1 << 4
_PARENTS = (ChannelType.TEXT, ChannelType.ANNOUNCEMENT)


class ThreadRoutes:
    """Routes by which the bot starts threads, and what those of channels do to a thread."""

    def __init__(
        self,
        access: GuildAccess,
        event_bus: EventBus,
        messages: MessageService,
        threads: ThreadService,
    ) -> None:
        self._access = access
        self._state = access.state
        self._event_bus = event_bus
        self._messages = messages
        self._threads = threads

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, relative to the API's base path."""
        channel = "/channels/{channel_id}"
        return [
            web.post(channel + "/threads", self._start),
            web.post(channel + "/messages/{message_id}/threads", self._start_from_message),
        ]

    async def _start_from_message(self, request: web.Request) -> web.Response:
        parent, guild = self._access.guild_channel(request, Permission.CREATE_PUBLIC_THREADS)
        if parent.type not in _PARENTS:
            raise ApiError(ErrorCode.WRONG_CHANNEL_TYPE)
        message = self._state.message(parent.id, path_id(request, "message_id"))
        if message.ephemeral:
            raise ApiError(ErrorCode.UNKNOWN_MESSAGE)
        if message.thread_id is not None or message.id in self._state.channels:
            raise ApiError(ErrorCode.THREAD_EXISTS)
        fields = FormFields(await read_json(request))
        options = _read_options(fields)
        fields.raise_if_any()
        kind = ChannelType.PUBLIC_THREAD
        if parent.type is ChannelType.ANNOUNCEMENT:
            kind = ChannelType.ANNOUNCEMENT_THREAD
        bot = self._state.bot
        channel = self._threads.create(parent, bot, kind=kind, thread_id=message.id, **options)
        message.thread_id = channel.id
        message.flags |= HAS_THREAD
        self._event_bus.publish(
            Event(name="MESSAGE_UPDATE", message=message, channel=parent, guild_id=guild.id)
        )
        reference = {"channel_id": parent.id, "message_id": message.id, "guild_id": guild.id}
        self._messages.post_notice(
            channel, message.author, STARTER_MESSAGE, reference={"type": 0, **reference}
        )
        return self._created(request, guild, channel)

    async def _start(self, request: web.Request) -> web.Response:
        parent, guild = self._access.guild_channel(request)
        if parent.type is ChannelType.FORUM:
            return await self._start_post(request, parent, guild)
        if parent.type not in _PARENTS:
            raise ApiError(ErrorCode.WRONG_CHANNEL_TYPE)
        fields = FormFields(await read_json(request))
        options = _read_options(fields)
        public = ChannelType.PUBLIC_THREAD
        if parent.type is ChannelType.ANNOUNCEMENT:
            public = ChannelType.ANNOUNCEMENT_THREAD
        choices = (public, ChannelType.PRIVATE_THREAD)
        kind = ChannelType(fields.choice("type", ChannelType.PRIVATE_THREAD, choices))
        invitable = fields.boolean("invitable", default=True)
        fields.raise_if_any()
        needed = Permission.CREATE_PUBLIC_THREADS
        if kind is ChannelType.PRIVATE_THREAD:
            needed = Permission.CREATE_PRIVATE_THREADS
        bot = self._state.bot
        self._state.require(parent, bot.id, needed)
        channel = self._threads.create(parent, bot, kind=kind, invitable=invitable, **options)
        if kind is not ChannelType.PRIVATE_THREAD:
            reference = {"type": 0, "channel_id": channel.id, "guild_id": guild.id}
            self._messages.post_notice(
                parent, bot, THREAD_CREATED, content=channel.name, reference=reference
            )
        return self._created(request, guild, channel)

    async def _start_post(
        self, request: web.Request, parent: Channel, guild: Guild
    ) -> web.Response:
        """Start a forum's post: a thread with its first message, which has the same id."""
        bot = self._state.bot
        self._state.require(parent, bot.id, Permission.SEND_MESSAGES)
        body = await read_body(request, file_limit=self._state.upload_limit(parent))
        fields = FormFields(body.payload)
        options = _read_options(fields)
        applied = self.read_tags(fields, parent, default=[])
        content = fields.errors.read_object(("message",), body.payload.get("message"))
        if "message" not in fields:
            fields.errors.required(("message",))
        fields.raise_if_any()
        draft = parse_message(Body(payload=content, uploads=body.uploads))
        channel = self._threads.create(parent, bot, applied_tags=applied, **options)
        message = self._messages.create(channel, bot, draft, message_id=channel.id)
        response: Json = self._access.serializer.channel(channel)
        response["message"] = self._access.serializer.message(message, viewer=bot.id)
        self._log(request, guild, AuditAction.THREAD_CREATE, channel, after=response)
        return json_response(response, status=201)

    def read_tags(self, fields: FormFields, parent: Channel, *, default: list[str]) -> list[str]:
        """Return the tags that the bot applies to a post of the forum.

        Raises:
            ApiError: 403/50013 for a moderated tag, 400/40067 without one where it is required.
        """
        return read_applied_tags(
            fields, parent, default, self._state.permissions(parent, self._state.bot.id)
        )

    def _created(self, request: web.Request, guild: Guild, channel: Channel) -> web.Response:
        shape = self._access.serializer.channel(channel)
        self._log(request, guild, AuditAction.THREAD_CREATE, channel, after=shape)
        return json_response(shape, status=201)

    async def edit(
        self, request: web.Request, guild: Guild, channel: Channel, thread: Thread
    ) -> web.Response:
        """Change a thread: its name, whether it is archived or locked, and so on.

        Raises:
            ApiError: 400/50083 when it is archived and stays so, 403/50013 without permission.
        """
        fields = FormFields(await read_json(request))
        before = self._access.serializer.channel(channel)
        name = fields.text("name", channel.name, 1, MAX_NAME)
        archived = fields.boolean("archived", thread.archived)
        locked = fields.boolean("locked", thread.locked)
        minutes = fields.choice("auto_archive_duration", thread.archive_minutes, ARCHIVE_MINUTES)
        slowmode = fields.integer(
            "rate_limit_per_user", channel.slowmode_seconds, 0, MAX_SLOWMODE_SECONDS
        )
        invitable = fields.boolean("invitable", thread.invitable)
        flags = fields.integer("flags", channel.flags, 0, (1 << 31) - 1)
        parent = self._state.channels[channel.parent_id or ""]
        applied = self.read_tags(fields, parent, default=thread.applied_tags)
        fields.raise_if_any()
        self._require_edit(channel, thread, fields, archived=archived)
        self._threads.set_archived(thread, archived=archived)
        thread.locked, thread.invitable, thread.archive_minutes = locked, invitable, minutes
        channel.name, channel.slowmode_seconds = name, slowmode
        thread.applied_tags = applied
        if parent.type is ChannelType.FORUM:
            channel.flags = flags & PINNED
        self._threads.publish_update(channel)
        shape = self._access.serializer.channel(channel)
        self._log(request, guild, AuditAction.THREAD_UPDATE, channel, before=before, after=shape)
        return json_response(shape)

    def _require_edit(
        self, channel: Channel, thread: Thread, fields: FormFields, *, archived: bool
    ) -> None:
        """Check that the bot may change the thread as the body says."""
        if thread.archived and archived:
            raise ApiError(ErrorCode.THREAD_ARCHIVED)
        bot_id = self._state.bot.id
        granted = self._state.permissions(channel, bot_id)
        if Permission.MANAGE_THREADS in granted:
            return
        moderated = "locked" in fields or "rate_limit_per_user" in fields or "flags" in fields
        reopens = fields.body.keys() == {"archived"} and not archived and not thread.locked
        if reopens and Permission.SEND_MESSAGES_IN_THREADS in granted:
            return
        if moderated or thread.locked or thread.owner_id != bot_id:
            raise ApiError(ErrorCode.MISSING_PERMISSIONS)

    def delete(self, request: web.Request, guild: Guild, channel: Channel) -> web.Response:
        """Delete a thread.

        Raises:
            ApiError: 403/50013 without MANAGE_THREADS.
        """
        self._state.require(channel, self._state.bot.id, Permission.MANAGE_THREADS)
        shape = self._access.serializer.channel(channel)
        self._threads.delete(channel)
        self._log(request, guild, AuditAction.THREAD_DELETE, channel, before=shape)
        return json_response(shape)

    def _log(
        self,
        request: web.Request,
        guild: Guild,
        action: AuditAction,
        channel: Channel,
        *,
        before: Json | None = None,
        after: Json | None = None,
    ) -> None:
        self._access.log(
            request, guild, action, channel.id, before=_facts(before), after=_facts(after)
        )


def _facts(shape: Json | None) -> Json | None:
    """Return a thread's fields that the audit log lists."""
    if shape is None:
        return None
    names = ("name", "type", "rate_limit_per_user", "applied_tags", "flags")
    metadata = ("archived", "locked", "auto_archive_duration", "invitable")
    return {name: shape[name] for name in names} | {
        name: shape["thread_metadata"].get(name) for name in metadata
    }


def _read_options(fields: FormFields) -> Json:
    """Return the options of a new thread that every kind has, as `ThreadService.create` does."""
    minutes = fields.choice("auto_archive_duration", 0, ARCHIVE_MINUTES)
    slowmode = fields.integer("rate_limit_per_user", -1, 0, MAX_SLOWMODE_SECONDS)
    return {
        "name": fields.text("name", None, 1, MAX_NAME),
        "archive_minutes": minutes or None,
        "slowmode_seconds": None if slowmode < 0 else slowmode,
    }


def read_applied_tags(
    fields: FormFields, parent: Channel, default: list[str], granted: Permission
) -> list[str]:
    """Return the tags that the body applies to a post of the forum.

    Args:
        fields: the body.
        parent: the forum.
        default: the tags, if the body lists none.
        granted: the permissions of who applies them.

    Raises:
        ApiError: 403/50013 for a moderated tag, 400/40067 without one where it is required.
    """
    if parent.type is not ChannelType.FORUM:
        return []
    applied = default
    if "applied_tags" in fields:
        applied = fields.snowflakes("applied_tags", MAX_APPLIED_TAGS)
    known = {tag.id: tag for tag in parent.tags}
    moderates = Permission.MANAGE_THREADS in granted
    for index, tag_id in enumerate(applied):
        if tag_id not in known:
            fields.errors.add(("applied_tags", index), "FORUM_TAG_UNKNOWN", "Unknown tag")
        elif known[tag_id].moderated and tag_id not in default and not moderates:
            raise ApiError(ErrorCode.MISSING_PERMISSIONS)
    if not applied and parent.flags & REQUIRE_TAG and not moderates:
        raise ApiError(ErrorCode.TAG_REQUIRED)
    return applied
