"""What is done to a bot, its worker or its database at the instant that an aim has waited for."""

from __future__ import annotations

from contextlib import suppress
from enum import StrEnum
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections import Counter

    from .scene import Scene

__all__ = ["LEASE_SECONDS", "Disturbance", "disturb"]

LEASE_SECONDS = 5.0
"""`stalled_after_seconds` of the bots."""

FREEZE_SECONDS = (1.2 * LEASE_SECONDS, 1.8 * LEASE_SECONDS)
DOWN_SECONDS = (0.2, 1.5 * LEASE_SECONDS)


class Disturbance(StrEnum):
    """What is done, as the report names it."""

    KILL_BOT = "bot killed"
    KILL_WORKER = "worker killed"
    STOP_BOT = "bot stopped"
    FREEZE_BOT = "bot frozen"
    RESTART_DATABASE = "database restarted"


async def disturb(scene: Scene, disturbance: Disturbance, phases: Counter[str]) -> None:
    """Do it.

    Args:
        scene: where.
        disturbance: what.
        phases: counts the jobs by the phase they are in when a bot is killed.

    Raises:
        AssertionError: a bot that was asked to stop ended with an error.
    """
    match disturbance:
        case Disturbance.KILL_WORKER:
            with suppress(psutil.NoSuchProcess):
                psutil.Process(await scene.worker()).kill()
        case Disturbance.KILL_BOT:
            bot = await scene.choose_bot()
            await bot.kill()
            scene.stay_away(bot)
            phases.update(await scene.ledger.count_phases())
        case Disturbance.STOP_BOT:
            bot = await scene.choose_bot()
            exit_code = await bot.stop()
            assert exit_code == 0, f"asked to stop, a bot ended with {exit_code}: {bot.log}"
            scene.stay_away(bot)
        case Disturbance.FREEZE_BOT:
            bot = await scene.choose_bot()
            await bot.freeze(scene.rng.uniform(*FREEZE_SECONDS))
        case Disturbance.RESTART_DATABASE:
            await scene.ledger.database.restart(down_seconds=scene.rng.uniform(*DOWN_SECONDS))
