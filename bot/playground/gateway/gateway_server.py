"""Discord's gateway protocol: versions 9 and 10, JSON, plain, zlib-stream or zstd-stream."""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import time
from typing import TYPE_CHECKING

from aiohttp import WSMsgType, web

from bot.playground import serializers
from bot.playground.errors import ApiError, GatewayClose
from bot.playground.faults import GatewayDrop
from bot.playground.gateway.connection import COMPRESSIONS, Connection
from bot.playground.gateway.sessions import KNOWN_INTENTS, PRIVILEGED, Intent, Session, payload_for
from bot.playground.state.event_bus import Event

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.playground.faults import Faults
    from bot.playground.serializers import Serializer
    from bot.playground.state.event_bus import EventBus
    from bot.playground.state.records import Json
    from bot.playground.state.state import State

__all__ = ["Gateway"]

DISPATCH, HEARTBEAT, IDENTIFY, PRESENCE, VOICE_STATE = 0, 1, 2, 3, 4
RESUME, RECONNECT, REQUEST_MEMBERS, INVALID_SESSION, HELLO, ACK = 6, 7, 8, 9, 10, 11
MAX_PAYLOAD = 4096
ACCEPTED_VERSIONS = frozenset({"9", "10"})

ACK_SECONDS = 0.02
"""Delay of a heartbeat's acknowledgement. discord.py records the time of a heartbeat after sending
it, in a thread; an earlier acknowledgement would count for the previous heartbeat."""

CHUNK = 1000
logger = logging.getLogger(__name__)


