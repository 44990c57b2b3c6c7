"""Every error of the tree: its sentence for members, its log line with a reference, its metric."""

from __future__ import annotations

import asyncio
import importlib
import logging
import pkgutil
import re
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import AsyncMock, MagicMock

import pytest

import bot
from bot import errors as tree
from bot.app import lifecycle
from bot.delivery.announcement_sender import AnnouncementSender
from bot.delivery.outbox_worker import OutboxWorker
from bot.executors.process import create_executor
from bot.executors.worker_process import WorkerProcess
from bot.exts.backend.responders import sentence_for
from bot.intake import inspection
from bot.intake.inspection import Inspector
from bot.jobs.change_feed import ChangeListener
from bot.jobs.models import Announcement
from bot.ops.error_report import Where
from bot.ops.metrics import ERRORS
from bot.presets.thumbnail_painter import ThumbnailPainter
from bot.scheduler.scheduler import Scheduler
from bot.settings import Settings
from bot.views.text import errors as text

ROOT = Path(__file__).resolve().parents[4]
APART = ("bot.playground", "bot.demo", "bot.jobs.db.migrations", "bot.executors.worker")
"""Programs of their own, and what only runs within one."""

MADE = {
    tree.AccessDeniedError: tree.AccessDeniedError("50013"),
    tree.AccessRefused: tree.AccessRefused(tree.AccessProblem.JOB_NOT_YOURS),
    tree.ArtefactMissingError: tree.ArtefactMissingError("jobs/a/content"),
    tree.ClaimLostError: tree.ClaimLostError("0123456789ab", claims=1),
    tree.ConfigurationError: tree.ConfigurationError("STYLEBOT_SIZE is wrong"),
    tree.CooldownActive: tree.CooldownActive("member", seconds=3.2),
    tree.DiscordError: tree.DiscordError("failed"),
    tree.DiscordRejectedError: tree.DiscordRejectedError(
        "50035", is_too_large=False, is_reply_refused=False
    ),
    tree.DiscordUnavailableError: tree.DiscordUnavailableError("503"),
    tree.IllegalTransitionError: tree.IllegalTransitionError(
        "0123456789ab", state="failed", wanted="running"
    ),
    tree.LeaseLostError: tree.LeaseLostError("0123456789ab", attempt=1),
    tree.LimitReached: tree.LimitReached("member", limit=3),
    tree.MessageNotFoundError: tree.MessageNotFoundError("10008"),
    tree.PictureRefused: tree.PictureRefused(tree.PictureProblem.TRUNCATED, filename="a.png"),
    tree.PresetRefused: tree.PresetRefused(tree.PresetProblem.UNKNOWN, word="a"),
    tree.RequestRefused: tree.RequestRefused(tree.RequestProblem.NO_PICTURES),
    tree.StorageFullError: tree.StorageFullError("no space left"),
    tree.StoreUnavailableError: tree.StoreUnavailableError("locked"),
    tree.UnknownJobError: tree.UnknownJobError("0123456789ab"),
    tree.WorkerDiedError: tree.WorkerDiedError(-9),
}
MEMBERS_ALONE = {
    tree.AccessRefused,
    tree.ArtefactMissingError,
    tree.CooldownActive,
    tree.LimitReached,
    tree.PictureRefused,
    tree.PresetRefused,
    tree.RequestRefused,
    tree.UnknownJobError,
}
"""Answers to a member that no operator needs to act on."""
BOTH = {tree.DiscordUnavailableError, tree.StorageFullError, tree.StoreUnavailableError}
"""Errors that have a sentence of their own and that the operator should know of."""


def leaves(cls):
    """The errors below one, and itself where it is raised as it is."""
    if cls not in {tree.StyleBotError, tree.Refusal}:
        yield cls
    for each in cls.__subclasses__():
        if not each.__module__.startswith("bot.demo."):  # a command of its own
            yield from leaves(each)


