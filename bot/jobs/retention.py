"""Deleting: what has been kept long enough, and what a member wants forgotten.

A row and its artefacts cannot be deleted in one step. So the transaction that deletes a row also
writes down which artefacts are to follow it; whoever looks after them deletes them and says so.
A crash in between costs nothing but time. The same holds for messages in channels; see
`bot.jobs.deletions`.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, exists, select

from bot.artefacts.folder import job_prefix
from bot.jobs.db.rows import guild_preset_from, job_from, picker_from
from bot.jobs.db.schema import (
    IS_ACTIVE,
    discarded,
    guild_presets,
    guild_turns,
    guilds,
    jobs,
    member_turns,
    offers,
    outbox,
    pickers,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.jobs.db.engine import Change, Database
    from bot.jobs.deletions import Message, PendingDeletions
    from bot.jobs.guild_models import GuildPreset
    from bot.jobs.models import Job, Picker

__all__ = ["Forgotten", "Retention"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Forgotten:
    """What was held about a member until a moment ago.

    Attributes:
        jobs: as they were, in any state.
        pickers: likewise.
        presets: the styles they gave to guilds.
    """

    jobs: tuple[Job, ...]
    pickers: tuple[Picker, ...]
    presets: tuple[GuildPreset, ...]

    @property
    def messages(self) -> tuple[Message, ...]:
        """Every message about any of it that was recorded."""
        of_jobs = [message for job in self.jobs for message in _messages(job)]
        return (*of_jobs, *((each.channel_id, each.message_id) for each in self.pickers))


class Retention:
    """The deleting side of the store, used as ``store.retention``.

    Every method may raise `StoreUnavailableError`.

    Attributes:
        news: set whenever artefacts are waiting to be deleted because of this process.
    """

    def __init__(self, database: Database, retractions: PendingDeletions) -> None:
        self._database = database
        self._retractions = retractions
        self.news = asyncio.Event()

    async def forget_job(self, job_id: str, *, messages_too: bool) -> Job | None:
        """Delete a job in any state, with everything that was kept for it.

        A painting under way loses its claim, so its worker stops at its next step. What was not
        said in the channel yet will not be said.

        Args:
            job_id: which job.
            messages_too: whether the messages about it are to be deleted from their channel.

        Returns:
            The job as it was; None when there is no such job.
        """
        async with self._database.write() as change:
            found = await change.connection.execute(
                delete(jobs).where(jobs.c.job_id == job_id).returning(*jobs.c)
            )
            row = found.mappings().one_or_none()
            if row is None:
                return None
            job = job_from(row)
            await self.discard(change, [job_prefix(job_id)])
            if messages_too:
                await self._retractions.add(change, _messages(job))
            change.touch(job_id)
        self.news.set()
        self._retractions.news.set()
        return job

    async def forget_member(self, requester_id: int, *, messages_too: bool) -> Forgotten:
        """Delete everything that is held about a member; see `forget_job`."""
        async with self._database.write() as change:
            await self._database.lock_queue(change)
            gone = await change.connection.execute(
                delete(jobs).where(jobs.c.requester_id == requester_id).returning(*jobs.c)
            )
            their_jobs = tuple(job_from(row) for row in gone.mappings())
            gone = await change.connection.execute(
                delete(pickers).where(pickers.c.requester_id == requester_id).returning(*pickers.c)
            )
            their_pickers = tuple(picker_from(row) for row in gone.mappings())
            await change.connection.execute(
                delete(offers).where(offers.c.requester_id == requester_id)
            )
            await change.connection.execute(
                delete(member_turns).where(member_turns.c.requester_id == requester_id)
            )
            await change.connection.execute(
                delete(guild_turns).where(guild_turns.c.guild_key == -requester_id)
            )
            gone = await change.connection.execute(
                delete(guild_presets)
                .where(guild_presets.c.added_by == requester_id)
                .returning(*guild_presets.c)
            )
            their_presets = tuple(guild_preset_from(row) for row in gone.mappings())
            await self.discard(change, [job_prefix(job.job_id) for job in their_jobs])
            await self.discard(change, [_folder(picker) for picker in their_pickers])
            await self.discard(change, [preset.folder for preset in their_presets])
            forgotten = Forgotten(
                jobs=tuple(sorted(their_jobs, key=lambda job: job.created_at)),
                pickers=their_pickers,
                presets=their_presets,
            )
            if messages_too:
                await self._retractions.add(change, forgotten.messages)
            for job in their_jobs:
                change.touch(job.job_id)
        self.news.set()
        self._retractions.news.set()
        return forgotten

    async def delete_finished(self, *, before: datetime, limit: int = 100) -> int:
        """Delete jobs that ended before a time and of which nothing is left to say.

        Returns:
            How many there were; call again while it is `limit`.
        """
        pending = exists().where(
            outbox.c.job_id == jobs.c.job_id,
            outbox.c.message_id.is_(None),
            outbox.c.abandoned.is_(None),
        )
        old = (
            select(jobs.c.job_id)
            .where(jobs.c.finished_at < before, ~pending)
            .order_by(jobs.c.finished_at)
            .limit(limit)
        )
        async with self._database.write() as change:
            deleted = await change.connection.execute(
                delete(jobs).where(jobs.c.job_id.in_(old)).returning(jobs.c.job_id)
            )
            job_ids = list(deleted.scalars())
            await self.discard(change, [job_prefix(job_id) for job_id in job_ids])
        if job_ids:
            self.news.set()
        return len(job_ids)

    async def delete_pickers(self, *, older_than: timedelta) -> int:
        """Delete the pickers that have expired; returns how many there were."""
        async with self._database.write() as change:
            deleted = await change.connection.execute(
                delete(pickers)
                .where(pickers.c.created_at < datetime.now(UTC) - older_than)
                .returning(*pickers.c)
            )
            expired = [picker_from(row) for row in deleted.mappings()]
            await self.discard(change, [_folder(picker) for picker in expired])
        if expired:
            self.news.set()
        return len(expired)

    async def forget_guilds(self, *, left_before: datetime) -> int:
        """Delete the rules and the own styles of guilds the bot left before a time.

        Returns:
            How many guilds there were.
        """
        gone = select(guilds.c.guild_id).where(guilds.c.left_at < left_before)
        async with self._database.write() as change:
            deleted = await change.connection.execute(
                delete(guild_presets)
                .where(guild_presets.c.guild_id.in_(gone))
                .returning(*guild_presets.c)
            )
            presets = [guild_preset_from(row) for row in deleted.mappings()]
            await self.discard(change, [preset.folder for preset in presets])
            forgotten = await change.connection.execute(
                delete(guilds).where(guilds.c.left_at < left_before)
            )
        if presets:
            self.news.set()
        return forgotten.rowcount

    async def forget_turns(self) -> None:
        """Drop the tickets of guilds and members that have no job in the queue."""
        async with self._database.write() as change:
            await self._database.lock_queue(change)
            for table in (guild_turns, member_turns):
                waits = exists().where(jobs.c.guild_key == table.c.guild_key, IS_ACTIVE)
                await change.connection.execute(delete(table).where(~waits))

    async def discarded(self, *, limit: int = 100) -> list[str]:
        """Prefixes of artefacts that are to be deleted, oldest first."""
        async with self._database.read() as connection:
            found = await connection.execute(
                select(discarded.c.prefix).order_by(discarded.c.created_at).limit(limit)
            )
            return list(found.scalars())

    async def is_gone(self, prefix: str) -> None:
        """Nothing is left under this prefix."""
        async with self._database.write() as change:
            await change.connection.execute(delete(discarded).where(discarded.c.prefix == prefix))

    async def unknown_jobs(self, job_ids: Iterable[str]) -> set[str]:
        """Those of the given ids that are not jobs, or not any more."""
        wanted = set(job_ids)
        async with self._database.read() as connection:
            known = await connection.execute(select(jobs.c.job_id).where(jobs.c.job_id.in_(wanted)))
            return wanted - set(known.scalars())

    async def unknown_pickers(self, content_keys: Iterable[str]) -> set[str]:
        """Those of the given keys of held pictures that no picker holds, or none any more."""
        wanted = set(content_keys)
        async with self._database.read() as connection:
            held = await connection.execute(
                select(pickers.c.content_key).where(pickers.c.content_key.in_(wanted))
            )
            return wanted - set(held.scalars())

    async def unknown_preset_folders(self, folders: Iterable[str]) -> set[str]:
        """Those of the given folders that no guild's own style uses, or none any more."""
        wanted = set(folders)
        async with self._database.read() as connection:
            found = await connection.execute(select(guild_presets.c.picture_key))
            return wanted - {_folder_of(key) for key in found.scalars()}

    async def discard(self, change: Change, prefixes: Iterable[str]) -> None:
        """Write down that artefacts are to be deleted; set `news` once that is committed."""
        for prefix in prefixes:
            await change.upsert(discarded, {"prefix": prefix, "created_at": datetime.now(UTC)})


def _messages(job: Job) -> list[Message]:
    """The card and the outcome, as far as they are in the channel."""
    messages = [
        (job.origin.channel_id, job.card_message_id),
        (job.outcome_channel_id, job.outcome_message_id),
    ]
    return [(channel_id, each) for channel_id, each in messages if each is not None]


def _folder(picker: Picker) -> str:
    return _folder_of(picker.content_key)


def _folder_of(key: str) -> str:
    return key.rpartition("/")[0] + "/"
