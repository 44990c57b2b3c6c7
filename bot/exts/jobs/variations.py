"""Pressing for another painting: again, more style, more content, other colours, larger, smaller.

Whoever presses gets a painting of their own, through the same limits as any other. The same
member pressing the same button twice in a moment meant it once.
"""

from __future__ import annotations

import logging
import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from bot.errors import RequestProblem, RequestRefused
from bot.exts.backend.responders import (
    InteractionResponder,
    check_may_paint_here,
    priority_of,
    reply_ephemeral,
)
from bot.exts.guild.policy import check_may_ask_here
from bot.views.variations import LARGEST_SEED, variation

if TYPE_CHECKING:
    import discord

    from bot.exts.backend.dependencies import Dependencies
    from bot.exts.backend.responders import Responder
    from bot.jobs.models import Job
    from bot.views.components.job_buttons import Verb

__all__ = ["Variations"]

logger = logging.getLogger(__name__)

DOUBLE_PRESS: Final = timedelta(seconds=3)
"""Two presses of one button by one member so close together are one."""


class Variations:
    """Begins another painting from one that is there."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._dependencies = dependencies
        self._pressed: dict[tuple[str, Verb, int], datetime] = {}

    async def press(self, interaction: discord.Interaction[Any], job: Job, verb: Verb) -> None:
        """Serve one press; the interaction is acknowledged already.

        Raises:
            Refusal: the painting cannot be accepted.
            ArtefactMissingError: the pictures are not kept any more.
        """
        message = interaction.message
        responder = InteractionResponder(interaction, reply_to=message.id if message else None)
        press = (job.job_id, verb, interaction.user.id)
        if self._is_double(press, interaction.created_at):
            logger.info("member %d pressed %s on job %s twice", press[2], verb, job.job_id)
            return
        try:
            refusal = await self.vary(responder, job, verb)
        except BaseException:
            self._pressed.pop(press, None)  # nothing came of it, so it may be pressed again
            raise
        if refusal is not None:
            self._pressed.pop(press, None)
            await reply_ephemeral(interaction, refusal)

    async def vary(self, responder: Responder, job: Job, verb: Verb) -> str | None:
        """Accept another painting for whoever asks, however they ask.

        Returns:
            Why that makes no sense for this painting, or None when it is accepted.

        Raises:
            Refusal: the painting cannot be accepted.
            ArtefactMissingError: the pictures are not kept any more.
        """
        dependencies = self._dependencies
        if not dependencies.scheduler.accepting:
            raise RequestRefused(RequestProblem.SHUTTING_DOWN)
        await check_may_ask_here(
            dependencies.store.guilds, responder.origin.guild_id, responder.channel
        )
        check_may_paint_here(responder)
        seed = random.randint(1, LARGEST_SEED)  # noqa: S311 - variety, not secrecy
        made = variation(job, verb, largest_size=dependencies.settings.largest_size, seed=seed)
        if made.refusal is not None:
            return made.refusal
        begun = await dependencies.repeats.repaint(
            job,
            origin=responder.origin,
            changes=made.changes,
            beginning=made.beginning,
            request_key=responder.request_key,
            priority=priority_of(responder.member, dependencies.settings),
        )
        logger.info(
            "accepted job %s of member %d in channel %d: %s of %s",
            begun.job_id, begun.origin.requester_id, begun.origin.channel_id, verb, job.job_id,
        )  # fmt: skip
        return None

    def _is_double(self, press: tuple[str, Verb, int], at: datetime) -> bool:
        """Whether the same was pressed a moment ago; remembers this press."""
        horizon = datetime.now(UTC) - DOUBLE_PRESS
        self._pressed = {key: when for key, when in self._pressed.items() if when > horizon}
        before = self._pressed.get(press)
        self._pressed[press] = at
        return before is not None and at - before < DOUBLE_PRESS