class Gateway:
    """Accepts connections, keeps sessions, and sends them the events that they may receive."""

    def __init__(
        self, state: State, event_bus: EventBus, serializer: Serializer, faults: Faults
    ) -> None:
        self._state = state
        self._event_bus = event_bus
        self._serializer = serializer
        self.sessions: dict[str, Session] = {}
        self._connections: set[Connection] = set()
        self.url = ""
        self.heartbeat_seconds = 41.25
        self.resume_seconds = 120.0
        event_bus.subscribe(self._dispatch_event)
        faults.on_drop = self.drop

    @property
    def online(self) -> bool:
        """Whether a bot is connected and identified."""
        return any(session.send is not None for session in self.sessions.values())

    @property
    def status(self) -> str:
        """The bot's presence: ``offline``, or the status that it set."""
        shown = [s.status for s in self.sessions.values() if s.send is not None]
        return shown[0] if shown else "offline"

    def drop(self, how: GatewayDrop) -> None:
        """Drop every connection, in one of three ways."""
        for connection in tuple(self._connections):
            if how is GatewayDrop.ABORT:
                connection.abort()
            elif how is GatewayDrop.RECONNECT:
                connection.send_control(RECONNECT, None)
            else:
                if connection.session is not None:
                    # The client may identify again on the same connection.
                    del self.sessions[connection.session.id]
                    connection.session = None
                connection.send_control(INVALID_SESSION, data=False)
        if how is GatewayDrop.INVALIDATE:
            self._publish_presence()

    async def close(self) -> None:
        """Close every connection with code 1001."""
        for connection in tuple(self._connections):
            await connection.socket.close(code=1001, message=b"The playground is closing.")

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Serve one client's connection, from HELLO to its end."""
        socket = web.WebSocketResponse(max_msg_size=1024 * 1024, compress=False, autoclose=True)
        await socket.prepare(request)
        query = request.query
        version, compression = query.get("v"), query.get("compress")
        connection = Connection(
            socket,
            request,
            version=9 if version == "9" else 10,
            compression=compression if compression in COMPRESSIONS else None,
        )
        self._connections.add(connection)
        writer = asyncio.create_task(connection.write(), name="gateway writer")
        try:
            self._send_hello(connection, query)
            await self._receive_frames(connection)
        except GatewayClose as ending:
            connection.close_after_queue(ending.code, ending.reason)
            await writer
        finally:
            self._connections.discard(connection)
            writer.cancel()
            [ended] = await asyncio.gather(writer, return_exceptions=True)
            if isinstance(ended, Exception):
                logger.error("gateway writer failed", exc_info=ended)
            self._detach_session(connection)
        return socket

    def _send_hello(self, connection: Connection, query: Mapping[str, str]) -> None:
        if query.get("v", "10") not in ACCEPTED_VERSIONS:
            raise GatewayClose(4012, "Invalid API version")
        unknown_compression = query.get("compress", "") not in ("", *COMPRESSIONS)
        if query.get("encoding", "json") != "json" or unknown_compression:
            raise GatewayClose(4002, "Error while decoding payload.")
        interval = int(self.heartbeat_seconds * 1000)
        connection.send_control(HELLO, {"heartbeat_interval": interval, "_trace": ["playground"]})

    async def _receive_frames(self, connection: Connection) -> None:
        # A heartbeat may be half an interval late before the connection is closed.
        heartbeat_timeout = self.heartbeat_seconds * 1.5
        deadline = time.monotonic() + heartbeat_timeout
        while True:
            try:
                message = await connection.socket.receive(timeout=deadline - time.monotonic())
            except TimeoutError:
                raise GatewayClose(4009, "Session timed out.") from None
            if message.type is WSMsgType.TEXT:
                data = message.data.encode()
            elif message.type is WSMsgType.BINARY:
                data = message.data
            else:
                return
            if len(data) > MAX_PAYLOAD:
                raise GatewayClose(4002, "Error while decoding payload.")
            connection.count_received()
            if self._handle(connection, _decode(data)):
                deadline = time.monotonic() + heartbeat_timeout

    def _handle(self, connection: Connection, frame: Json) -> bool:
        """Handle one payload; return True for a heartbeat."""
        op, data = frame.get("op"), frame.get("d")
        if op == HEARTBEAT:
            asyncio.get_running_loop().call_later(ACK_SECONDS, connection.send_control, ACK, None)
            return True
        if op in (IDENTIFY, RESUME):
            if connection.session is not None:
                raise GatewayClose(4005, "Already authenticated.")
            if not isinstance(data, dict):
                raise GatewayClose(4002, "Error while decoding payload.")
            (self._identify if op == IDENTIFY else self._resume)(connection, data)
            return False
        if op not in (PRESENCE, VOICE_STATE, REQUEST_MEMBERS, 31):
            raise GatewayClose(4001, "Unknown opcode.")
        if connection.session is None:
            raise GatewayClose(4003, "Not authenticated.")
        if op == PRESENCE and isinstance(data, dict):
            connection.session.status = str(data.get("status") or "online")
            self._publish_presence()
        if op == REQUEST_MEMBERS and isinstance(data, dict):
            self._send_members(connection.session, data)
        return False

    def _check_token(self, data: Json) -> None:
        token = str(data.get("token", "")).removeprefix("Bot ")
        if not hmac.compare_digest(token.encode(), self._state.application.token.encode()):
            raise GatewayClose(4004, "Authentication failed.")

    def _identify(self, connection: Connection, data: Json) -> None:
        self._check_token(data)
        intents = data.get("intents")
        if not isinstance(intents, int) or intents < 0 or intents & ~KNOWN_INTENTS:
            raise GatewayClose(4013, "Invalid intent(s).")
        application = self._state.application
        refused = Intent(0)
        for intent, enabled in (
            (Intent.GUILD_MEMBERS, application.members),
            (Intent.GUILD_PRESENCES, application.presences),
            (Intent.MESSAGE_CONTENT, application.message_content),
        ):
            if not enabled:
                refused |= intent
        if intents & refused & PRIVILEGED:
            raise GatewayClose(4014, "Disallowed intent(s).")
        session = Session(Intent(intents), _shard(data.get("shard")))
        presence = data.get("presence")
        if isinstance(presence, dict):
            session.status = str(presence.get("status") or "online")
        self.sessions[session.id] = session
        self._attach_session(connection, session)
        guilds = [
            guild
            for guild in self._state.guilds.values()
            if application.id in guild.members and session.owns_guild(guild.id)
        ]
        session.dispatch(
            "READY",
            {
                "v": connection.version,
                "user": {
                    **serializers.user(self._state.bot),
                    "verified": True,
                    "mfa_enabled": True,
                    "email": None,
                },
                "guilds": [{"id": guild.id, "unavailable": True} for guild in guilds],
                "session_id": session.id,
                "resume_gateway_url": self.url,
                "shard": list(session.shard),
                "application": {"id": application.id, "flags": application.flags},
                "private_channels": [],
                "relationships": [],
                "presences": [],
                "user_settings": {},
                "session_type": "normal",
                "geo_ordered_rtc_regions": [],
                "_trace": ["playground"],
            },
        )
        if Intent.GUILDS in session.intents:
            for guild in guilds:
                if guild.unavailable:
                    continue
                everyone = Intent.GUILD_MEMBERS in session.intents
                members = [
                    m for m in guild.members.values() if everyone or m.user.id == application.id
                ]
                session.dispatch("GUILD_CREATE", self._serializer.guild_create(guild, members))
        self._publish_presence()

    def _resume(self, connection: Connection, data: Json) -> None:
        self._check_token(data)
        self._remove_expired()
        session = self.sessions.get(str(data.get("session_id")))
        sequence = data.get("seq")
        missed = (
            session.events_after(sequence)
            if session is not None and isinstance(sequence, int)
            else None
        )
        if session is None or missed is None:
            connection.send_control(INVALID_SESSION, data=False)
            return
        for other in self._connections:
            if other.session is session:
                other.session = None
                other.close_after_queue(4000, "Resumed elsewhere.")
        # Replay before new events, which have higher numbers.
        for frame in missed:
            connection.send(frame)
        self._attach_session(connection, session)
        session.dispatch("RESUMED", {"_trace": ["playground"]})
        self._publish_presence()

    def _attach_session(self, connection: Connection, session: Session) -> None:
        connection.session = session
        session.send = connection.send
        session.disconnected_at = None

    def _detach_session(self, connection: Connection) -> None:
        session = connection.session
        if session is None:
            return
        session.send = None
        session.disconnected_at = self._state.clock.time()
        # A client that closes normally does not want to resume.
        if connection.socket.close_code in (1000, 1001):
            self.sessions.pop(session.id, None)
        self._publish_presence()

    def _remove_expired(self) -> None:
        now = self._state.clock.time()
        for session in tuple(self.sessions.values()):
            gone = session.disconnected_at
            if gone is not None and now - gone > self.resume_seconds:
                del self.sessions[session.id]

    def _dispatch_event(self, event: Event) -> None:
        self._remove_expired()
        for session in tuple(self.sessions.values()):
            payload = payload_for(session, event, self._state, self._serializer)
            if payload is not None:
                session.dispatch(event.name, payload)

    def _publish_presence(self) -> None:
        for guild in self._state.guilds.values():
            data: Json = {
                "user": {"id": self._state.bot.id},
                "guild_id": guild.id,
                "status": self.status,
                "activities": [],
                "client_status": {"web": self.status} if self.online else {},
            }
            self._event_bus.publish(Event(name="PRESENCE_UPDATE", data=data, guild_id=guild.id))

    def _send_members(self, session: Session, data: Json) -> None:
        try:
            guild = self._state.guild(str(data.get("guild_id")))
        except ApiError:
            return
        wanted = data.get("user_ids")
        query = str(data.get("query") or "").lower()
        limit = data["limit"] if isinstance(data.get("limit"), int) else 0
        found = list(guild.members.values())
        missing: list[str] = []
        if wanted is not None:
            named = [str(i) for i in (wanted if isinstance(wanted, list) else [wanted])]
            ids = [i for i in named if i.isascii() and i.isdecimal()]
            found = [guild.members[i] for i in ids if i in guild.members]
            missing = [i for i in ids if i not in guild.members]
        elif query or limit > 0:
            found = [m for m in found if m.user.name.lower().startswith(query)]
            found = found[: limit or 100]
        elif Intent.GUILD_MEMBERS not in session.intents:
            found = []  # the full list needs the intent
        chunks = [found[i : i + CHUNK] for i in range(0, len(found), CHUNK)] or [[]]
        for index, chunk in enumerate(chunks):
            payload: Json = {
                "guild_id": guild.id,
                "members": [serializers.member(m) for m in chunk],
                "chunk_index": index,
                "chunk_count": len(chunks),
                "not_found": missing,
            }
            if data.get("presences"):
                payload["presences"] = []
            if data.get("nonce") is not None:
                payload["nonce"] = data["nonce"]
            session.dispatch("GUILD_MEMBERS_CHUNK", payload)


def _shard(given: object) -> tuple[int, int]:
    if given is None:
        return 0, 1
    if isinstance(given, list) and len(given) == 2 and all(isinstance(n, int) for n in given):
        number, count = given
        if 0 <= number < count:
            return number, count
    raise GatewayClose(4010, "Invalid shard.")


def _decode(data: bytes) -> Json:
    try:
        frame = json.loads(data)
    except (ValueError, RecursionError):
        raise GatewayClose(4002, "Error while decoding payload.") from None
    if not isinstance(frame, dict):
        raise GatewayClose(4002, "Error while decoding payload.")
    return frame