def counted(error, where=Where.BACKEND):
    return ERRORS.labels(where.value, type(error).__name__)._value.get()


def test_every_error_of_the_tree_is_made_here():
    for module in pkgutil.walk_packages(bot.__path__, "bot."):
        if "__main__" not in module.name and not module.name.startswith(APART):
            importlib.import_module(module.name)
    assert set(leaves(tree.StyleBotError)) == set(MADE)


def test_errors_are_logged_where_they_are_counted():
    """A log line with a traceback has a reference, which `report_error` makes."""
    apart = ("playground", "demo")
    found = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "bot").rglob("*.py")
        if not set(apart) & set(path.parts)
        and re.search(r"logger\.exception\(|exc_info=", path.read_text("utf-8"))
    }
    assert found == {"bot/ops/error_report.py"}


@pytest.mark.parametrize("error", [*MADE.values(), ValueError("a bug")], ids=repr)
def test_every_error_has_a_sentence_and_those_for_operators_a_log_line_and_a_metric(error, caplog):
    caplog.set_level(logging.WARNING)
    before = counted(error)
    sentence = sentence_for(error, doing="a test")
    assert sentence
    assert str(error) not in sentence or isinstance(error, tree.Refusal)
    if type(error) in MEMBERS_ALONE:
        assert text.explain(error) == sentence
        assert not caplog.records
        assert counted(error) == before
        return
    (record,) = caplog.records
    assert "a test failed" in record.getMessage()
    assert counted(error) == before + 1
    if type(error) in BOTH:  # expected outages: one line each, however many members ask
        assert text.explain(error) == sentence
        assert type(error).__name__ in record.getMessage()
        assert record.exc_info is None
    else:
        assert record.exc_info[1] is error
        reference = sentence.split("`")[1]
        assert text.INTERNAL.format(reference=reference) == sentence
        assert reference in record.getMessage()


@pytest.mark.parametrize("problem", tree.PresetProblem)
def test_every_problem_of_a_preset_has_its_sentence(problem):
    sentence = text.explain(tree.PresetRefused(problem, word="a", limit=3, suggestion="b"))
    assert sentence
    assert sentence[-1] in ".?"


JOB_ID = "0123456789ab"


def _scheduler():
    return Scheduler(
        store=MagicMock(claims=AsyncMock(get_setbacks=AsyncMock(return_value=0))),
        artefacts=MagicMock(),
        executor=MagicMock(),
        settings=Settings(_env_file=None),
    )


async def in_a_loop_of_the_scheduler(error, **_):
    scheduler, step = _scheduler(), AsyncMock(side_effect=error)
    scheduler._loops.keep_running(step, name="a loop", transient=tree.StoreUnavailableError)
    await _called(step)
    await scheduler._loops.close()


async def in_a_run_of_the_scheduler(error, make_job, **_):
    runner = SimpleNamespace(job=make_job(job_id=JOB_ID), run=AsyncMock(side_effect=error))
    await _scheduler()._run_job(runner, after=None)


async def in_the_change_feed(error, **_):
    database = MagicMock()
    database.read.side_effect = error
    listener = ChangeListener(database, list_changed=AsyncMock())
    starting = asyncio.create_task(listener.start())
    await _called(database.read)
    starting.cancel()
    await listener.close()


async def in_the_executor(error, monkeypatch, **_):
    spawn = AsyncMock(side_effect=error)
    monkeypatch.setattr(WorkerProcess, "spawn", spawn)
    executor = create_executor(Settings(_env_file=None))
    await executor.start()
    await _called(spawn)
    await executor.close()


async def in_a_delivery(error, **_):
    store = MagicMock(outbox=AsyncMock(start_send=AsyncMock(side_effect=error)))
    sender = AnnouncementSender(
        MagicMock(), store, MagicMock(), MagicMock(), largest_size=64, lease_seconds=30
    )
    worker = OutboxWorker(sender, store, lease_seconds=30)
    await worker._attempt(
        SimpleNamespace(
            job_id=JOB_ID,
            channel_id=2,
            attempts=0,
            announcement=Announcement.CARD,
            name=f"card of job {JOB_ID}",
            created_at=datetime.now(UTC),
        )
    )


