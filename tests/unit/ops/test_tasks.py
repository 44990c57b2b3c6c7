"""Background tasks: one owner, errors logged, loops restarted, all cancelled on close."""

from __future__ import annotations

import asyncio
import gc

import pytest

from bot.ops import metrics
from bot.ops.error_report import Where
from bot.ops.retry import Backoff
from bot.ops.tasks import BackgroundTasks


@pytest.fixture
async def tasks():
    owner = BackgroundTasks(Where.PROCESS)
    yield owner
    await owner.close()


async def _settle():
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_task_is_referenced_until_it_ends(tasks):
    done = asyncio.Event()

    async def work():
        future = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_later(0.02, future.set_result, None)
        await future
        done.set()

    tasks.start(work(), name="work")
    await asyncio.sleep(0)
    gc.collect()
    assert tasks.is_running("work")
    assert not tasks.is_running("other")
    await asyncio.wait_for(done.wait(), 5)
    await _settle()
    assert not tasks.is_running("work")


async def test_an_error_is_logged_with_the_name_and_the_traceback(tasks, caplog):
    async def work():
        raise RuntimeError("a bug")

    tasks.start(work(), name="export for 5")
    await _settle()
    assert "export for 5 failed" in caplog.text
    assert "RuntimeError: a bug" in caplog.text


async def test_an_error_goes_to_the_owner_that_asks_for_it(caplog):
    errors = []
    tasks = BackgroundTasks(Where.PROCESS, on_error=errors.append)

    async def work():
        raise RuntimeError("a bug")

    tasks.start(work(), name="work")
    await _settle()
    assert [str(error) for error in errors] == ["a bug"]
    assert caplog.text == ""


async def test_closing_cancels_and_waits(tasks, caplog):
    ended = []

    async def work(number):
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.01)
            ended.append(number)

    for number in range(3):
        tasks.start(work(number), name="work")
    await asyncio.sleep(0)
    await tasks.close()
    assert sorted(ended) == [0, 1, 2]
    assert not tasks.is_running("work")
    assert caplog.text == ""
    await tasks.close()


async def test_closing_includes_tasks_that_start_while_others_end(tasks):
    ended = []

    async def child():
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("child")

    async def parent():
        try:
            await asyncio.Event().wait()
        finally:
            tasks.start(child(), name="child")
            await asyncio.sleep(0)

    tasks.start(parent(), name="parent")
    await asyncio.sleep(0)
    await tasks.close()
    assert ended == ["child"]


async def test_closing_lets_tasks_end_within_the_grace_time(tasks):
    ended = []

    async def work(seconds):
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise
        ended.append("done")

    tasks.start(work(0.02), name="short")
    tasks.start(work(60), name="long")
    async with asyncio.timeout(30):
        await tasks.close(grace_seconds=0.5)
    assert ended == ["done", "cancelled"]


async def test_a_loop_is_restarted_with_growing_delays(tasks, sleeps, no_jitter, caplog):
    calls = 0

    async def step():
        nonlocal calls
        calls += 1
        if calls <= 3:
            raise OSError("away")
        if calls == 4:
            return  # a success: resets the delays
        if calls == 5:
            raise RuntimeError("a bug")
        await asyncio.Event().wait()

    backoff = Backoff(first=1.0, longest=100.0)
    tasks.keep_running(step, name="heartbeat", transient=OSError, backoff=backoff)
    await _settle()
    assert (calls, sleeps) == (6, [1.0, 2.0, 4.0, 1.0])
    assert "heartbeat failed, it is restarted: away" in caplog.text
    assert caplog.text.count("Traceback") == 1  # of the bug alone


async def test_a_loop_that_ran_long_is_restarted_soon(tasks, sleeps, no_jitter, monkeypatch):
    now = 0.0
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: now)
    calls = 0

    async def step():
        nonlocal calls, now
        calls += 1
        if calls == 4:
            await asyncio.Event().wait()
        now += 11.0 if calls == 3 else 1.0
        raise OSError("away")

    backoff = Backoff(first=1.0, longest=10.0)
    tasks.keep_running(step, name="listener", transient=OSError, backoff=backoff)
    await _settle()
    assert sleeps == [1.0, 2.0, 1.0]


async def test_a_loop_ends_when_it_is_told_to(tasks):
    calls = 0

    async def step():
        nonlocal calls
        calls += 1
        await asyncio.sleep(0)

    task = tasks.keep_running(step, name="claiming", until=lambda: calls == 3)
    await asyncio.wait_for(task, 5)
    assert calls == 3


async def test_each_restart_is_counted(tasks):
    restarts = metrics.TASK_RESTARTS.labels("counted loop")
    failed = asyncio.Event()

    async def run():
        if failed.is_set():
            await asyncio.Event().wait()
        failed.set()
        raise RuntimeError("a bug")

    tasks.keep_running(run, name="counted loop", backoff=Backoff(first=0.0))
    await asyncio.wait_for(failed.wait(), 5)
    await _settle()
    assert restarts._value.get() == 1
    assert tasks.is_running("counted loop")


async def test_a_block_owns_the_tasks_that_it_starts(caplog):
    ended = []

    async def work():
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.01)
            ended.append("cancelled")

    async def block():
        async with BackgroundTasks(Where.PROCESS) as tasks:
            tasks.start(work(), name="work")
            await asyncio.sleep(0)
            raise RuntimeError("of the block")

    with pytest.raises(RuntimeError, match="of the block"):
        await block()
    assert ended == ["cancelled"]
    assert caplog.text == ""


async def test_an_awaited_task_hands_its_result_or_error_to_the_one_who_awaits(tasks, caplog):
    async def work(error):
        await asyncio.sleep(0)
        if error is not None:
            raise error
        return 7

    assert await tasks.start_awaited(work(None), name="result") == 7
    with pytest.raises(OSError, match="away"):
        await tasks.start_awaited(work(OSError("away")), name="error")
    forgotten = tasks.start_awaited(work(OSError("away")), name="never awaited")
    await _settle()
    assert not tasks.is_running("never awaited")
    del forgotten
    gc.collect()
    assert caplog.text == ""  # nor does asyncio complain that nobody awaited it
