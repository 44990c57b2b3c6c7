"""The demo's own request: its pictures, and its way to the finished painting.

Other requests and commands go on in the same channel, by a visitor of the chat page who may act as
the same member. So the request is followed by its own ids: its card replies to its message, and
everything after that carries its job's id.
"""

from __future__ import annotations

import io
import json
import re
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import aiohttp
from PIL import Image

from bot.demo.child_processes import DemoError

if TYPE_CHECKING:
    import argparse
    from collections.abc import AsyncIterator, Callable, Sequence

    from bot.demo.member import Member, Message

__all__ = ["PaintedSample", "SampleCancelledError", "paint_sample", "read_pictures"]

JOB_OF_CARD = re.compile(r"^job (\w+)$")
PERCENTAGE = re.compile(r"\*\*(\d+)%\*\*")
EPHEMERAL = 1 << 6


class SampleCancelledError(DemoError):
    """The sample's job was cancelled, or its messages were deleted, on the chat page."""


@dataclass(frozen=True, kw_only=True)
class PaintedSample:
    """The pictures of the request and its latencies.

    Latencies are in seconds, from before the member's message is uploaded until the chat page
    receives the bot's message.

    Attributes:
        result: the finished picture, encoded.
        result_filename: name to write it under.
        snapshots: (name, encoded picture), oldest first.
    """

    result: bytes
    result_filename: str
    snapshots: tuple[tuple[str, bytes], ...]
    card_seconds: float
    first_snapshot_seconds: float
    final_seconds: float


def read_pictures(options: argparse.Namespace) -> list[tuple[str, bytes]]:
    """Return the member's two files as (name, bytes), the content first.

    Raises:
        DemoError: a file cannot be read, or there is no such preset.
    """
    try:
        content = (
            (options.content.name, options.content.read_bytes())
            if options.content
            else ("chelsea.png", _sample_photograph())
        )
        if options.style:
            return [content, (options.style.name, options.style.read_bytes())]
    except OSError as error:
        raise DemoError(f"cannot read {error.filename}: {error.strerror}") from error
    from bot.presets import library  # noqa: PLC0415 - only for a preset

    preset = library.get(options.preset)
    if preset is None:
        names = ", ".join(each.name for each in library.PRESETS)
        raise DemoError(f"there is no preset {options.preset!r}; there are {names}")
    return [content, (preset.picture_filename, preset.picture_bytes())]


def _sample_photograph() -> bytes:
    """Return a PNG of a cat: a CC0 photograph by Stéfan van der Walt, from scikit-image.

    Raises:
        DemoError: scikit-image is not installed.
    """
    try:
        from skimage import data  # noqa: PLC0415 - a demo dependency
    except ImportError as error:
        raise DemoError(
            "the sample photograph comes with scikit-image: install the extra 'demo', "
            "or give --content and --style"
        ) from error
    buffer = io.BytesIO()
    photograph = data.chelsea()  # type: ignore[no-untyped-call]
    Image.fromarray(photograph).save(buffer, "PNG")
    return buffer.getvalue()


async def paint_sample(
    member: Member, pictures: Sequence[tuple[str, bytes]], on_progress: Callable[[int], None]
) -> PaintedSample:
    """Post the request and wait for its final picture.

    Args:
        member: asks.
        pictures: (name, bytes) of the content and the style.
        on_progress: called with the percentage of the card.

    Raises:
        SampleCancelledError: a visitor cancelled the job or deleted its messages.
        DemoError: the bot refused or failed, or the local Discord closed the connection.
    """
    async with member.listen() as events:
        started = time.monotonic()
        request = await member.post("!stylize", pictures)
        return await _Following(member, request["id"], started, on_progress).run(events)


class _Following:
    """The state of one followed request."""

    def __init__(
        self, member: Member, request_id: str, started: float, on_progress: Callable[[int], None]
    ) -> None:
        self._member = member
        self._request_id = request_id
        self._started = started
        self._on_progress = on_progress
        self._job_id: str | None = None
        self._card_seconds = 0.0
        self._first_snapshot_seconds = 0.0
        self._snapshots: dict[PurePosixPath, tuple[str, bytes]] = {}

    async def run(self, events: AsyncIterator[tuple[str, Message]]) -> PaintedSample:
        async for kind, message in events:
            if kind == "MESSAGE_DELETE":
                self._on_deleted(message["id"])
            elif message["author"].get("bot") and not message.get("flags", 0) & EPHEMERAL:
                final = await self._on_bot_message(message)
                if final is not None:
                    return final
        raise DemoError("the local Discord closed the connection")

    def _on_deleted(self, message_id: str) -> None:
        if self._job_id is None and message_id == self._request_id:
            raise SampleCancelledError("its message was deleted")

    async def _on_bot_message(self, message: Message) -> PaintedSample | None:
        """Return the painted sample where the message is its outcome.

        Raises:
            DemoError: the message says that there is none.
        """
        job_id = _job_of_card(message)
        if self._job_id is None:
            if not self._is_answer(message):
                return None
            if job_id is None:
                raise DemoError(f"the bot answered: {message['content']}")
            self._job_id, self._card_seconds = job_id, self._elapsed()
        if job_id == self._job_id:  # the card, or the one that replaces it
            await self._on_card(message)
            return None
        if self._job_id not in json.dumps(message.get("components", [])):
            return None
        if not message["attachments"]:
            raise DemoError(f"the bot answered: {message['content']}")
        return await self._finish(message)

    def _is_answer(self, message: Message) -> bool:
        reference = message.get("message_reference") or {}
        return reference.get("message_id") == self._request_id

    async def _on_card(self, card: Message) -> None:
        if f"job:{self._job_id}:again" in json.dumps(card.get("components", [])):
            raise SampleCancelledError("it was cancelled")
        if found := PERCENTAGE.search(json.dumps(card["embeds"])):
            self._on_progress(int(found[1]))
        for embed in card["embeds"]:
            if "image" not in embed:
                continue
            address = embed["image"]["url"]
            path = PurePosixPath(urlsplit(address).path)  # without the signature in the query
            if path.name.startswith("step-") and path not in self._snapshots:
                self._first_snapshot_seconds = self._first_snapshot_seconds or self._elapsed()
                name = f"snapshot-{len(self._snapshots) + 1:02}{path.suffix}"
                with suppress(aiohttp.ClientResponseError):  # its card was deleted meanwhile
                    self._snapshots[path] = (name, await self._member.download(address))

    async def _finish(self, outcome: Message) -> PaintedSample:
        final = outcome["attachments"][0]
        seconds = self._elapsed()
        return PaintedSample(
            result=await self._member.download(final["url"]),
            result_filename=f"result{Path(final['filename']).suffix}",
            snapshots=tuple(self._snapshots.values()),
            card_seconds=self._card_seconds,
            first_snapshot_seconds=self._first_snapshot_seconds or seconds,
            final_seconds=seconds,
        )

    def _elapsed(self) -> float:
        return time.monotonic() - self._started


def _job_of_card(message: Message) -> str | None:
    """Return the id of the job whose card a message is, or None."""
    for embed in message["embeds"]:
        found = JOB_OF_CARD.match(embed.get("footer", {}).get("text", ""))
        if found:
            return found[1]
    return None
