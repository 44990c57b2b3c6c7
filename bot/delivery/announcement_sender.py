"""Send one announcement of a job: its card, its outcome, or the notice that its member wished for.

Errors are left to the outbox worker, which retries or abandons the delivery.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from bot.delivery.outcome_message import (
    MIN_PICTURE_BYTES,
    REQUEST_OVERHEAD_BYTES,
    build_outcome_message,
)
from bot.errors import (
    AccessDeniedError,
    DiscordError,
    DiscordRejectedError,
    MessageNotFoundError,
)
from bot.jobs.models import Announcement, JobState
from bot.ops.error_report import Where, count_error
from bot.views.card import render_card
from bot.views.notice import channel_notice, notice_view, private_notice
from bot.views.result_picture import result_file

if TYPE_CHECKING:
    import discord

    from bot.delivery.card_updater import CardUpdater
    from bot.delivery.job_pictures import JobPictureReader
    from bot.delivery.messenger import Messenger
    from bot.jobs.deletions import MessageIds
    from bot.jobs.models import Delivery, Job
    from bot.jobs.store import JobStore

__all__ = ["AnnouncementSender", "NotNeededError"]

logger = logging.getLogger(__name__)

LAST_CARD_EDIT_SECONDS: Final = 10.0
"""How long the outcome waits for the last edit of the card."""


class NotNeededError(Exception):
    """An announcement that tells nothing new; the message says why."""


class AnnouncementSender:
    """Sends announcements, each unless an earlier attempt has sent it.

    Args:
        messenger: posts.
        store: the outbox, which confirms each request.
        pictures: reads the pictures of jobs.
        card_updater: edits the cards in the meantime.
        largest_size: longest side that is painted, in pixels.
        lease_seconds: time after which another process may take over a delivery whose process is
            gone.
    """

    def __init__(
        self,
        messenger: Messenger,
        store: JobStore,
        pictures: JobPictureReader,
        card_updater: CardUpdater,
        *,
        largest_size: int,
        lease_seconds: float,
    ) -> None:
        self._messenger = messenger
        self._store = store
        self._pictures = pictures
        self._card_updater = card_updater
        self._largest_size = largest_size
        self._lease_seconds = lease_seconds

    async def send(self, job: Job, delivery: Delivery) -> MessageIds:
        """Send the announcement of a delivery whose lease is held.

        Returns:
            The message, which is the card if that shows the outcome.

        Raises:
            NotNeededError: it tells the member nothing new.
            LeaseLostError: another attempt was started.
            DiscordError: it was not sent, or the answer was lost.
            StoreUnavailableError: the database cannot be reached.
            OSError: the pictures cannot be read.
        """
        match delivery.announcement:
            case Announcement.CARD:
                return await self._post_card(job, delivery)
            case Announcement.NOTICE:
                return await self._post_notice(job, delivery)
            case Announcement.OUTCOME:
                await self._finish_card(job)
                if job.state is not JobState.CANCELLED:
                    return await self._post_outcome(job, delivery)
                if job.card_message_id is None:
                    raise NotNeededError("cancelled before there was a card")
                return job.origin.channel_id, job.card_message_id

    async def _post_card(self, job: Job, delivery: Delivery) -> MessageIds:
        channel = self._messenger.origin_channel(job.origin)
        found = await self._find_sent(channel, job, delivery)
        if found is not None:
            return channel.id, found
        # Quickly; the card updater adds the pictures.
        facts = await self._card_updater.first_facts(job)
        reply_to = job.origin.message_id
        while True:
            card = render_card(job, facts)
            await self._confirm(delivery)
            try:
                message_id = await self._messenger.post(
                    channel,
                    nonce=delivery.nonce,
                    reply_to=reply_to,
                    embed=card.embed,
                    files=card.files,
                    view=card.view,
                )
            except DiscordRejectedError as error:
                if not error.is_reply_refused or reply_to is None:
                    raise
                reply_to = None
            else:
                return channel.id, message_id

    async def _post_outcome(self, job: Job, delivery: Delivery) -> MessageIds:
        """Post the outcome in the job's channel, or to the requester if access is denied."""
        channel = self._messenger.origin_channel(job.origin)
        try:
            return await self._find_or_send_outcome(job, delivery, channel, is_private=False)
        except AccessDeniedError as error:
            if job.origin.guild_id is None:
                raise
            count_error(Where.DELIVERY, error)
            logger.warning("%s goes to the requester's DMs: %s", delivery.name, error)
        channel = await self._messenger.dm_channel(job.origin.requester_id)
        return await self._find_or_send_outcome(job, delivery, channel, is_private=True)

    async def _find_or_send_outcome(
        self,
        job: Job,
        delivery: Delivery,
        channel: discord.PartialMessageable,
        *,
        is_private: bool,
    ) -> MessageIds:
        message_id = await self._find_sent(channel, job, delivery)
        if message_id is None:
            message_id = await self._send_outcome(job, delivery, channel, is_private=is_private)
        return channel.id, message_id

    async def _send_outcome(
        self, job: Job, delivery: Delivery, channel: discord.PartialMessageable, *, is_private: bool
    ) -> int:
        """Send the outcome; if Discord rejects it, again with a smaller picture or as no reply."""
        pictures = await self._pictures.outcome_pictures(job)
        limit = await self._picture_limit(None if is_private else job.origin.guild_id)
        reply_to = None if is_private else job.origin.message_id
        while True:
            message = await build_outcome_message(
                job,
                pictures,
                limit=limit,
                largest_size=self._largest_size,
                is_private=is_private,
            )
            await self._confirm(delivery)
            try:
                return await self._messenger.post(
                    channel,
                    nonce=delivery.nonce,
                    reply_to=reply_to,
                    mention=job.origin.requester_id,
                    content=message.content,
                    embed=message.embed,
                    files=message.files,
                    view=message.view,
                )
            except DiscordRejectedError as error:
                if error.is_reply_refused and reply_to is not None:
                    reply_to = None
                elif error.is_too_large and message.picture_bytes > MIN_PICTURE_BYTES:
                    # The guild's boosts may have expired; try the limit of any guild first.
                    base_limit = await self._picture_limit(None)
                    is_above = message.picture_bytes > base_limit
                    limit = base_limit if is_above else message.picture_bytes // 2
                else:
                    raise

    async def _post_notice(self, job: Job, delivery: Delivery) -> MessageIds:
        """Tell the requester by direct message that a job has ended, or in its channel.

        The channel is used where the member's direct messages are closed to the bot.

        Raises:
            NotNeededError: the outcome was sent as a direct message itself.
        """
        origin = job.origin
        if origin.guild_id is None or job.outcome_channel_id != origin.channel_id:
            raise NotNeededError("the outcome was a direct message")
        try:
            channel = await self._messenger.dm_channel(origin.requester_id)
            return await self._find_or_send_notice(job, delivery, channel, is_private=True)
        except AccessDeniedError as error:
            logger.info(
                "member %d is told of job %s in the channel, direct messages are closed: %s",
                origin.requester_id,
                job.job_id,
                error,
            )
        channel = self._messenger.origin_channel(origin)
        return await self._find_or_send_notice(job, delivery, channel, is_private=False)

    async def _find_or_send_notice(
        self,
        job: Job,
        delivery: Delivery,
        channel: discord.PartialMessageable,
        *,
        is_private: bool,
    ) -> MessageIds:
        message_id = await self._find_sent(channel, job, delivery)
        if message_id is not None:
            return channel.id, message_id
        files: list[discord.File] = []
        reply_to = None if is_private else job.outcome_message_id
        if is_private:
            pictures = await self._pictures.outcome_pictures(job)
            if pictures.result is not None:
                limit = await self._picture_limit(None)
                files = [(await result_file(job, pictures.result, limit=limit))[0]]
        while True:
            await self._confirm(delivery)
            try:
                message_id = await self._messenger.post(
                    channel,
                    nonce=delivery.nonce,
                    reply_to=reply_to,
                    mention=job.origin.requester_id,
                    content=private_notice(job) if is_private else channel_notice(job),
                    files=files,
                    view=notice_view(job),
                )
            except DiscordRejectedError as error:
                if reply_to is not None and error.is_reply_refused:
                    reply_to = None
                elif files and error.is_too_large:
                    files = []  # the link shows it
                else:
                    raise
            else:
                return channel.id, message_id

    async def _confirm(self, delivery: Delivery) -> None:
        """Confirm the lease; nothing may be awaited between this and the request.

        Raises:
            LeaseLostError: another attempt was started.
            StoreUnavailableError: the database cannot be reached.
        """
        await self._store.outbox.confirm_send(delivery, lease_seconds=self._lease_seconds)

    async def _picture_limit(self, guild_id: int | None) -> int:
        return await self._messenger.upload_limit(guild_id) - REQUEST_OVERHEAD_BYTES

    async def _find_sent(
        self, channel: discord.PartialMessageable, job: Job, delivery: Delivery
    ) -> int | None:
        """Return the message that an earlier attempt sent without recording it, or None."""
        if delivery.send_started_at is None:
            return None
        older = job.origin.message_id
        if delivery.announcement is Announcement.OUTCOME:
            older = job.card_message_id or older
        if delivery.announcement is Announcement.NOTICE:
            older = job.outcome_message_id or older
        try:
            return await self._messenger.find(
                channel,
                delivery.job_id,
                delivery.announcement,
                after=older,
                sent_at=delivery.send_started_at,
            )
        except AccessDeniedError as error:
            # Without the history, only the nonce prevents a second message.
            count_error(Where.DELIVERY, error)
            logger.warning("%s cannot be searched for: %s", delivery.name, error)
            return None

    async def _finish_card(self, job: Job) -> None:
        """Edit the card a last time; the outcome does not wait long for it."""
        await self._card_updater.stop_updating(job.job_id)
        if job.card_message_id is None:
            return
        card = render_card(job, await self._card_updater.facts(job))
        try:
            async with asyncio.timeout(LAST_CARD_EDIT_SECONDS):
                await self._messenger.edit(
                    self._messenger.origin_channel(job.origin),
                    job.card_message_id,
                    embed=card.embed,
                    files=card.files,
                    view=card.view,
                )
        except MessageNotFoundError:
            logger.info("the card of job %s was deleted", job.job_id)
        except (DiscordError, TimeoutError) as error:
            count_error(Where.DELIVERY, error)
            logger.warning("the card of job %s shows an older state: %r", job.job_id, error)
