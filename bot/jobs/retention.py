"""Deletion of expired data, and of what a member asks to have deleted.

A row and its artefacts cannot be deleted atomically. So the transaction that deletes a row records
the prefix of its artefacts in the table `discarded`, and `scheduler.cleanup` deletes them, also
after a crash. Messages are deleted in the same way; see `bot.jobs.deletions`.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, exists, select, update

from bot.artefacts.keys import job_prefix
from bot.jobs.db.rows import record_from
from bot.jobs.db.schema import (
    IS_ACTIVE,
    UNUSED_INPUTS,
    discarded_artefacts,
    favourites,
    guild_presets,
    guild_turns,
    guilds,
    jobs,
    member_turns,
    outbox,
    pickers,
    saved_requests,
)
from bot.jobs.job_messages import messages_of_jobs
from bot.jobs.models import GuildPreset, Job, Picker

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bot.jobs.db.change import Change
    from bot.jobs.db.engine import Database
    from bot.jobs.deletions import MessageIds, PendingDeletions

__all__ = ["DeletedData", "Retention"]


@dataclass(frozen=True, kw_only=True, slots=True)
class DeletedData:
    """The data of a member that was just deleted.

    Attributes:
        jobs: the jobs as they were, in any state, oldest first.
        pickers: the pickers as they were.
        presets: the presets that the member added to guilds.
        other_messages: messages about the jobs besides their cards and outcomes.
    """

    jobs: tuple[Job, ...]
    pickers: tuple[Picker, ...]
    presets: tuple[GuildPreset, ...]
    other_messages: tuple[MessageIds, ...] = ()

    @property
    def messages(self) -> tuple[MessageIds, ...]:
        """The recorded messages about any of it."""
        of_jobs = [message for job in self.jobs for message in _messages_of(job)]
        of_pickers = [(each.channel_id, each.message_id) for each in self.pickers]
        return (*of_jobs, *self.other_messages, *of_pickers)


class Retention:
    """Deletion of stored data, as ``store.retention``.

    Every method may raise `StoreUnavailableError`.

    Attributes:
        discarded: set when this process discarded artefacts, which are then to be deleted.
    """

    def __init__(self, database: Database, pending_deletions: PendingDeletions) -> None:
        self._database = database
        self._pending_deletions = pending_deletions
        self.discarded = asyncio.Event()

    async def delete_job(self, job_id: str, *, delete_messages: bool) -> Job | None:
        """Delete a job in any state, with its outbox rows and artefacts.

        A running job loses its claim, so its worker stops at its next step. Messages that were
        not sent yet are not sent.

        Args:
            job_id: the job.
            delete_messages: whether to delete its messages from their channels, too.

        Returns:
            The job as it was; None if there is no such job.
        """
        async with self._database.write() as change:
            others = await messages_of_jobs(change, jobs.c.job_id == job_id)
            found = await change.connection.execute(
                delete(jobs).where(jobs.c.job_id == job_id).returning(*jobs.c)
            )
            row = found.mappings().one_or_none()
            if row is None:
                return None
            job = record_from(Job, row)
            await self.discard(change, [job_prefix(job_id)])
            if delete_messages:
                await self._pending_deletions.add(change, [*_messages_of(job), *others])
            change.touch(job_id)
        self.discarded.set()
        self._pending_deletions.added.set()
        return job

    async def delete_member_data(self, requester_id: int, *, delete_messages: bool) -> DeletedData:
        """Delete all data of a member; see `delete_job`."""
        async with self._database.write() as change:
            await self._database.lock_queue(change)
            others = await messages_of_jobs(change, jobs.c.requester_id == requester_id)
            deleted = await change.connection.execute(
                delete(jobs).where(jobs.c.requester_id == requester_id).returning(*jobs.c)
            )
            their_jobs = tuple(record_from(Job, row) for row in deleted.mappings())
            deleted = await change.connection.execute(
                delete(pickers).where(pickers.c.requester_id == requester_id).returning(*pickers.c)
            )
            their_pickers = tuple(record_from(Picker, row) for row in deleted.mappings())
            await change.connection.execute(
                delete(favourites).where(favourites.c.member_id == requester_id)
            )
            await change.connection.execute(
                delete(saved_requests).where(saved_requests.c.requester_id == requester_id)
            )
            await change.connection.execute(
                delete(member_turns).where(member_turns.c.requester_id == requester_id)
            )
            await change.connection.execute(
                delete(guild_turns).where(guild_turns.c.guild_key == -requester_id)
            )
            deleted = await change.connection.execute(
                delete(guild_presets)
                .where(guild_presets.c.added_by == requester_id)
                .returning(*guild_presets.c)
            )
            their_presets = tuple(record_from(GuildPreset, row) for row in deleted.mappings())
            await self.discard(change, [job_prefix(job.job_id) for job in their_jobs])
            await self.discard(change, [_folder(picker.content_key) for picker in their_pickers])
            await self.discard(change, [preset.folder for preset in their_presets])
            data = DeletedData(
                jobs=tuple(sorted(their_jobs, key=lambda job: job.created_at)),
                pickers=their_pickers,
                presets=their_presets,
                other_messages=tuple(others),
            )
            if delete_messages:
                await self._pending_deletions.add(change, data.messages)
            for job in their_jobs:
                change.touch(job.job_id)
        self.discarded.set()
        self._pending_deletions.added.set()
        return data

    async def delete_finished(self, *, before: datetime, limit: int = 100) -> int:
        """Delete jobs that ended before a time and whose messages are all sent or abandoned.

        Returns:
            The number of deleted jobs; call again while it equals `limit`.
        """
        has_pending_row = exists().where(
            outbox.c.job_id == jobs.c.job_id,
            outbox.c.message_id.is_(None),
            outbox.c.abandoned.is_(None),
        )
        expired = (
            select(jobs.c.job_id)
            .where(jobs.c.finished_at < before, ~has_pending_row)
            .order_by(jobs.c.finished_at)
            .limit(limit)
        )
        async with self._database.write() as change:
            deleted = await change.connection.execute(
                delete(jobs).where(jobs.c.job_id.in_(expired)).returning(jobs.c.job_id)
            )
            job_ids = list(deleted.scalars())
            await self.discard(change, [job_prefix(job_id) for job_id in job_ids])
        if job_ids:
            self.discarded.set()
        return len(job_ids)

    async def delete_unused_inputs(self, *, before: datetime) -> int:
        """Delete the pictures of jobs that ended unpainted, and of used pickers, before a time.

        Jobs that were cancelled, or failed before they were started, keep their rows. Their
        messages must all be sent or abandoned.

        Returns:
            The number of jobs and pickers.
        """
        has_pending_row = exists().where(
            outbox.c.job_id == jobs.c.job_id,
            outbox.c.message_id.is_(None),
            outbox.c.abandoned.is_(None),
        )
        async with self._database.write() as change:
            unpainted = await change.connection.execute(
                update(jobs)
                .where(UNUSED_INPUTS, jobs.c.finished_at < before, ~has_pending_row)
                .values(inputs_deleted_at=datetime.now(UTC))
                .returning(jobs.c.job_id)
            )
            prefixes = [job_prefix(job_id) for job_id in unpainted.scalars()]
            used = await change.connection.execute(
                update(pickers)
                .where(pickers.c.used_at < before, pickers.c.stored_bytes > 0)
                .values(stored_bytes=0)
                .returning(pickers.c.content_key)
            )
            prefixes += [_folder(key) for key in used.scalars()]
            await self.discard(change, prefixes)
        if prefixes:
            self.discarded.set()
        return len(prefixes)

    async def delete_expired_pickers(self, *, older_than: timedelta) -> int:
        """Delete the expired pickers and return their number."""
        async with self._database.write() as change:
            deleted = await change.connection.execute(
                delete(pickers)
                .where(pickers.c.created_at < datetime.now(UTC) - older_than)
                .returning(pickers.c.content_key)
            )
            content_keys = [row["content_key"] for row in deleted.mappings()]
            await self.discard(change, [_folder(key) for key in content_keys])
        if content_keys:
            self.discarded.set()
        return len(content_keys)

    async def delete_left_guilds(self, *, left_before: datetime) -> int:
        """Delete the settings and presets of guilds that the bot left before a time.

        Returns:
            The number of deleted guilds.
        """
        left = select(guilds.c.guild_id).where(guilds.c.left_at < left_before)
        async with self._database.write() as change:
            deleted = await change.connection.execute(
                delete(guild_presets)
                .where(guild_presets.c.guild_id.in_(left))
                .returning(*guild_presets.c)
            )
            presets = [record_from(GuildPreset, row) for row in deleted.mappings()]
            await self.discard(change, [preset.folder for preset in presets])
            deleted_guilds = await change.connection.execute(
                delete(guilds).where(guilds.c.left_at < left_before)
            )
        if presets:
            self.discarded.set()
        return deleted_guilds.rowcount

    async def delete_idle_turns(self) -> None:
        """Delete the tickets of guilds and members without a queued or running job."""
        async with self._database.write() as change:
            await self._database.lock_queue(change)
            for table in (guild_turns, member_turns):
                has_job = exists().where(jobs.c.guild_key == table.c.guild_key, IS_ACTIVE)
                await change.connection.execute(delete(table).where(~has_job))

    async def list_discarded(self, *, limit: int = 100) -> list[str]:
        """Return the prefixes of artefacts to delete, oldest first."""
        async with self._database.read() as connection:
            found = await connection.execute(
                select(discarded_artefacts.c.prefix)
                .order_by(discarded_artefacts.c.created_at)
                .limit(limit)
            )
            return list(found.scalars())

    async def mark_discarded_deleted(self, prefix: str) -> None:
        """Record that the artefacts under a prefix are deleted."""
        async with self._database.write() as change:
            await change.connection.execute(
                delete(discarded_artefacts).where(discarded_artefacts.c.prefix == prefix)
            )

    async def find_unknown_jobs(self, job_ids: Iterable[str]) -> set[str]:
        """Return the ids that belong to no job."""
        wanted = set(job_ids)
        async with self._database.read() as connection:
            known = await connection.execute(select(jobs.c.job_id).where(jobs.c.job_id.in_(wanted)))
            return wanted - set(known.scalars())

    async def find_unrecorded(self, working_files: Mapping[str, str]) -> set[str]:
        """Return those of some jobs' working files that their job's row does not record.

        Args:
            working_files: ids of jobs by key; see `bot.artefacts.keys.is_working_file`.
        """
        async with self._database.read() as connection:
            found = await connection.execute(
                select(jobs.c.checkpoint_key, jobs.c.result_key).where(
                    jobs.c.job_id.in_(set(working_files.values()))
                )
            )
            recorded = {key for row in found for key in row}
            return working_files.keys() - recorded

    async def find_unknown_pickers(self, content_keys: Iterable[str]) -> set[str]:
        """Return the content keys that belong to no picker."""
        wanted = set(content_keys)
        async with self._database.read() as connection:
            known = await connection.execute(
                select(pickers.c.content_key).where(pickers.c.content_key.in_(wanted))
            )
            return wanted - set(known.scalars())

    async def find_unknown_preset_folders(self, folders: Iterable[str]) -> set[str]:
        """Return the folders that belong to no guild's preset."""
        wanted = set(folders)
        async with self._database.read() as connection:
            found = await connection.execute(select(guild_presets.c.picture_key))
            return wanted - {_folder(key) for key in found.scalars()}

    async def discard(self, change: Change, prefixes: Iterable[str]) -> None:
        """Record prefixes of artefacts to delete; set `discarded` once that is committed."""
        for prefix in prefixes:
            await change.upsert(
                discarded_artefacts, {"prefix": prefix, "created_at": datetime.now(UTC)}
            )


def _messages_of(job: Job) -> list[MessageIds]:
    """Return the card and the outcome, as far as they were sent."""
    messages = [
        (job.origin.channel_id, job.card_message_id),
        (job.outcome_channel_id, job.outcome_message_id),
    ]
    return [(channel_id, each) for channel_id, each in messages if each is not None]


def _folder(key: str) -> str:
    return key.rpartition("/")[0] + "/"
