"""A member of the playground, acting through the chat page's API."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import aiohttp

from bot.demo.child_processes import START_TIMEOUT_SECONDS, DemoError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from bot.demo.child_processes import ChildProcess, PlaygroundAddress

__all__ = ["Member", "Message"]

Message = dict[str, Any]  # as in Discord's REST API


class Member:
    """Posts and reads messages as one member.

    Attributes:
        transcript: every event received, with its time of arrival.
    """

    def __init__(self, session: aiohttp.ClientSession, playground: PlaygroundAddress) -> None:
        self._session = session
        self._playground = playground
        self._api = f"{playground.url}/_playground"
        self._identity = {"as": playground.member_id}
        self.transcript: list[dict[str, Any]] = []

    async def wait_for_bot(self, bot: ChildProcess) -> None:
        """Wait until the bot is connected.

        Raises:
            DemoError: the bot exited, or took too long.
        """
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while True:
            async with self._session.get(f"{self._api}/state", params=self._identity) as answer:
                answer.raise_for_status()
                state = await answer.json()
            if state["bot"]["status"] != "offline":
                return
            if bot.has_exited or time.monotonic() > deadline:
                raise DemoError(bot.describe_exit())
            await asyncio.sleep(0.2)

    async def post(self, text: str, files: Sequence[tuple[str, bytes]]) -> Message:
        """Post a message with attachments and return it.

        Raises:
            DemoError: the playground refused it.
        """
        form = aiohttp.FormData()
        form.add_field("payload_json", json.dumps({"content": text}))
        for index, (name, data) in enumerate(files):
            form.add_field(f"files[{index}]", data, filename=name)
        address = f"{self._api}/channels/{self._playground.channel_id}/messages"
        async with self._session.post(address, params=self._identity, data=form) as answer:
            if not answer.ok:
                raise DemoError(f"the message was refused: {await answer.text()}")
            message: Message = await answer.json()
            return message

    @contextlib.asynccontextmanager
    async def listen(self) -> AsyncIterator[AsyncIterator[tuple[str, Message]]]:
        """Open a connection; iterate over the messages that are posted, edited and deleted.

        Yields:
            (name of the event, message); of a deleted one, the ids only.
        """
        async with self._session.ws_connect(
            f"{self._api}/live", params=self._identity, max_msg_size=0, heartbeat=20
        ) as socket:
            yield self._message_events(socket)

    async def _message_events(
        self, socket: aiohttp.ClientWebSocketResponse
    ) -> AsyncIterator[tuple[str, Message]]:
        async for frame in socket:
            event = frame.json()
            kind, data = event["t"], event["d"]
            self.transcript.append({"at": datetime.now(UTC).isoformat(), "t": kind, "d": data})
            if kind in {"MESSAGE_CREATE", "MESSAGE_UPDATE", "MESSAGE_DELETE"}:
                yield kind, data

    async def download(self, url: str) -> bytes:
        """Return the bytes of an attachment."""
        async with self._session.get(url) as answer:
            answer.raise_for_status()
            return await answer.read()
