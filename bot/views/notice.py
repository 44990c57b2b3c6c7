"""The notice that a job has ended, for a member who asked for a direct message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord

from bot.jobs.models import JobState
from bot.views.card import shown_title
from bot.views.components.items import RoutedView, job_button
from bot.views.components.routes import JobAction
from bot.views.message_links import outcome_link
from bot.views.text import jobs as text

if TYPE_CHECKING:
    from bot.jobs.models import Job

__all__ = ["channel_notice", "notice_view", "private_notice"]


def private_notice(job: Job) -> str:
    """The direct message."""
    title = f"**{shown_title(job)}**"
    if job.state is JobState.SUCCEEDED:
        return text.NOTICE_DONE.format(title=title)
    return text.NOTICE_FAILED.format(title=title, why=text.failure(job.error_code))


def channel_notice(job: Job) -> str:
    """What is said in the channel instead, where direct messages are closed to the bot."""
    return text.NOTICE_UNDELIVERED.format(who=f"<@{job.origin.requester_id}>")


def notice_view(job: Job) -> RoutedView:
    """A link to the outcome, and the details, by whose button the notice is recognised."""
    details = job_button(job.job_id, JobAction.DETAILS)
    address = outcome_link(job)
    if address is None:
        return RoutedView(details)
    to_outcome: discord.ui.Button[Any] = discord.ui.Button(label=text.TO_OUTCOME, url=address)
    return RoutedView(to_outcome, details)
