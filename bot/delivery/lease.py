"""The lease of a delivery in progress."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from bot.errors import StyleBotError
from bot.ops.error_report import Where, count_error
from bot.ops.tasks import BackgroundTasks

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.jobs.models import Delivery
    from bot.jobs.outbox import Outbox

__all__ = ["renewed_lease"]

logger = logging.getLogger(__name__)

RENEWALS: Final = 3
"""How often a lease is renewed within its length."""


@asynccontextmanager
async def renewed_lease(
    outbox: Outbox, delivery: Delivery, *, seconds: float
) -> AsyncIterator[None]:
    """Renew the lease of a started delivery while the block runs.

    A lost lease does not end the block; `Outbox.confirm_send` refuses the next request.

    Args:
        outbox: where the delivery was started.
        delivery: as returned by `Outbox.start_send`.
        seconds: the length of the lease.
    """

    async def renew() -> None:
        is_held = True
        while is_held:
            await asyncio.sleep(seconds / RENEWALS)
            try:
                is_held = await outbox.renew_lease(delivery, lease_seconds=seconds)
            except StyleBotError as error:
                job_id = delivery.job_id
                count_error(Where.DELIVERY, error)
                logger.warning("a lease of job %s was not renewed: %s", job_id, error)

    async with BackgroundTasks(Where.DELIVERY) as tasks:
        tasks.start(renew(), name=f"lease of delivery {delivery.delivery_id}")
        yield
