"""Samples of guilds' own styles, painted while nobody waits."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from PIL import Image

from bot.artefacts.folder import open_artefacts
from bot.executors.protocol import Failed, Finished
from bot.jobs.change_feed import JobFeed
from bot.jobs.guild_models import GuildPreset
from bot.jobs.store import JobStore
from bot.presets.samples import PresetSamples
from stylenet.events import Checkpoint, Losses, Progress


def picture(color, size=(96, 64)):
    out = io.BytesIO()
    Image.new("RGB", size, color).save(out, "PNG")
    return out.getvalue()


class Executor:
    """Plays what the test says instead of painting."""

    def __init__(self, *events):
        self.events = events
        self.works = []

    async def run(self, work, *, stop=None):
        self.works.append(work)
        for event in self.events:
            yield event


@pytest.fixture
async def kept(tmp_path):
    """A store and artefacts with one style that has no sample yet."""
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
        await store.presets.add(preset, limit=9)
        yield store.presets, artefacts


def progress(step):
    return Progress(
        step=step,
        total=3,
        scale=0,
        losses=Losses({"content": 1.0}),
        passes=float(step),
        seconds=1.0,
    )


async def test_a_sample_takes_the_place_of_the_detail(kept):
    presets, artefacts = kept
    executor = Executor(progress(1), Finished(image=picture("red", (256, 170))))
    samples = PresetSamples(presets, artefacts, executor, is_busy=lambda: False)
    assert await samples.paint_next()
    (work,) = executor.works
    assert Image.open(io.BytesIO(work.content)).width > 256  # the photograph
    assert work.styles == (picture("blue"),)

    (preset,) = await presets.of(7)
    shown = Image.open(io.BytesIO(await artefacts.get(preset.thumbnail_key)))
    assert shown.size == (216, 144)
    assert shown.convert("RGB").getpixel((9, 9))[0] > 200
    keys = {info.key async for info in artefacts.list("guilds/7/a/")}
    assert keys == {preset.picture_key, preset.thumbnail_key}
    assert not await samples.paint_next()


async def test_members_come_first_and_it_goes_on_afterwards(kept):
    presets, artefacts = kept
    busy = iter([False, False, True])
    executor = Executor(progress(1), Checkpoint(step=1, state=b"so far"), progress(2))
    samples = PresetSamples(presets, artefacts, executor, is_busy=lambda: next(busy))
    assert not await samples.paint_next()
    (preset,) = await presets.of(7)
    assert preset.thumbnail_key == "guilds/7/a/thumbnail"

    busy = iter([False])
    executor.events = (Finished(image=picture("red")),)
    assert await samples.paint_next()
    assert [work.checkpoint for work in executor.works] == [None, b"so far"]


async def test_what_cannot_be_painted_is_not_tried_for_ever(kept):
    presets, artefacts = kept
    executor = Executor(Failed(code="internal", message="no", retryable=False))
    samples = PresetSamples(presets, artefacts, executor, is_busy=lambda: False)
    assert not await samples.paint_next()
    assert not await samples.paint_next()
    assert len(executor.works) == 1


async def test_a_style_that_is_removed_meanwhile_leaves_nothing(kept):
    presets, artefacts = kept

    class Removing(Executor):
        async def run(self, work, *, stop=None):
            await presets.remove(7, "harbour")
            yield Finished(image=picture("red"))

    samples = PresetSamples(presets, artefacts, Removing(), is_busy=lambda: False)
    assert await samples.paint_next()
    keys = [info.key async for info in artefacts.list("guilds/7/a/")]
    assert "guilds/7/a/painted" not in keys
