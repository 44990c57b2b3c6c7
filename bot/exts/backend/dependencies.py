"""The objects that commands and buttons depend on, made once by the composition root."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.artefacts.base import Artefacts
    from bot.exts.backend.prefixes import Prefixes
    from bot.intake.intake import Intake
    from bot.intake.repeats import JobRepeater
    from bot.jobs.store import JobStore
    from bot.ops.reply_pacer import ReplyPacer
    from bot.presets.catalog import PresetCatalog
    from bot.presets.editor import GuildPresetEditor
    from bot.scheduler.scheduler import Scheduler
    from bot.settings import Settings

__all__ = ["Dependencies"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Dependencies:
    """Dependencies shared by the cogs."""

    settings: Settings
    store: JobStore
    artefacts: Artefacts
    intake: Intake
    repeats: JobRepeater
    scheduler: Scheduler
    catalog: PresetCatalog
    preset_editor: GuildPresetEditor
    prefixes: Prefixes
    reply_pacer: ReplyPacer
