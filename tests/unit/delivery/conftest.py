"""A real store and real files, and a messenger that keeps its messages in memory."""

from __future__ import annotations

import asyncio
import io
import itertools
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image
from sqlalchemy import update

from bot.artefacts.folder import FolderArtefacts
from bot.artefacts.keys import content_key, preview_key, result_key, style_key
from bot.delivery.job_pictures import JobPictureReader
from bot.errors import MessageNotFoundError
from bot.jobs.change_feed import JobFeed
from bot.jobs.db.schema import outbox
from bot.jobs.models import Announcement, JobLimits, NewJob, Origin, new_job_id
from bot.jobs.store import JobStore
from bot.views.card import card_footer
from stylenet.recipe import Recipe

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine

    from bot.jobs.models import Delivery, Job

CHANNEL, DM_CHANNEL, MEMBER, GUILD = 50, 90, 10, 1
ANYONE = JobLimits(per_member=99, per_guild=99, total=99)


@dataclass
class Message:
    id: int
    channel_id: int
    nonce: str = ""
    contents: dict[str, Any] = field(default_factory=dict)

    @property
    def footer(self) -> str | None:
        embed = self.contents.get("embed")
        return embed.footer.text if embed is not None else None

    @property
    def text(self) -> str:
        embed = self.contents.get("embed")
        return f"{self.contents.get('content')} {embed.description if embed else ''}"


class FakeMessenger:
    """`Messenger` with its messages in memory.

    Attributes:
        errors: by method, the errors of its next calls; None lets a call succeed.
        calls: by method, the arguments of each call, and the loop's time.
        gate: edits wait until it is set.
    """

    def __init__(self) -> None:
        self.messages: dict[int, Message] = {}
        self._ids = itertools.count(1000)
        self.errors: dict[str, list[Exception | None]] = {}
        self.calls: dict[str, list[dict[str, Any]]] = {"post": [], "edit": [], "find": []}
        self.gate = asyncio.Event()
        self.gate.set()
        self.upload_bytes = 10 * 1024 * 1024
        self.boosted_bytes: int | None = None
        self.before_post: Callable[[], Awaitable[Any]] | None = None
        self.hanging_channel: int | None = None

    def origin_channel(self, origin: Origin) -> Any:
        return SimpleNamespace(id=origin.channel_id, guild_id=origin.guild_id)

    async def dm_channel(self, user_id: int) -> Any:
        self._begin("dm_channel")
        return SimpleNamespace(id=DM_CHANNEL, guild_id=None)

    async def upload_limit(self, guild_id: int | None) -> int:
        is_boosted = guild_id is not None and self.boosted_bytes is not None
        return self.boosted_bytes if is_boosted else self.upload_bytes

    async def post(self, channel: Any, *, nonce: str, **contents: Any) -> int:
        self._begin("post", channel_id=channel.id, nonce=nonce, **contents)
        if channel.id == self.hanging_channel:
            await asyncio.Event().wait()
        if self.before_post is not None:
            await self.before_post()
        return self.add(channel.id, nonce=nonce, **contents)

    async def edit(self, channel: Any, message_id: int, **contents: Any) -> None:
        self._begin("edit", message_id=message_id, **contents)
        await self.gate.wait()
        if message_id not in self.messages:
            raise MessageNotFoundError("404")
        self.messages[message_id].contents.update(contents)

    async def find(
        self,
        channel: Any,
        job_id: str,
        announcement: Announcement,
        *,
        after: Any,
        sent_at: Any = None,
    ) -> int | None:
        self._begin(
            "find",
            channel_id=channel.id,
            announcement=announcement,
            after=after,
            sent_at=sent_at,
        )
        for message in self.messages.values():
            is_card = message.footer == card_footer(job_id)
            is_outcome = not is_card and job_id in str(message.contents.get("view"))
            wanted = is_card if announcement is Announcement.CARD else is_outcome
            if wanted and message.channel_id == channel.id and message.id > after:
                return message.id
        return None

    def add(self, channel_id: int, **contents: Any) -> int:
        """Put a message into a channel; return its id."""
        message_id = next(self._ids)
        nonce = contents.pop("nonce", "")
        self.messages[message_id] = Message(message_id, channel_id, nonce, contents)
        return message_id

    def _begin(self, method: str, **arguments: Any) -> None:
        time = asyncio.get_running_loop().time()
        self.calls.setdefault(method, []).append({"time": time, **arguments})
        errors = self.errors.get(method)
        if errors and (error := errors.pop(0)) is not None:
            raise error


class Bench:
    """Everything a test of delivery needs."""

    def __init__(self, store: JobStore, artefacts: FolderArtefacts) -> None:
        self.store, self.artefacts = store, artefacts
        self.messenger = FakeMessenger()
        self.pictures = JobPictureReader(artefacts)

    async def accept(self, *, guild_id: int | None = GUILD, channel_id: int = CHANNEL) -> Job:
        """Enqueue a job."""
        job_id = new_job_id()
        new = NewJob(
            job_id=job_id,
            origin=Origin(
                guild_id=guild_id, channel_id=channel_id, message_id=60, requester_id=MEMBER
            ),
            content_key=content_key(job_id),
            style_keys=(style_key(job_id, 0),),
            recipe=Recipe(size=64, passes=8),
            title="a.png × b.png",
        )
        for key in (new.content_key, *new.style_keys):
            await self.artefacts.put(preview_key(key), picture())
        return await self.store.enqueue(new, limits=ANYONE)

    async def start(self, job: Job) -> Job:
        """Let this process run the job."""
        claimed = await self.store.claims.claim(self.store.process_id)
        assert claimed is not None
        assert claimed.job_id == job.job_id
        return claimed

    async def succeed(self, job: Job, result: bytes | None = None) -> Job:
        """Run the job to its end."""
        running = await self.start(job)
        key = result_key(job.job_id, claims=running.claims)
        await self.artefacts.put(key, result or picture())
        return await self.store.claims.succeed(running, result_key=key, report={})

    async def record_step(self, job: Job, step: int) -> None:
        """Record progress, and announce it as the scheduler does."""
        await self.store.claims.record_progress(
            job, step=step, total=100, losses={}, paint_seconds=1.0
        )
        self.store.feed.publish(job.job_id)

    async def delivery(self, job: Job, announcement: Announcement) -> Delivery:
        """Read a row of the outbox."""
        rows = await self.store.outbox.list_for_job(job.job_id)
        return next(row for row in rows if row.announcement is announcement)

    async def change_rows(self, **values: Any) -> None:
        """Change all rows of the outbox, and announce it."""
        async with self.store._database.write() as change:
            await change.connection.execute(update(outbox).values(**values))
        self.store.feed.publish("any")


def picture(width: int = 32, height: int = 32) -> bytes:
    buffer = io.BytesIO()
    Image.effect_noise((width, height), 90).convert("RGB").save(buffer, "PNG")
    return buffer.getvalue()


@asynccontextmanager
async def running(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run in the background; fail if it ends by itself."""
    task = asyncio.create_task(work)
    try:
        yield
        assert not task.done(), task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(condition: Callable[[], Awaitable[Any]]) -> Any:
    """Wait for a condition and return what it found."""
    async with asyncio.timeout(60):
        while not (found := await condition()):
            await asyncio.sleep(0.02)
    return found


@pytest.fixture
async def bench(tmp_path) -> AsyncIterator[Bench]:
    async with JobStore(f"sqlite:///{tmp_path}/x.sqlite3", feed=JobFeed()) as store:
        yield Bench(store, FolderArtefacts(tmp_path / "artefacts"))
