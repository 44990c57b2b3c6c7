"""The chat page and its API for members, under ``/_playground``."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

from bot.playground import serializers
from bot.playground.errors import ApiError, ErrorCode, FormErrors, invalid_form
from bot.playground.interactions.interaction_payloads import Interaction, InteractionKind
from bot.playground.messages.message_parser import Body, Upload, parse_message
from bot.playground.rest.request_parsing import (
    check_snowflake,
    integer_query,
    path_id,
    read_body,
    read_json,
)
from bot.playground.rest.responses import json_response, no_content
from bot.playground.state.permissions import Permission

if TYPE_CHECKING:
    from bot.playground.faults import Faults
    from bot.playground.gateway.gateway_server import Gateway
    from bot.playground.member_actions import MemberActions
    from bot.playground.page.page_feed import PageFeed
    from bot.playground.state.records import Channel, Json, Member, Message, Role, User

__all__ = ["PageRoutes"]

WEB_FOLDER = Path(__file__).with_name("web")
_FILE_NAME = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+")
_CONTENT_TYPES = {
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
STYLE_SHEETS = ("style", "messages", "content", "cards", "composer", "layers")
MAX_NAME = 32
HISTORY_LENGTH = 200


class PageRoutes:
    """Routes of the page; ``?as=<user id>`` names the acting member."""

    def __init__(
        self, actions: MemberActions, gateway: Gateway, page_feed: PageFeed, faults: Faults
    ) -> None:
        self._actions = actions
        self._state = actions.state
        self._gateway = gateway
        self._page_feed = page_feed
        self._faults = faults

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of the page, its files and its API."""
        api = "/_playground"
        message = api + "/channels/{channel_id}/messages/{message_id}"
        return [
            web.get("/", self._index),
            web.get("/web/page.css", self._style_sheet),
            web.get("/web/{name}", self._file),
            web.get(api + "/state", self._get_state),
            web.get(api + "/live", self._live),
            web.get(api + "/channels/{channel_id}/messages", self._get_older),
            web.post(api + "/channels/{channel_id}/messages", self._post_message),
            web.delete(message, self._delete_message),
            web.put(message + "/reactions/{emoji}", self._react),
            web.delete(message + "/reactions/{emoji}", self._unreact),
            web.post(api + "/channels/{channel_id}/typing", self._typing),
            web.post(api + "/interactions", self._interact),
            web.get(api + "/faults", self._get_faults),
            web.post(api + "/faults", self._change_faults),
            web.post(api + "/members", self._add_member),
            web.put(api + "/members/{user_id}/roles/{role_id}", self._add_role),
            web.delete(api + "/members/{user_id}/roles/{role_id}", self._remove_role),
        ]

    async def _index(self, request: web.Request) -> web.Response:
        page, names = await asyncio.to_thread(_read_index)
        # Without this the browser finds the modules one after another, as each imports the next.
        links = "".join(f'<link rel="modulepreload" href="/web/{name}" />' for name in names)
        return _file_response(page.replace("</body>", f"{links}</body>").encode(), ".html")

    async def _style_sheet(self, request: web.Request) -> web.Response:
        """Serve all style sheets as one, since the first paint waits for them."""
        return _file_response(await asyncio.to_thread(_read_style_sheets), ".css")

    async def _file(self, request: web.Request) -> web.Response:
        return await _serve_file(request.match_info["name"])

    def _actor(self, request: web.Request) -> User:
        wanted = request.query.get("as")
        if wanted is None:
            return self._actions.scene.members[0]
        user = self._state.user(wanted)
        if user.bot:
            raise ApiError(ErrorCode.UNKNOWN_USER)
        return user

    def _channel(self, request: web.Request) -> Channel:
        channel = self._state.channel(path_id(request, "channel_id"))
        self._state.require(channel, self._actor(request).id, Permission.VIEW_CHANNEL)
        return channel

    def _message(self, request: web.Request) -> Message:
        channel = self._channel(request)
        message = self._state.message(channel.id, path_id(request, "message_id"))
        if not self._state.can_see(self._actor(request).id, message):
            raise ApiError(ErrorCode.UNKNOWN_MESSAGE)
        return message

    async def _get_state(self, request: web.Request) -> web.Response:
        actor = self._actor(request)
        guild = self._actions.scene.guild
        channels = [
            channel
            for channel in self._state.channels.values()
            if channel.is_open
            and Permission.VIEW_CHANNEL in self._state.permissions(channel, actor.id)
        ]
        channels.sort(key=lambda channel: (channel.type, channel.position))
        serializer = self._actions.serializer
        return json_response(
            {
                "me": serializers.user(actor),
                "members": [serializers.user(m.user) for m in guild.members.values()],
                "guild": serializer.guild(guild),
                "member_roles": {m.user.id: m.roles for m in guild.members.values()},
                "channels": [
                    {
                        **serializer.channel(channel, for_user=actor.id),
                        "permissions": str(int(self._state.permissions(channel, actor.id))),
                    }
                    for channel in channels
                ],
                "messages": {
                    channel.id: [
                        serializer.message(message, viewer=actor.id)
                        for message in list(channel.messages.values())[-HISTORY_LENGTH:]
                        if self._state.can_see(actor.id, message)
                    ]
                    for channel in channels
                },
                "commands": self._actions.commands.available_in(guild.id),
                "bot": serializers.user(self._state.bot) | {"status": self._gateway.status},
                "stickers": [serializers.sticker(s, guild.id) for s in guild.stickers.values()],
                "emoji": [
                    serializers.emoji(e)
                    for e in [*guild.emojis.values(), *self._state.application.emojis.values()]
                ],
            }
        )

    async def _live(self, request: web.Request) -> web.StreamResponse:
        return await self._page_feed.serve(request, self._actor(request))

    async def _get_older(self, request: web.Request) -> web.Response:
        """Return the messages before one that the page has, the newest first."""
        actor, channel = self._actor(request), self._channel(request)
        self._state.require(channel, actor.id, Permission.READ_MESSAGE_HISTORY)
        before = int(check_snowflake("before", request.query.get("before", "")))
        limit = integer_query(request, "limit", 50, 1, 100)
        older = [
            message
            for message in channel.messages.values()
            if int(message.id) < before and self._state.can_see(actor.id, message)
        ]
        older.sort(key=lambda message: int(message.id), reverse=True)
        serializer = self._actions.serializer
        return json_response(
            [serializer.message(message, viewer=actor.id) for message in older[:limit]]
        )

    async def _post_message(self, request: web.Request) -> web.Response:
        actor, channel = self._actor(request), self._channel(request)
        body = await read_body(request, file_limit=self._state.upload_limit(channel))
        draft = parse_message(_with_spoilers(body))
        self._actions.messages.require_send(channel, actor, draft)
        message = self._actions.messages.create(channel, actor, draft)
        return json_response(self._actions.serializer.message(message, viewer=actor.id))

    async def _delete_message(self, request: web.Request) -> web.Response:
        self._actions.delete_message(self._actor(request), self._message(request))
        return no_content()

    async def _react(self, request: web.Request) -> web.Response:
        emoji = request.match_info["emoji"]
        self._actions.react(self._actor(request), self._message(request), emoji)
        return no_content()

    async def _unreact(self, request: web.Request) -> web.Response:
        emoji = request.match_info["emoji"]
        self._actions.unreact(self._actor(request), self._message(request), emoji)
        return no_content()

    async def _typing(self, request: web.Request) -> web.Response:
        channel = self._channel(request)
        self._actions.start_typing(self._actor(request), channel)
        return no_content()

    async def _interact(self, request: web.Request) -> web.Response:
        actor = self._actor(request)
        body = await read_body(request)
        channel = self._state.channel(str(body.payload.get("channel_id")))
        self._state.require(channel, actor.id, Permission.VIEW_CHANNEL)
        interaction = self._start_interaction(actor, channel, body)
        if interaction.kind is not InteractionKind.AUTOCOMPLETE:
            return no_content()
        await interaction.settled.wait()
        return json_response({"choices": interaction.choices or []})

    def _start_interaction(self, actor: User, channel: Channel, body: Body) -> Interaction:
        wanted, interaction_builder = body.payload, self._actions.interaction_builder
        errors = FormErrors()
        number = errors.read_integer(("type",), wanted.get("type"))
        command_type = errors.read_integer(("command_type",), wanted.get("command_type")) or 1
        values = [str(v) for v in errors.read_array(("values",), wanted.get("values"))]
        options = errors.read_objects(("options",), wanted.get("options"))
        components = errors.read_objects(("components",), wanted.get("components"))
        errors.raise_if_any()
        name, custom_id = str(wanted.get("name")), str(wanted.get("custom_id"))
        if number == InteractionKind.COMPONENT:
            message = self._state.message(channel.id, str(wanted.get("message_id")))
            return interaction_builder.send_component(actor, message, custom_id, values)
        if number == InteractionKind.MODAL:
            return interaction_builder.send_modal(
                actor, channel, custom_id, components, uploads=body.uploads
            )
        if number not in (InteractionKind.COMMAND, InteractionKind.AUTOCOMPLETE):
            raise invalid_form(("type",), "BASE_TYPE_CHOICES", "Value must be one of 2 to 5.")
        if command_type != 1:
            target = str(wanted.get("target_id"))
            return interaction_builder.send_context_menu(
                actor, channel, name, kind=command_type, target_id=target
            )
        return interaction_builder.send_command(
            actor,
            channel,
            name,
            options,
            uploads=body.uploads,
            autocomplete=number == InteractionKind.AUTOCOMPLETE,
        )

    async def _get_faults(self, request: web.Request) -> web.Response:
        return json_response(self._faults.describe())

    async def _change_faults(self, request: web.Request) -> web.Response:
        wanted = await read_json(request)
        try:
            self._faults.apply(wanted)
        except (ValueError, TypeError, re.error) as error:
            raise invalid_form((), "BASE_TYPE_INVALID", str(error)) from None
        self._actions.event_bus.notify_waiters()
        return json_response(self._faults.describe())

    async def _add_role(self, request: web.Request) -> web.Response:
        self._actions.set_role(*self._member_and_role(request), has_role=True)
        return no_content()

    async def _remove_role(self, request: web.Request) -> web.Response:
        self._actions.set_role(*self._member_and_role(request), has_role=False)
        return no_content()

    def _member_and_role(self, request: web.Request) -> tuple[Member, Role]:
        """Return the member and the role that a path names; integrations' roles are refused."""
        guild = self._actions.scene.guild
        member = self._state.member(guild.id, path_id(request, "user_id"))
        role = guild.roles.get(path_id(request, "role_id"))
        if role is None or role.managed or role.id == guild.id:
            raise ApiError(ErrorCode.UNKNOWN_ROLE)
        return member, role

    async def _add_member(self, request: web.Request) -> web.Response:
        name = str((await read_json(request)).get("name") or "").strip()
        if not 1 <= len(name) <= MAX_NAME:
            raise invalid_form(
                ("name",), "BASE_TYPE_BAD_LENGTH", f"Must be between 1 and {MAX_NAME} in length."
            )
        member = self._actions.add_member(name)
        return json_response(serializers.user(member.user))


