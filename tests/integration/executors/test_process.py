"""A real worker process, painting tiny pictures."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest
import pytest_asyncio
from PIL import Image

from bot.errors import ConfigurationError
from bot.executors.process import ProcessExecutor, create_executor
from bot.executors.protocol import (
    Cancelled,
    EncodedSnapshot,
    Failed,
    Finished,
    Work,
)
from bot.settings import Settings
from stylenet import images
from stylenet.events import Checkpoint, Progress
from stylenet.recipe import Recipe

pytestmark = pytest.mark.asyncio(loop_scope="module")


def picture(angle: int = 0, size: tuple[int, int] = (64, 48)) -> bytes:
    buffer = io.BytesIO()
    Image.linear_gradient("L").resize(size).rotate(angle).convert("RGB").save(buffer, "PNG")
    return buffer.getvalue()


def work(
    *,
    passes: int = 6,
    coarsest: int = 0,
    checkpoint: bytes | None = None,
    content: bytes | None = None,
    start: bytes | None = None,
    styles: tuple[bytes, ...] = (),
    masks: tuple[bytes | None, ...] = (),
) -> Work:
    return Work(
        job_id="job",
        content=picture() if content is None else content,
        styles=styles or (picture(90),),
        recipe=Recipe(size=64, passes=passes, coarsest=coarsest),
        masks=masks,
        start=start,
        checkpoint=checkpoint,
    )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def executor():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DISCORD_TOKEN", "a secret")
        opened = ProcessExecutor(checkpoint_seconds=0, grace_seconds=60)
        await opened.start()
        assert await opened.ready() == opened.devices
        yield opened
        await opened.close()
        assert opened.workers == ()


async def test_a_picture_is_painted(executor):
    events = [event async for event in executor.run(work())]

    assert isinstance(events[0], EncodedSnapshot)
    assert events[0].step == 0
    progress = [event for event in events if isinstance(event, Progress)]
    assert [event.step for event in progress] == list(range(1, len(progress) + 1))
    assert set(progress[0].losses) == {"content", "style", "total_variation"}
    assert progress[-1].losses.total < progress[0].losses.total
    assert any(isinstance(event, Checkpoint) for event in events)
    last = events[-1]
    assert isinstance(last, Finished)
    assert not any(isinstance(event, Finished | Failed | Cancelled) for event in events[:-1])
    assert images.decode(last.image).size == (64, 48)
    assert last.report["device"]
    assert last.report["width"] == 64
    assert images.decode(events[0].image).size == (64, 48)


@pytest.mark.parametrize("coarsest", [0, 32])
async def test_a_stopped_painting_resumes_from_its_checkpoint(executor, coarsest):
    """At full size, and at a smaller scale."""
    stop = asyncio.Event()
    events = []
    async for event in executor.run(work(passes=300, coarsest=coarsest), stop=stop):
        events.append(event)
        if isinstance(event, Progress) and event.step == 4:
            stop.set()

    assert isinstance(events[-1], Cancelled)
    checkpoint = events[-2]
    assert isinstance(checkpoint, Checkpoint)
    assert checkpoint.step >= 4

    assert {images.decode(e.image).size for e in events if isinstance(e, EncodedSnapshot)} == {
        (64, 48)
    }
    resumed = executor.run(work(passes=300, coarsest=coarsest, checkpoint=checkpoint.state))
    async for event in resumed:
        if isinstance(event, Progress):
            assert event.step == checkpoint.step + 1
            break
    await resumed.aclose()


async def test_the_start_picture_is_the_first_snapshot(executor):
    begun = picture(180, size=(32, 24))
    events = [event async for event in executor.run(work(start=begun))]

    shown = np.asarray(images.decode(events[0].image), dtype=float)
    expected = np.asarray(images.fit_exactly(images.decode(begun), 64, 48), dtype=float)
    assert np.abs(shown - expected).mean() < 4  # it is WebP
    assert isinstance(events[-1], Finished)


async def test_masks_go_with_their_styles(executor):
    left = Image.new("L", (64, 48))
    left.paste(255, (0, 0, 20, 48))
    mask = images.encode(left.convert("RGB"), "png")
    styles = (picture(90), picture(180))

    async def painted(*masks):
        *_, last = [event async for event in executor.run(work(styles=styles, masks=masks))]
        assert isinstance(last, Finished), last
        return np.asarray(images.decode(last.image), dtype=int)

    original = np.asarray(images.decode(picture()), dtype=int)
    both = await painted(mask, mask)
    np.testing.assert_array_equal(both[:, 30:], original[:, 30:])
    assert (both[:, :20] != original[:, :20]).any()
    first, second = await painted(mask, None), await painted(None, mask)
    assert (first[:, 30:] != original[:, 30:]).any()
    assert (first != second).any()

    black = images.encode(Image.new("RGB", (8, 8)), "png")
    *_, last = [event async for event in executor.run(work(masks=(black,)))]
    assert (last.code, last.retryable) == ("empty_mask", False)


async def test_closing_cancels_and_the_worker_is_reused(executor):
    before = executor.workers
    painting = executor.run(work(passes=1000))
    assert isinstance(await anext(painting), EncodedSnapshot)
    await painting.aclose()

    events = [event async for event in executor.run(work())]

    assert isinstance(events[-1], Finished)
    assert executor.workers == before


async def test_a_checkpoint_that_does_not_match_is_ignored(executor):
    events = [event async for event in executor.run(work(checkpoint=b"nonsense"))]

    assert isinstance(events[-1], Finished)
    assert events[0].step == 0


async def test_an_unreadable_picture_fails_permanently_and_the_worker_continues(executor):
    before = executor.workers
    (event,) = [event async for event in executor.run(work(content=b"not a picture"))]

    assert isinstance(event, Failed)
    assert (event.code, event.retryable) == ("unreadable_picture", False)
    assert executor.workers == before


async def test_waiting_for_a_slot_can_be_cancelled(executor):
    first, second = executor.run(work(passes=1000)), executor.run(work())
    await anext(first)
    waiting = asyncio.create_task(anext(second))
    await asyncio.sleep(0.1)
    waiting.cancel()
    await asyncio.wait({waiting})
    await second.aclose()
    await first.aclose()

    assert isinstance([event async for event in executor.run(work())][-1], Finished)


async def test_a_worker_has_no_secrets_and_a_low_priority(executor):
    worker = psutil.Process(executor.workers[0])

    assert "DISCORD_TOKEN" not in worker.environ()
    assert worker.environ()["OMP_WAIT_POLICY"] == "PASSIVE"
    if executor.devices == ("cpu",):
        assert worker.nice() > psutil.Process().nice()


async def test_a_worker_that_does_not_stop_is_killed_and_replaced(executor, monkeypatch):
    monkeypatch.setattr(executor, "_grace_seconds", 1)
    (hung,) = executor.workers
    painting = executor.run(work(passes=1000))
    await anext(painting)
    os.kill(hung, signal.SIGSTOP)
    await painting.aclose()  # asks, waits for the grace, kills

    assert isinstance([event async for event in executor.run(work())][-1], Finished)
    assert executor.workers != (hung,)


async def test_a_silent_worker_is_killed_and_its_work_is_retryable(executor, monkeypatch):
    (hung,) = executor.workers
    monkeypatch.setattr(executor, "_silence_seconds", 10)
    painting = executor.run(work(passes=1000))
    await anext(painting)
    os.kill(hung, signal.SIGSTOP)
    events = [event async for event in painting]

    assert isinstance(events[-1], Failed)
    assert (events[-1].code, events[-1].retryable) == ("worker_died", True)
    await executor.close()
    assert not psutil.pid_exists(hung)


async def test_unusable_weights_are_reported_to_the_operator(tmp_path):
    weights = tmp_path / "weights.mat"
    weights.write_bytes(b"nonsense")
    executor = ProcessExecutor(weights=weights)
    await executor.start()
    try:
        with pytest.raises(ConfigurationError, match="STYLEBOT_WEIGHTS: the worker cannot paint"):
            await executor.ready()
    finally:
        await executor.close()


async def test_a_painting_respects_the_memory_limit():
    settings = Settings(_env_file=None, painting_memory_bytes=1000)
    executor = create_executor(settings)
    await executor.start()
    try:
        *_, last = [event async for event in executor.run(work())]
        assert (last.code, last.retryable) == ("out_of_memory", False)
    finally:
        await executor.close()


async def test_a_worker_dies_with_its_parent(tmp_path):
    script = tmp_path / "parent.py"
    script.write_text(
        "import asyncio\n"
        "from bot.executors.process import ProcessExecutor\n"
        "async def main():\n"
        "    executor = ProcessExecutor()\n"
        "    await executor.start()\n"
        "    while not executor.workers:\n"
        "        await asyncio.sleep(0.01)\n"
        "    print(executor.workers[0], flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable, str(script), stdout=asyncio.subprocess.PIPE, cwd=Path.cwd()
    )
    worker = int(await asyncio.wait_for(parent.stdout.readline(), 60))
    parent.kill()
    await parent.wait()
    parent._transport.close()

    async with asyncio.timeout(60):
        while psutil.pid_exists(worker):
            await asyncio.sleep(0.1)


async def test_a_device_that_is_missing_is_the_operators_to_mend_even_if_others_are_present():
    executor = ProcessExecutor(devices="cpu,cuda:77")
    await executor.start()
    try:
        with pytest.raises(ConfigurationError, match=r"STYLEBOT_DEVICES: .*'cuda:77'"):
            await executor.all_ready()
    finally:
        await executor.close()


async def test_an_empty_list_of_devices_is_refused():
    with pytest.raises(ConfigurationError, match="STYLEBOT_DEVICES"):
        ProcessExecutor(devices=" , ")
