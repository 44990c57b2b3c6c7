"""The run: members keep asking, the bot is killed, and the result is audited."""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psutil

from bot.playground.server import Playground

from ..conftest import settings_for
from .aims import draw
from .ledger import Audit, audit, is_settled, phases
from .scene import Scene

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .aims import Aim

__all__ = ["Report", "run_chaos"]

MEMBERS = 6
SETTLE_SECONDS = 420.0
QUIET_SECONDS = 3.0
"""How long the channel is watched after the last word, for one too many."""

SETTINGS = {
    "checkpoint_seconds": 0,
    "edit_interval_seconds": 0.5,
    "heartbeat_seconds": 0.5,
    "stalled_after_seconds": 5,
    "max_jobs_per_member": 50,
    "max_jobs_per_guild": 100,
    # Nobody's pictures are to blame for these deaths, so nobody's are given up for them.
    "max_attempts": 1000,
}


@dataclass(kw_only=True)
class Report:
    """What was done, and what came of it.

    Attributes:
        seed: repeats the run's choices.
        kills: how often each (target, aim) was killed.
        missed: of those, how often the instant did not come and it was killed anyway.
        phases: jobs by the phase they were in when the bot was killed, over all kills.
        asked: requests posted, heard by the bot or not.
        audit: the jobs and pictures, counted after the run.
        tracebacks: how many the bot has logged.
        seconds: how long it took.
    """

    seed: int
    kills: Counter[tuple[str, str]] = field(default_factory=Counter)
    missed: Counter[tuple[str, str]] = field(default_factory=Counter)
    phases: Counter[str] = field(default_factory=Counter)
    asked: int = 0
    audit: Audit = field(default_factory=Audit)
    tracebacks: int = 0
    seconds: float = 0.0

    @property
    def is_clean(self) -> bool:
        """Whether everything is as it must be."""
        return not self.audit.complaints and not self.tracebacks

    def table(self) -> str:
        """The figures as Markdown."""
        counts = self.audit
        lines = ["| killed | while | times | instant missed |", "|---|---|--:|--:|"]
        lines += [
            f"| {target} | {name} | {times} | {self.missed[target, name] or ''} |"
            for (target, name), times in sorted(self.kills.items())
        ]
        lines += ["", "| jobs at the bot's deaths | |", "|---|--:|"]
        lines += [f"| {phase} | {times} |" for phase, times in self.phases.most_common()]
        lines += ["", "| in all | |", "|---|--:|"]
        lines += [
            f"| kills | {self.kills.total()} |",
            f"| requests posted | {self.asked} |",
            f"| jobs accepted | {counts.accepted} |",
            f"| pictures delivered exactly once | {counts.delivered} |",
            f"| doubled | {counts.doubled} |",
            f"| lost | {counts.lost} |",
            f"| tracebacks logged | {self.tracebacks} |",
            f"| seconds | {self.seconds:.0f} |",
            f"| seed | {self.seed} |",
        ]
        return "\n".join([*lines, *([""] if counts.complaints else []), *counts.complaints])


async def run_chaos(
    *,
    kills: int,
    seed: int,
    folder: Path,
    minutes: float = math.inf,
    report_line: Callable[[str], None] = lambda _: None,
) -> Report:
    """Kill the bot so many times, let it recover, and audit.

    Args:
        kills: how many times.
        seed: of every random choice; time itself is not repeated.
        folder: for the bot's data and its log.
        minutes: after so long nobody is killed any more, however many are left.
        report_line: called with one line for each kill.

    Raises:
        AssertionError: the bot ended without having been killed.
    """
    rng = random.Random(seed)
    report = Report(seed=seed)
    began = time.monotonic()
    log = folder / "bot.log"
    async with Playground(rate_limit_scale=0, members=MEMBERS) as playground:
        settings = settings_for(playground, folder, **SETTINGS)
        scene = Scene(playground, settings, rng=random.Random(f"{seed} in the scene"), log=log)
        members = asyncio.create_task(scene.keep_asking(), name="members")
        try:
            for number, aim in enumerate(draw(rng, kills), start=1):
                if time.monotonic() - began > 60 * minutes:
                    break
                await _kill(scene, aim, report)
                report_line(
                    f"{number:4} {time.monotonic() - began:6.0f} s  {aim.target}: {aim.name}"
                    f"  ({len(scene.channel.finals())} pictures so far)"
                )
            members.cancel()
            playground.faults.clear()
            await _settle(scene, report_line)
            await asyncio.sleep(QUIET_SECONDS)
            if scene.bot is not None:
                exit_code = await scene.bot.close()
                assert exit_code == 0, f"asked to stop, the bot ended with {exit_code}"
        finally:
            members.cancel()
            if scene.bot is not None:
                await scene.bot.kill()
        report.audit = audit(settings, scene.channel, deleted_cards=scene.deleted_cards)
    report.asked = scene.asked
    report.tracebacks = log.read_text(encoding="utf-8", errors="replace").count("Traceback")
    report.seconds = time.monotonic() - began
    return report


async def _kill(scene: Scene, aim: Aim, report: Report) -> None:
    bot = await scene.ensure_bot()
    afterwards = None
    try:
        afterwards = await aim.wait(scene)
    except TimeoutError:
        report.missed[aim.target, aim.name] += 1
        scene.playground.faults.clear()
    scene.check_alive()
    if aim.target == "worker":
        with suppress(psutil.NoSuchProcess):
            psutil.Process(await scene.worker()).kill()
    else:
        await bot.kill()
        scene.bot = None
        report.phases.update(await asyncio.to_thread(phases, scene.settings))
    report.kills[aim.target, aim.name] += 1
    if afterwards is not None:
        afterwards()


async def _settle(scene: Scene, report_line: Callable[[str], None]) -> None:
    """One undisturbed life, until every job has ended and all is said."""
    await scene.ensure_bot()
    report_line(f"     no more kills; {len(scene.under_way())} jobs left")
    with suppress(TimeoutError):  # what is still open then, the audit will name
        async with asyncio.timeout(SETTLE_SECONDS):
            while not is_settled(scene.settings):
                scene.check_alive()
                await asyncio.sleep(0.2)