def _with_spoilers(body: Body) -> Body:
    """Prefix files marked as spoilers with ``SPOILER_``, as Discord's client does."""
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


def _read_index() -> tuple[str, list[str]]:
    """Return the page, and the names of its modules; the theme's script is none."""
    page = (WEB_FOLDER / "index.html").read_text(encoding="utf-8")
    names = sorted(path.name for path in WEB_FOLDER.glob("*.js") if path.name != "theme.js")
    return page, names


def _read_style_sheets() -> bytes:
    return b"\n".join((WEB_FOLDER / f"{name}.css").read_bytes() for name in STYLE_SHEETS)


async def _serve_file(name: str) -> web.Response:
    """Serve one of the page's files; names with path separators are refused."""
    path = WEB_FOLDER / name
    if path.suffix not in _CONTENT_TYPES or not _FILE_NAME.fullmatch(name):
        return web.Response(status=404, text="No such file.")
    try:
        data = await asyncio.to_thread(path.read_bytes)
    except OSError:
        return web.Response(status=404, text="No such file.")
    return _file_response(data, path.suffix)


def _file_response(data: bytes, suffix: str) -> web.Response:
    return web.Response(
        body=data,
        headers={
            "Content-Type": _CONTENT_TYPES[suffix],
            "Cache-Control": "no-cache",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Content-Security-Policy": _POLICY,
        },
    )