async def in_the_intake(error, monkeypatch, **_):
    """No member waits for the process: it is started to be idle."""
    launch = AsyncMock(side_effect=error)
    monkeypatch.setattr(inspection, "MAX_CONCURRENT", 1)
    inspector = Inspector(Settings(_env_file=None))
    monkeypatch.setattr(inspector, "_launch", launch)
    inspector._refill()
    await _called(launch)
    await inspector.close()


async def in_the_presets(error, **_):
    presets = MagicMock(list_without_sample=AsyncMock(side_effect=error))
    painter = ThumbnailPainter(presets, MagicMock(), MagicMock(), is_busy=lambda: False)
    painter.start()
    await _called(presets.list_without_sample)
    await painter.close()


async def at_the_start(error, **_):
    app = MagicMock(start=AsyncMock(side_effect=error), stop=AsyncMock())
    with pytest.raises(type(error)):
        await lifecycle._run_app(app)
    app.stop.assert_awaited_once()


async def in_a_step_of_the_shutdown(error, **_):
    await lifecycle._run_step(AsyncMock(side_effect=error)(), "a step", until=float("inf"))


async def while_the_workers_start(error, **_):
    executor = MagicMock(ready=AsyncMock(side_effect=error))
    app = lifecycle.App(Settings(_env_file=None))
    try:
        await app._await_workers(MagicMock(executor=executor))
    except (tree.ConfigurationError, OSError, ValueError) as fatal:  # ends the bot, which counts it
        await at_the_start(fatal)


async def _called(mock):
    """Wait until it was called, and what it raised was handled."""
    async with asyncio.timeout(60):
        while not mock.called:
            await asyncio.sleep(0)
    for _ in range(3):
        await asyncio.sleep(0)


PLACES = [
    (in_a_loop_of_the_scheduler, Where.SCHEDULER, False),
    (in_a_run_of_the_scheduler, Where.SCHEDULER, True),
    (in_the_change_feed, Where.CHANGE_FEED, False),
    (in_the_executor, Where.EXECUTOR, False),
    (in_a_delivery, Where.DELIVERY, True),
    (in_the_intake, Where.INTAKE, False),
    (in_the_presets, Where.PRESETS, False),
    (at_the_start, Where.PROCESS, False),
    (in_a_step_of_the_shutdown, Where.PROCESS, False),
    (while_the_workers_start, Where.PROCESS, False),
]
FOR_OPERATORS = [error for cls, error in MADE.items() if cls not in MEMBERS_ALONE]


def test_every_part_of_the_bot_is_made_to_fail():
    assert {Where.BACKEND} | {where for _, where, _ in PLACES} == set(Where)


@pytest.mark.parametrize(("fail", "where", "is_of_a_job"), PLACES)
async def test_errors_elsewhere_have_a_log_line_with_the_reference_and_a_metric(
    fail, where, is_of_a_job, caplog, make_job, monkeypatch
):
    caplog.set_level(logging.WARNING)
    for error in (*FOR_OPERATORS, OSError("a disk"), ValueError("a bug")):
        caplog.clear()
        before = counted(error, where)
        await fail(error, make_job=make_job, monkeypatch=monkeypatch)
        assert counted(error, where) == before + 1, error
        lines = [
            record.getMessage()
            for record in caplog.records
            if (record.exc_info and record.exc_info[1] is error)
            or str(error) in record.getMessage()
        ]
        assert lines, error
        # Members know a job by its id, which stands at the foot of its card.
        assert all(JOB_ID in line for line in lines) or not is_of_a_job, lines
        unexpected = [record for record in caplog.records if record.exc_info]
        assert all("[reference " in record.getMessage() for record in unexpected)
