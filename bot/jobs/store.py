"""The job store: every accepted job and its state.

It uses SQLite by default and PostgreSQL by URL. `JobStore` has the jobs themselves; its attributes
have one subject each, e.g. `JobStore.claims` and `JobStore.outbox`.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import func, select, text, update

from bot.errors import (
    StoreUnavailableError,
    UnknownJobError,
)
from bot.jobs.change_feed import ChangeListener
from bot.jobs.claims import Claims
from bot.jobs.db.engine import Database
from bot.jobs.db.rows import NOT_STARTED, record_from
from bot.jobs.db.schema import IS_ACTIVE, jobs
from bot.jobs.deletions import PendingDeletions
from bot.jobs.favourites import Favourites
from bot.jobs.guilds import GuildPresets, Guilds
from bot.jobs.job_messages import JobMessages
from bot.jobs.models import Job, JobState
from bot.jobs.notices import Notices
from bot.jobs.outbox import Outbox
from bot.jobs.pickers import Pickers
from bot.jobs.processes import Processes
from bot.jobs.queue import Queue, join_queue
from bot.jobs.retention import Retention
from bot.jobs.saved_requests import SavedRequests
from bot.jobs.stored_bytes import StoredBytes
from bot.jobs.timings import Timings
from bot.jobs.transitions import insert_job, lock_job, transition
from bot.jobs.turns import AGEING
from bot.ops.error_report import Where, count_error

if TYPE_CHECKING:
    from types import TracebackType

    from bot.jobs.change_feed import JobFeed
    from bot.jobs.job_inputs import Interpretation
    from bot.jobs.models import JobLimits, NewJob

__all__ = ["JobStore"]

logger = logging.getLogger(__name__)


class JobStore:
    """The durable jobs. Every method may raise `StoreUnavailableError`.

    Args:
        url: the database's URL, see `bot.jobs.db.engine.Database`.
        feed: notified of changed jobs after each commit.
        ageing: waiting time after which a job counts as one with priority; see
            `bot.jobs.turns`.

    Attributes:
        feed: as given.
        process_id: unique id of this process.
        processes: the processes that share the database.
        queue: the queue's mode and entries.
        claims: claims, progress and ends of jobs, for the scheduler.
        outbox: messages to send.
        pending_deletions: messages to delete.
        job_messages: messages about a job besides its card and its outcome.
        favourites: the paintings that members like.
        notices: which jobs end with a direct message.
        pickers: messages on which a preset is chosen.
        saved_requests: refused requests that a button can resume.
        guilds: settings of guilds.
        guild_presets: presets added by guilds.
        timings: measured speed of devices.
        stored_bytes: sizes of what is stored without being painted.
        retention: deletion of data.

    Raises:
        ConfigurationError: the URL is invalid.
    """

    def __init__(self, url: str, *, feed: JobFeed, ageing: timedelta = AGEING) -> None:
        self.process_id = f"{socket.gethostname()[:96]}-{os.getpid()}-{secrets.token_hex(3)}"
        self._database = Database(url, feed=feed)
        self._listener = ChangeListener(self._database, list_changed=self.list_unfinished_ids)
        self.feed = feed
        self.processes = Processes(self._database, self.process_id)
        self.queue = Queue(self._database, ageing=ageing)
        self.claims = Claims(self._database, ageing=ageing)
        self.pending_deletions = PendingDeletions(self._database)
        self.outbox = Outbox(self._database, self.process_id, self.pending_deletions)
        self.job_messages = JobMessages(self._database, self.pending_deletions)
        self.favourites = Favourites(self._database)
        self.notices = Notices(self._database)
        self.pickers = Pickers(self._database)
        self.saved_requests = SavedRequests(self._database)
        self.guilds = Guilds(self._database)
        self.timings = Timings(self._database)
        self.stored_bytes = StoredBytes(self._database)
        self.retention = Retention(self._database, self.pending_deletions)
        self.guild_presets = GuildPresets(self._database, self.retention)

    @property
    def is_shared(self) -> bool:
        """Whether other bot processes may use the same database."""
        return not self._database.is_sqlite

    async def open(self, *, exclusive: bool = True) -> None:
        """Connect and run the migrations.

        Args:
            exclusive: False for an operator's command while the bot may be running: take no lock on
                SQLite, run no migration, and start no background work.

        Raises:
            ConfigurationError: another bot uses the same SQLite file, the driver is missing,
                or the database is newer than this program; without `exclusive`, it does not exist
                or is not up to date.
            StoreUnavailableError: the database cannot be reached.
        """
        await self._database.open(exclusive=exclusive)
        if not exclusive:
            return
        try:
            if self.is_shared:
                await self._listener.start()
            else:
                await self.outbox.release_leases()
                await self.processes.adopt_jobs(gone_after=timedelta())
        except BaseException:  # it may be opened again
            await self._database.close()
            raise

    async def close(self) -> None:
        """Unregister this process, and release every connection and the lock."""
        await self._listener.close()
        if self._database.is_open:
            try:
                await self.processes.unregister()
            except StoreUnavailableError as error:
                count_error(Where.PROCESS, error)
                logger.warning(
                    "cannot unregister; other processes adopt its jobs after a timeout: %s", error
                )
        await self._database.close()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def ping(self) -> None:
        """Check that the database responds.

        Raises:
            StoreUnavailableError: it does not.
        """
        async with self._database.read() as connection:
            await connection.execute(text("SELECT 1"))

    async def enqueue(self, new: NewJob, *, limits: JobLimits) -> Job:
        """Accept a job: once this returns, the job survives any crash.

        The outbox row of its card is written in the same transaction. A repeated `request_key`
        returns the existing job, whatever the limits.

        Raises:
            LimitReached: the member, the guild or the queue has as many jobs as allowed.
            RequestRefused: the queue is draining.
        """
        async with self._database.write() as change:
            now = await self._database.lock_queue(change)
            if new.request_key is not None:
                known = await change.connection.execute(
                    select(jobs).where(jobs.c.request_key == new.request_key)
                )
                row = known.mappings().one_or_none()
                if row is not None:
                    return record_from(Job, row)
            tickets = await join_queue(change, new, limits)
            return await insert_job(change, new, *tickets, now=now, delivered_by=self.process_id)

    async def get(self, job_id: str) -> Job:
        """Return the current job.

        Raises:
            UnknownJobError: there is no such job.
        """
        async with self._database.read() as connection:
            found = await connection.execute(select(jobs).where(jobs.c.job_id == job_id))
            row = found.mappings().one_or_none()
        if row is None:
            raise UnknownJobError(job_id)
        return record_from(Job, row)

    async def find_by_card(self, message_id: int) -> Job | None:
        """Return the job whose card is this message; None if there is none."""
        async with self._database.read() as connection:
            found = await connection.execute(
                select(jobs).where(jobs.c.card_message_id == message_id)
            )
            row = found.mappings().one_or_none()
            return None if row is None else record_from(Job, row)

    async def list_for_member(
        self, requester_id: int, *, guild_id: int | None = None, limit: int = 25
    ) -> list[Job]:
        """Return a member's jobs, newest first, from all guilds or from one."""
        query = select(jobs).where(jobs.c.requester_id == requester_id)
        if guild_id is not None:
            query = query.where(jobs.c.guild_id == guild_id)
        async with self._database.read() as connection:
            found = await connection.execute(query.order_by(jobs.c.number.desc()).limit(limit))
            return [record_from(Job, row) for row in found.mappings()]

    async def list_succeeded(
        self, requester_id: int, *, guild_id: int | None = None, limit: int = 100
    ) -> list[Job]:
        """Return a member's succeeded jobs, newest first, from all guilds or from one."""
        query = select(jobs).where(
            jobs.c.requester_id == requester_id, jobs.c.state == JobState.SUCCEEDED
        )
        if guild_id is not None:
            query = query.where(jobs.c.guild_id == guild_id)
        async with self._database.read() as connection:
            found = await connection.execute(query.order_by(jobs.c.number.desc()).limit(limit))
            return [record_from(Job, row) for row in found.mappings()]

    async def list_running(self) -> list[Job]:
        """Return the running jobs of every process, in order of arrival."""
        async with self._database.read() as connection:
            found = await connection.execute(
                select(jobs)
                .where(IS_ACTIVE, jobs.c.state == JobState.RUNNING)
                .order_by(jobs.c.number)
            )
            return [record_from(Job, row) for row in found.mappings()]

    async def list_unfinished(
        self,
        *,
        requester_id: int | None = None,
        channel_id: int | None = None,
        limit: int = 100,
    ) -> list[Job]:
        """Return queued and running jobs, newest first, of a member or in a channel."""
        query = select(jobs).where(IS_ACTIVE)
        if requester_id is not None:
            query = query.where(jobs.c.requester_id == requester_id)
        if channel_id is not None:
            query = query.where(jobs.c.channel_id == channel_id)
        async with self._database.read() as connection:
            found = await connection.execute(query.order_by(jobs.c.number.desc()).limit(limit))
            return [record_from(Job, row) for row in found.mappings()]

    async def count_by_state(self) -> dict[JobState, int]:
        """Return the number of jobs in each state."""
        async with self._database.read() as connection:
            found = await connection.execute(
                select(jobs.c.state, func.count()).group_by(jobs.c.state)
            )
            counts = {JobState(state): int(number) for state, number in found}
        return {state: counts.get(state, 0) for state in JobState}

    async def cancel(self, job_id: str) -> Job:
        """Cancel a queued job, or request the cancellation of a running one.

        A finished job is not changed.

        Returns:
            The job with its new state.

        Raises:
            UnknownJobError: there is no such job.
        """
        async with self._database.write() as change:
            job, now = await lock_job(change, job_id)
            if job.state is JobState.QUEUED:
                return await transition(
                    change,
                    job,
                    JobState.CANCELLED,
                    now=now,
                    cancel_requested=True,
                )
            if job.state is JobState.RUNNING and not job.cancel_requested:
                requested = await change.connection.execute(
                    update(jobs)
                    .where(jobs.c.job_id == job_id)
                    .values(cancel_requested=True)
                    .returning(*jobs.c)
                )
                change.touch(job_id)
                return record_from(Job, requested.mappings().one())
            return job

    async def swap_inputs(self, job_id: str) -> Job:
        """Restart a job with its images in other roles; see `Interpretation.swapped`.

        The job keeps its card and its position in the queue. A running job is requeued, so that
        its claim is lost and its worker stops. A job that is finished, is being cancelled or
        cannot be swapped is not changed.

        Returns:
            The job with its new values.

        Raises:
            UnknownJobError: there is no such job.
        """
        async with self._database.write() as change:
            job, now = await lock_job(change, job_id)
            interpretation = job.interpretation
            if interpretation is None or not interpretation.can_swap:
                return job
            if job.state.is_final or job.cancel_requested:
                return job
            values = {**NOT_STARTED, **_swapped_inputs(job, interpretation)}
            if job.state is JobState.RUNNING:
                unclaimed = {"claimed_by": None, "heartbeat_at": None}
                return await transition(
                    change, job, JobState.QUEUED, now=now, **unclaimed, **values
                )
            swapped = await change.connection.execute(
                update(jobs).where(jobs.c.job_id == job_id).values(values).returning(*jobs.c)
            )
            change.touch(job_id)
            return record_from(Job, swapped.mappings().one())

    async def list_unfinished_ids(self) -> list[str]:
        """Return the ids of the queued and running jobs."""
        async with self._database.read() as connection:
            found = await connection.execute(select(jobs.c.job_id).where(IS_ACTIVE))
            return list(found.scalars())


def _swapped_inputs(job: Job, interpretation: Interpretation) -> dict[str, Any]:
    """Return the columns of the inputs in their new roles."""
    swapped = interpretation.swapped()
    # The keys rotate like the images of the interpretation; presets come last in both.
    own = interpretation.own_style_count
    first, *others = job.style_keys[:own]
    presets = job.style_keys[own:]
    width, height = swapped.content.size or (None, None)
    return {
        "content_key": first,
        "style_keys": (*others, job.content_key, *presets),
        "content_width": width,
        "content_height": height,
        "title": swapped.title(),
        "interpretation": swapped,
    }
