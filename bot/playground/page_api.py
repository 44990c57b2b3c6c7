"""The chat page and what it calls: everything a member can do, under ``/_playground``."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

from bot.playground import wire
from bot.playground.bodies import Body, Upload, read_body, read_json
from bot.playground.errors import ApiError, Code, FormErrors, invalid_form
from bot.playground.forms import parse_message
from bot.playground.interaction_shapes import Interaction, Kind
from bot.playground.permissions import Permission
from bot.playground.rest import answer, no_content, snowflake
from bot.playground.rest_messages import publish_typing
from bot.playground.seed import join

if TYPE_CHECKING:
    from bot.playground.records import Channel, Json, Message, User
    from bot.playground.server import Playground

__all__ = ["PageApi"]

WEB = Path(__file__).with_name("web")
_FILE = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+")
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webp": "image/webp",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".json": "application/json",
}
_POLICY = (
    "default-src 'self'; img-src 'self' data: blob: http: https:; connect-src 'self'; "
    "style-src 'self' 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
MAX_NAME = 32
HISTORY = 200


class PageApi:
    """Routes of the page; who acts is named by ``?as=<user id>``."""

    def __init__(self, playground: Playground) -> None:
        self._playground = playground
        self._state = playground.state

    def routes(self) -> list[web.RouteDef]:
        """The page, its files and its calls."""
        api = "/_playground"
        message = api + "/channels/{channel_id}/messages/{message_id}"
        return [
            web.get("/", self._index),
            web.get("/web/{name}", self._file),
            web.get(api + "/state", self._get_state),
            web.get(api + "/live", self._live),
            web.post(api + "/channels/{channel_id}/messages", self._post_message),
            web.delete(message, self._delete_message),
            web.put(message + "/reactions/{emoji}", self._react),
            web.delete(message + "/reactions/{emoji}", self._unreact),
            web.post(api + "/channels/{channel_id}/typing", self._typing),
            web.post(api + "/interactions", self._interact),
            web.get(api + "/faults", self._get_faults),
            web.post(api + "/faults", self._set_faults),
            web.post(api + "/members", self._add_member),
        ]

    async def _index(self, request: web.Request) -> web.Response:
        return await _serve("index.html")

    async def _file(self, request: web.Request) -> web.Response:
        return await _serve(request.match_info["name"])

    def _actor(self, request: web.Request) -> User:
        wanted = request.query.get("as")
        if wanted is None:
            return self._playground.seeded.members[0]
        user = self._state.user(wanted)
        if user.bot:
            raise ApiError(Code.UNKNOWN_USER)
        return user

    def _channel(self, request: web.Request) -> Channel:
        channel = self._state.channel(snowflake(request, "channel_id"))
        self._state.require(channel, self._actor(request).id, Permission.VIEW_CHANNEL)
        return channel

    def _message(self, request: web.Request) -> Message:
        channel = self._channel(request)
        message = self._state.message(channel.id, snowflake(request, "message_id"))
        if not self._state.sees(self._actor(request).id, message):
            raise ApiError(Code.UNKNOWN_MESSAGE)
        return message

    async def _get_state(self, request: web.Request) -> web.Response:
        actor = self._actor(request)
        guild = self._playground.seeded.guild
        channels = [
            channel
            for channel in self._state.channels.values()
            if Permission.VIEW_CHANNEL in self._state.permissions(channel, actor.id)
        ]
        channels.sort(key=lambda channel: (channel.type, channel.position))
        shown = self._playground.wire
        return answer(
            {
                "me": wire.user(actor),
                "members": [wire.user(m.user) for m in guild.members.values()],
                "guild": shown.guild(guild),
                "channels": [
                    {
                        **shown.channel(channel, for_user=actor.id),
                        "permissions": str(int(self._state.permissions(channel, actor.id))),
                    }
                    for channel in channels
                ],
                "messages": {
                    channel.id: [
                        shown.message(message, viewer=actor.id)
                        for message in list(channel.messages.values())[-HISTORY:]
                        if self._state.sees(actor.id, message)
                    ]
                    for channel in channels
                },
                "commands": self._playground.commands.usable_in(guild.id),
                "bot": wire.user(self._state.bot) | {"status": self._playground.gateway.status},
                "stickers": [wire.sticker(s, guild.id) for s in guild.stickers.values()],
                "emoji": [
                    wire.emoji(e)
                    for e in [*guild.emojis.values(), *self._state.application.emojis.values()]
                ],
            }
        )

    async def _live(self, request: web.Request) -> web.StreamResponse:
        return await self._playground.live.serve(request, self._actor(request))

    async def _post_message(self, request: web.Request) -> web.Response:
        actor, channel = self._actor(request), self._channel(request)
        body = await read_body(request, file_limit=self._state.upload_limit(channel))
        draft = parse_message(_with_spoilers(body))
        self._playground.messages.require_send(channel, actor, draft)
        message = self._playground.messages.create(channel, actor, draft)
        return answer(self._playground.wire.message(message, viewer=actor.id))

    async def _delete_message(self, request: web.Request) -> web.Response:
        self._playground.delete_message(self._actor(request), self._message(request))
        return no_content()

    async def _react(self, request: web.Request) -> web.Response:
        emoji = request.match_info["emoji"]
        self._playground.react(self._actor(request), self._message(request), emoji)
        return no_content()

    async def _unreact(self, request: web.Request) -> web.Response:
        emoji = request.match_info["emoji"]
        self._playground.unreact(self._actor(request), self._message(request), emoji)
        return no_content()

    async def _typing(self, request: web.Request) -> web.Response:
        channel = self._channel(request)
        publish_typing(self._state, self._playground.hub, channel, self._actor(request).id)
        return no_content()

    async def _interact(self, request: web.Request) -> web.Response:
        actor = self._actor(request)
        body = await read_body(request)
        channel = self._state.channel(str(body.payload.get("channel_id")))
        self._state.require(channel, actor.id, Permission.VIEW_CHANNEL)
        interaction = self._start(actor, channel, body)
        if interaction.kind is not Kind.AUTOCOMPLETE:
            return no_content()
        await interaction.settled.wait()
        return answer({"choices": interaction.choices or []})

    def _start(self, actor: User, channel: Channel, body: Body) -> Interaction:
        wanted, invoke = body.payload, self._playground.invoke
        errors = FormErrors()
        number = errors.read_integer(("type",), wanted.get("type"))
        command_type = errors.read_integer(("command_type",), wanted.get("command_type")) or 1
        values = [str(v) for v in errors.read_array(("values",), wanted.get("values"))]
        options = errors.read_objects(("options",), wanted.get("options"))
        components = errors.read_objects(("components",), wanted.get("components"))
        errors.raise_if_any()
        name, custom_id = str(wanted.get("name")), str(wanted.get("custom_id"))
        if number == Kind.COMPONENT:
            message = self._state.message(channel.id, str(wanted.get("message_id")))
            return invoke.component(actor, message, custom_id, values)
        if number == Kind.MODAL:
            return invoke.modal(actor, channel, custom_id, components, uploads=body.uploads)
        if number not in (Kind.COMMAND, Kind.AUTOCOMPLETE):
            raise invalid_form(("type",), "BASE_TYPE_CHOICES", "Value must be one of 2 to 5.")
        if command_type != 1:
            target = str(wanted.get("target_id"))
            return invoke.context_menu(actor, channel, name, kind=command_type, target_id=target)
        return invoke.command(
            actor,
            channel,
            name,
            options,
            uploads=body.uploads,
            autocomplete=number == Kind.AUTOCOMPLETE,
        )

    async def _get_faults(self, request: web.Request) -> web.Response:
        return answer(self._playground.faults.describe())

    async def _set_faults(self, request: web.Request) -> web.Response:
        wanted = await read_json(request)
        try:
            self._playground.faults.apply(wanted)
        except (ValueError, TypeError, re.error) as error:
            raise invalid_form((), "BASE_TYPE_INVALID", str(error)) from None
        self._playground.hub.wake()
        return answer(self._playground.faults.describe())

    async def _add_member(self, request: web.Request) -> web.Response:
        name = str((await read_json(request)).get("name") or "").strip()
        if not 1 <= len(name) <= MAX_NAME:
            raise invalid_form(
                ("name",), "BASE_TYPE_BAD_LENGTH", f"Must be between 1 and {MAX_NAME} in length."
            )
        guild = self._playground.seeded.guild
        member = join(self._state, self._playground.hub, self._playground.cdn, guild, name)
        return answer(wire.user(member.user))


def _with_spoilers(body: Body) -> Body:
    """Files marked as spoilers get the name that says so, as Discord's own client does it."""
    errors = FormErrors()
    given = errors.read_objects(("attachments",), body.payload.get("attachments"))
    errors.raise_if_any()
    marked = {str(item.get("id", index)): item for index, item in enumerate(given)}
    uploads: dict[str, Upload] = {}
    listed: list[Json] = []
    for key, upload in body.uploads.items():
        item = marked.get(key, {})
        name = str(item.get("filename") or upload.filename)
        if item.get("spoiler") and not name.startswith("SPOILER_"):
            name = f"SPOILER_{name}"
        uploads[key] = Upload(index=key, filename=name, data=upload.data)
        listed.append({"id": key, "filename": name, "description": item.get("description")})
    payload = {**body.payload, "attachments": listed} if listed else body.payload
    return Body(payload=payload, uploads=uploads)


async def _serve(name: str) -> web.Response:
    """One of the page's own files; the name is a plain one, so no path leads elsewhere."""
    path = WEB / name
    content_type = _TYPES.get(path.suffix)
    if content_type is None or not _FILE.fullmatch(name):
        return web.Response(status=404, text="No such file.")
    try:
        data = await asyncio.to_thread(path.read_bytes)
    except OSError:
        return web.Response(status=404, text="No such file.")
    return web.Response(
        body=data,
        headers={
            "Content-Type": content_type,
            "Cache-Control": "no-cache",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Content-Security-Policy": _POLICY,
        },
    )
