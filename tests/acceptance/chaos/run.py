"""The run: members keep asking while bots and their database are disturbed; then an audit."""

from __future__ import annotations

import asyncio
import math
import random
import time
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Literal

from bot.playground.server import Playground

from ..conftest import settings_for
from .aims import draw
from .bot_messages import BotMessages
from .bot_under_test import BotUnderTest
from .disturbances import LEASE_SECONDS, disturb
from .ledger import Ledger
from .ledger_database import PostgresLedger, SqliteLedger
from .report import Report
from .scene import Scene

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .aims import Aim

__all__ = ["DATABASES", "Database", "run_chaos"]

Database = Literal["sqlite", "postgres"]
DATABASES: tuple[Database, ...] = ("sqlite", "postgres")

MEMBERS = 6
SETTLE_SECONDS = 420.0
QUIET_SECONDS = 3.0
"""How long the channels are watched after the last message, for one too many."""

SETTINGS = {
    "checkpoint_seconds": 0,
    "edit_interval_seconds": 0.5,
    "heartbeat_seconds": 0.5,
    "stalled_after_seconds": LEASE_SECONDS,
    "max_jobs_per_member": 50,
    "max_jobs_per_guild": 100,
    # No picture is to blame for these interruptions, so no job may fail because of them.
    "max_attempts": 1000,
}


async def run_chaos(
    *,
    kills: int,
    seed: int,
    folder: Path,
    database: Database = "sqlite",
    bots: int = 1,
    minutes: float = math.inf,
    report_line: Callable[[str], None] = lambda _: None,
) -> Report:
    """Disturb the bots so many times, let them recover, and audit.

    Args:
        kills: how many times, whatever the disturbance.
        seed: of every random choice; time itself is not repeated.
        folder: for the bots' data and their logs.
        database: which kind the bots use.
        bots: how many share it; SQLite has one.
        minutes: after so long nothing is disturbed any more, however many are left.
        report_line: called with a line for every disturbance.

    Raises:
        AssertionError: a bot ended by itself, or with an error.
        ValueError: several bots cannot use SQLite.
    """
    if database == "sqlite" and bots > 1:
        msg = "SQLite is for one bot; use PostgreSQL for several"
        raise ValueError(msg)
    rng = random.Random(seed)
    report = Report(seed=seed)
    began = time.monotonic()
    async with AsyncExitStack() as stack:
        playground = await stack.enter_async_context(
            Playground(rate_limit_scale=0, members=MEMBERS)
        )
        scene = await _set_up(
            playground, folder, stack, database, bots, rng=random.Random(f"{seed} in the scene")
        )
        members = asyncio.create_task(scene.keep_asking(), name="members")
        stack.callback(members.cancel)
        aims = draw(rng, kills, bots=bots, restartable=database == "postgres")
        for number, aim in enumerate(aims, start=1):
            if time.monotonic() - began > 60 * minutes:
                break
            await _disturb(scene, aim, report)
            report_line(
                f"{number:4} {time.monotonic() - began:6.0f} s  {aim.disturbance}: {aim.name}"
                f"  ({len(scene.ledger.messages.pictures())} pictures so far)"
            )
        members.cancel()
        playground.faults.clear()
        left = len(scene.unfinished())
        report_line(f"     no further disturbance; {left} pictures are still to come")
        await scene.settle(SETTLE_SECONDS)
        await asyncio.sleep(QUIET_SECONDS)
        for bot in scene.bots:
            exit_code = await bot.stop()
            assert exit_code == 0, f"asked to stop, a bot ended with {exit_code}: {bot.log}"
        report.audit = await scene.ledger.audit(
            deleted_cards=scene.deleted_cards, to_answer=scene.to_answer
        )
    report.asked = scene.asked
    report.tracebacks = sum(
        bot.log.read_text(encoding="utf-8", errors="replace").count("Traceback")
        for bot in scene.bots
    )
    report.seconds = time.monotonic() - began
    return report


async def _set_up(
    playground: Playground,
    folder: Path,
    stack: AsyncExitStack,
    database: Database,
    bots: int,
    *,
    rng: random.Random,
) -> Scene:
    artefacts = folder / "artefacts"
    reader: SqliteLedger | PostgresLedger
    if database == "postgres":
        reader = await PostgresLedger.start(stack)
    else:
        reader = SqliteLedger(folder / "bot-1" / "data" / "stylebot.sqlite3")
    shared = {
        "artefacts_url": str(artefacts),
        **({"database_url": reader.url} if reader.url else {}),
    }
    scene = Scene(
        playground,
        [
            BotUnderTest(
                settings_for(playground, folder / f"bot-{number}", **SETTINGS, **shared),
                folder / f"bot-{number}.log",
            )
            for number in range(1, bots + 1)
        ],
        Ledger(reader, BotMessages(playground), artefacts=artefacts),
        rng=rng,
    )
    for bot in scene.bots:
        stack.push_async_callback(bot.kill)
    return scene


async def _disturb(scene: Scene, aim: Aim, report: Report) -> None:
    await scene.ensure_bots()
    afterwards = None
    key = (str(aim.disturbance), aim.name)
    try:
        afterwards = await aim.wait(scene)
    except TimeoutError:
        report.missed[key] += 1
        scene.playground.faults.clear()
    scene.check_alive()
    await disturb(scene, aim.disturbance, report.phases)
    report.disturbances[key] += 1
    if afterwards is not None:
        afterwards()
