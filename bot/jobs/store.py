"""The store: every job that was accepted, and what became of it.

SQLite beside the pictures by default, PostgreSQL by address. The store is one object with one
subject per attribute: the jobs themselves here, `runs` for the scheduler, `outbox` for whoever
speaks in the channel, `pickers`, `offers`, `guilds`, `presets`, `rates`, `retention` and
`retractions`.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import func, insert, select, text, update

from bot.errors import (
    RequestProblem,
    RequestRefused,
    StoreUnavailableError,
    UnknownJobError,
)
from bot.jobs.change_listener import Listener
from bot.jobs.claims import Claims
from bot.jobs.db.engine import Database
from bot.jobs.db.rows import job_from, row_of, understood_column
from bot.jobs.db.schema import IS_ACTIVE, jobs
from bot.jobs.deletions import PendingDeletions
from bot.jobs.fairness import AGEING
from bot.jobs.guilds import GuildPresets, Guilds
from bot.jobs.models import Announcement, JobState, QueueMode
from bot.jobs.outbox import Outbox
from bot.jobs.pickers import Pickers
from bot.jobs.processes import Processes
from bot.jobs.queue import check_limits, order_of_queue, take_place
from bot.jobs.retention import Retention
from bot.jobs.saved_requests import SavedRequests
from bot.jobs.switches import Switches, mode_of_queue
from bot.jobs.timings import Timings
from bot.jobs.transitions import announce, held, move

if TYPE_CHECKING:
    from types import TracebackType

    from bot.jobs.change_feed import JobFeed
    from bot.jobs.db.engine import Change
    from bot.jobs.models import Interpretation, Job, Limits, NewJob

__all__ = ["JobStore"]

logger = logging.getLogger(__name__)


_BEGINNING: dict[str, Any] = {
    "attempts": 0,
    "setbacks": 0,
    "not_before": None,
    "step": 0,
    "total": 0,
    "losses": {},
    "paint_seconds": 0.0,
    "snapshot_key": None,
    "snapshot_step": None,
    "checkpoint_key": None,
    "checkpoint_step": None,
}
"""What a job's row holds of a painting that has not begun."""


