"""What commands and buttons need of the rest of the bot; made once, by the composition root."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.artefacts.folder import Artefacts
    from bot.intake.accept import Intake
    from bot.intake.repeats import Repeats
    from bot.jobs.store import JobStore
    from bot.presets.curator import Curator
    from bot.presets.shelf import Shelf
    from bot.scheduler.scheduler import Scheduler
    from bot.settings import Settings

__all__ = ["Services"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Services:
    """The rooms behind the counter."""

    settings: Settings
    store: JobStore
    artefacts: Artefacts
    intake: Intake
    repeats: Repeats
    scheduler: Scheduler
    shelf: Shelf
    curator: Curator
