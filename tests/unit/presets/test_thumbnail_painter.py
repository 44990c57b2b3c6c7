"""Thumbnails of guild presets, painted while the executor is idle."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from PIL import Image

from bot.artefacts import open_artefacts
from bot.executors.protocol import Failed, Finished
from bot.jobs.change_feed import JobFeed
from bot.jobs.models import GuildPreset
from bot.jobs.store import JobStore
from bot.ops.metrics import ERRORS
from bot.presets.thumbnail_painter import ThumbnailPainter
from stylenet.events import Checkpoint, Losses, Progress


def picture(color, size=(96, 64)):
    out = io.BytesIO()
    Image.new("RGB", size, color).save(out, "PNG")
    return out.getvalue()


class Executor:
    """Yields the given events instead of painting."""

    def __init__(self, *events):
        self.events = events
        self.works = []

    async def run(self, work, *, stop=None):
        self.works.append(work)
        for event in self.events:
            yield event


@pytest.fixture
async def kept(tmp_path):
    """A store and artefacts with one preset without a painted thumbnail."""
    artefacts = open_artefacts(str(tmp_path / "artefacts"))
    async with JobStore(f"sqlite:///{tmp_path}/jobs.sqlite3", feed=JobFeed()) as store:
        for name in ("picture", "thumbnail"):
            await artefacts.put(f"guilds/7/a/{name}", picture("blue"))
        preset = GuildPreset(
            guild_id=7,
            name="harbour",
            title="Harbour",
            emoji="🐳",
            alt_text="A harbour.",
            picture_key="guilds/7/a/picture",
            thumbnail_key="guilds/7/a/thumbnail",
            added_by=1,
            created_at=datetime(2026, 1, 1, tzinfo=UTC),
        )
        await store.guild_presets.add(preset, limit=9)
        yield store.guild_presets, artefacts


def progress(step):
    return Progress(
        step=step,
        total=3,
        scale=0,
        losses=Losses({"content": 1.0}),
        passes=float(step),
        seconds=1.0,
    )


async def test_a_painted_thumbnail_replaces_the_cropped_one(kept):
    presets, artefacts = kept
    executor = Executor(progress(1), Finished(image=picture("red", (256, 170))))
    samples = ThumbnailPainter(presets, artefacts, executor, is_busy=lambda: False)
    assert await samples.paint_next()
    (work,) = executor.works
    assert Image.open(io.BytesIO(work.content)).width > 256  # the photograph
    assert work.styles == (picture("blue"),)

    (preset,) = await presets.list_for_guild(7)
    shown = Image.open(io.BytesIO(await artefacts.get(preset.thumbnail_key)))
    assert shown.size == (216, 144)
    assert shown.convert("RGB").getpixel((9, 9))[0] > 200
    keys = {info.key async for info in artefacts.list("guilds/7/a/")}
    assert keys == {preset.picture_key, preset.thumbnail_key}
    assert not await samples.paint_next()


async def test_painting_stops_for_members_and_resumes(kept):
    presets, artefacts = kept
    busy = iter([False, False, True])
    executor = Executor(progress(1), Checkpoint(step=1, state=b"so far"), progress(2))
    samples = ThumbnailPainter(presets, artefacts, executor, is_busy=lambda: next(busy))
    assert not await samples.paint_next()
    (preset,) = await presets.list_for_guild(7)
    assert preset.thumbnail_key == "guilds/7/a/thumbnail"

    busy = iter([False])
    executor.events = (Finished(image=picture("red")),)
    assert await samples.paint_next()
    assert [work.checkpoint for work in executor.works] == [None, b"so far"]


async def test_a_permanent_failure_is_not_retried(kept):
    presets, artefacts = kept
    executor = Executor(Failed(code="internal", message="no", retryable=False))
    samples = ThumbnailPainter(presets, artefacts, executor, is_busy=lambda: False)
    failures = ERRORS.labels("presets", "internal")._value
    before = failures.get()
    assert not await samples.paint_next()
    assert failures.get() == before + 1
    assert not await samples.paint_next()
    assert len(executor.works) == 1


async def test_a_preset_removed_while_painting_leaves_no_thumbnail(kept):
    presets, artefacts = kept

    class Removing(Executor):
        async def run(self, work, *, stop=None):
            await presets.remove(7, "harbour")
            yield Finished(image=picture("red"))

    samples = ThumbnailPainter(presets, artefacts, Removing(), is_busy=lambda: False)
    assert await samples.paint_next()
    keys = [info.key async for info in artefacts.list("guilds/7/a/")]
    assert "guilds/7/a/painted" not in keys