class JobStore:
    """Durable jobs. Every method may raise `StoreUnavailableError`.

    Args:
        url: the database's address, see `bot.jobs.db.engine.Database`.
        feed: told of every job that changed, after the change is committed.
        ageing: how long a job waits until it counts as favoured; see `bot.jobs.fairness`.

    Attributes:
        feed: the same.
        process_id: how this process signs what it does.
        presence: this process among those that share the database.
        switches: what the operator wants of the queue.
        runs: the scheduler's side of the jobs.
        outbox: what must still be said in the channel.
        pickers: which messages offer presets.
        offers: which answers offer to go on from what was asked.
        guilds: what guilds decided for themselves.
        presets: the styles that guilds added.
        rates: how fast devices paint.
        retention: what is to be deleted.
        retractions: which messages are to be deleted with it.

    Raises:
        ConfigurationError: the address cannot work.
    """

    def __init__(self, url: str, *, feed: JobFeed, ageing: timedelta = AGEING) -> None:
        self.process_id = f"{socket.gethostname()[:96]}-{os.getpid()}-{secrets.token_hex(3)}"
        self._database = Database(url, feed=feed)
        self._ageing = ageing
        self._listener = Listener(self._database, refresh=self._active_ids)
        self.feed = feed
        self.presence = Processes(self._database, self.process_id)
        self.switches = Switches(self._database)
        self.runs = Claims(self._database, ageing=ageing)
        self.retractions = PendingDeletions(self._database)
        self.outbox = Outbox(self._database, self.process_id, self.retractions)
        self.pickers = Pickers(self._database)
        self.offers = SavedRequests(self._database)
        self.guilds = Guilds(self._database)
        self.rates = Timings(self._database)
        self.retention = Retention(self._database, self.retractions)
        self.presets = GuildPresets(self._database, self.retention)

    @property
    def is_shared(self) -> bool:
        """Whether other bot processes may work on the same jobs."""
        return not self._database.is_sqlite

    async def open(self, *, beside: bool = False) -> None:
        """Connect, and bring the tables up to date.

        Args:
            beside: for an operator's word to a bot that may be running: look and set switches,
                but work on no job. The tables must be up to date, and SQLite is not locked.

        Raises:
            ConfigurationError: another bot uses the same SQLite file, the driver is missing,
                or the database is newer than this program; or not there yet, with `beside`.
            StoreUnavailableError: the database cannot be reached.
        """
        await self._database.open(beside=beside)
        if beside:
            return
        if self.is_shared:
            await self._listener.start()
        else:
            await self.outbox.void_leases()
            await self.presence.adopt(gone_after=timedelta())

    async def close(self) -> None:
        """Leave the others what is left to do, and drop every connection and the lock."""
        await self._listener.close()
        if self._database.is_open:
            try:
                await self.presence.leave()
            except StoreUnavailableError as error:
                logger.warning("others will notice by themselves that this process left: %s", error)
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
        """Ask the database for a sign of life.

        Raises:
            StoreUnavailableError: there is none.
        """
        async with self._database.read() as connection:
            await connection.execute(text("SELECT 1"))

    async def enqueue(self, new: NewJob, *, limits: Limits) -> Job:
        """Accept a job: from here on it is not lost.

        Its card's outbox row is written in the same transaction. The same `request_key` a
        second time gives the job that is already there, whatever the limits.

        Raises:
            LimitReached: the member, the guild or the queue has as many jobs as it may.
            RequestRefused: the operator lets nothing new in.
        """
        async with self._database.write() as change:
            await self._database.lock_queue(change)
            if new.request_key is not None:
                known = await change.connection.execute(
                    select(jobs).where(jobs.c.request_key == new.request_key)
                )
                row = known.mappings().one_or_none()
                if row is not None:
                    return job_from(row)
            if await mode_of_queue(change.connection) is QueueMode.DRAINING:
                raise RequestRefused(RequestProblem.SHUTTING_DOWN)
            await check_limits(change, new, limits)
            await take_place(change, new)
            now = datetime.now(UTC) if self._database.is_sqlite else await _now_of(change)
            added = await change.connection.execute(
                insert(jobs)
                .values(row_of(new, created_at=now, tended_by=self.process_id))
                .returning(*jobs.c)
            )
            job = job_from(added.mappings().one())
            await announce(change, job.job_id, Announcement.CARD, now=now)
            change.touch(job.job_id)
            return job

    async def get(self, job_id: str) -> Job:
        """The job as it is now.

        Raises:
            UnknownJobError: there is no such job.
        """
        async with self._database.read() as connection:
            found = await connection.execute(select(jobs).where(jobs.c.job_id == job_id))
            row = found.mappings().one_or_none()
        if row is None:
            raise UnknownJobError(job_id)
        return job_from(row)

    async def find_by_card(self, message_id: int) -> Job | None:
        """The job whose card is this message; None when it is nobody's."""
        async with self._database.read() as connection:
            found = await connection.execute(
                select(jobs).where(jobs.c.card_message_id == message_id)
            )
            row = found.mappings().one_or_none()
            return None if row is None else job_from(row)

    async def jobs_of(
        self, requester_id: int, *, guild_id: int | None = None, limit: int = 25
    ) -> list[Job]:
        """A member's jobs, newest first, in every guild or in one."""
        query = select(jobs).where(jobs.c.requester_id == requester_id)
        if guild_id is not None:
            query = query.where(jobs.c.guild_id == guild_id)
        async with self._database.read() as connection:
            found = await connection.execute(query.order_by(jobs.c.number.desc()).limit(limit))
            return [job_from(row) for row in found.mappings()]

    async def paintings_of(
        self, requester_id: int, *, guild_id: int | None = None, limit: int = 100
    ) -> list[Job]:
        """A member's finished paintings, newest first, in every guild or in one."""
        query = select(jobs).where(
            jobs.c.requester_id == requester_id, jobs.c.state == JobState.SUCCEEDED
        )
        if guild_id is not None:
            query = query.where(jobs.c.guild_id == guild_id)
        async with self._database.read() as connection:
            found = await connection.execute(query.order_by(jobs.c.number.desc()).limit(limit))
            return [job_from(row) for row in found.mappings()]

    async def running(self) -> list[Job]:
        """The jobs that are being painted, by any bot process."""
        async with self._database.read() as connection:
            found = await connection.execute(
                select(jobs)
                .where(IS_ACTIVE, jobs.c.state == JobState.RUNNING)
                .order_by(jobs.c.number)
            )
            return [job_from(row) for row in found.mappings()]

    async def waiting(self) -> list[Job]:
        """The queued jobs in the order in which they will be claimed."""
        async with self._database.read() as connection:
            found = await connection.execute(
                select(jobs).where(IS_ACTIVE, jobs.c.state == JobState.QUEUED)
            )
            queued = {row["job_id"]: job_from(row) for row in found.mappings()}
            order = await order_of_queue(connection, ageing=self._ageing)
        return [queued[job_id] for job_id in order if job_id in queued]

    async def place_in_queue(self, job_id: str) -> int | None:
        """How soon a queued job will be claimed: 1 is next. None when it is not queued."""
        async with self._database.read() as connection:
            order = await order_of_queue(connection, ageing=self._ageing)
        return order.index(job_id) + 1 if job_id in order else None

    async def count(self) -> dict[JobState, int]:
        """How many jobs there are in each state."""
        async with self._database.read() as connection:
            found = await connection.execute(
                select(jobs.c.state, func.count()).group_by(jobs.c.state)
            )
            counts = {JobState(state): int(number) for state, number in found}
        return {state: counts.get(state, 0) for state in JobState}

    async def cancel(self, job_id: str) -> Job:
        """Cancel a job: a queued one at once, a running one as soon as its worker stops.

        A job that has ended stays as it is; look at the returned job's state.

        Raises:
            UnknownJobError: there is no such job.
        """
        async with self._database.write() as change:
            job = await held(change, job_id)
            if job.state is JobState.QUEUED:
                return await move(
                    change,
                    job,
                    JobState.CANCELLED,
                    now=self._database.now(),
                    cancel_requested=True,
                )
            if job.state is JobState.RUNNING and not job.cancel_requested:
                asked = await change.connection.execute(
                    update(jobs)
                    .where(jobs.c.job_id == job_id)
                    .values(cancel_requested=True)
                    .returning(*jobs.c)
                )
                change.touch(job_id)
                return job_from(asked.mappings().one())
            return job

    async def swap(self, job_id: str) -> Job:
        """Begin a job anew with its pictures the other way round; see `Interpretation.swapped`.

        It stays the same job, with the same card and its place in the queue. One that is being
        painted is queued again, so that its claim is lost and its worker stops. A job that has
        ended, is being cancelled or cannot be swapped stays as it is; look at the returned job.

        Raises:
            UnknownJobError: there is no such job.
        """
        async with self._database.write() as change:
            job = await held(change, job_id)
            understood = job.understood
            if understood is None or not understood.can_swap:
                return job
            if job.state.is_final or job.cancel_requested:
                return job
            values = {**_BEGINNING, **_swapped(job, understood)}
            if job.state is JobState.RUNNING:
                now = self._database.now()
                unclaimed = {"claimed_by": None, "heartbeat_at": None}
                return await move(change, job, JobState.QUEUED, now=now, **unclaimed, **values)
            swapped = await change.connection.execute(
                update(jobs).where(jobs.c.job_id == job_id).values(values).returning(*jobs.c)
            )
            change.touch(job_id)
            return job_from(swapped.mappings().one())

    async def _active_ids(self) -> list[str]:
        async with self._database.read() as connection:
            found = await connection.execute(select(jobs.c.job_id).where(IS_ACTIVE))
            return list(found.scalars())


def _swapped(job: Job, understood: Interpretation) -> dict[str, Any]:
    """The columns that say which picture is which, the other way round."""
    swapped = understood.swapped()
    # The keys take the same turn as what is said of them; presets come last in both.
    first, *others = job.style_keys[: understood.own_styles]
    presets = job.style_keys[understood.own_styles :]
    width, height = swapped.content.size or (None, None)
    return {
        "content_key": first,
        "style_keys": [*others, job.content_key, *presets],
        "content_width": width,
        "content_height": height,
        "title": swapped.title(),
        "understood": understood_column(swapped),
    }


async def _now_of(change: Change) -> datetime:
    now: datetime = (await change.connection.execute(select(func.clock_timestamp()))).scalar_one()
    return now
