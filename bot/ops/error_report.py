"""Report errors to the operator: a counter, and a log line with the reference a member was told.

Members know a job by its id, at the foot of its card; other errors by a reference made for them.
"""

from __future__ import annotations

import logging
import secrets
from enum import StrEnum

from bot.ops import metrics

__all__ = ["Where", "count_error", "report_error"]

logger = logging.getLogger(__name__)


class Where(StrEnum):
    """The parts of the bot in which errors are counted."""

    BACKEND = "backend"  # commands, buttons, menus, forms and reactions
    CHANGE_FEED = "change feed"
    DELIVERY = "delivery"
    EXECUTOR = "executor"
    INTAKE = "intake"
    PRESETS = "presets"
    PROCESS = "process"  # start and shutdown
    SCHEDULER = "scheduler"


def count_error(where: Where, error: BaseException | str) -> None:
    """Count an error that its place logs.

    Args:
        where: the part of the bot.
        error: the error, or the code of a failed job, inspection or download.
    """
    name = error if isinstance(error, str) else type(error).__name__
    metrics.ERRORS.labels(where.value, name).inc()


def report_error(
    where: Where, doing: str, error: BaseException, *, reference: str | None = None
) -> str:
    """Count an unexpected error, and log it with its traceback and a reference.

    Args:
        where: the part of the bot.
        doing: what failed.
        error: the error.
        reference: the job's id, if there is a job; by default a new reference.

    Returns:
        The reference, for the member.
    """
    count_error(where, error)
    reference = reference or secrets.token_hex(4)
    logger.error("%s failed [reference %s]", doing, reference, exc_info=error)
    return reference
