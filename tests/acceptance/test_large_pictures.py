"""Pictures that are too large for a message of their guild, or for the worker's memory."""

from __future__ import annotations

import dataclasses
import io

import numpy as np
import pytest
import torch
from PIL import Image

from bot.executors.process import ProcessExecutor
from bot.executors.protocol import Finished
from bot.playground.server import Playground
from stylenet.architecture import down_to
from stylenet.engine.memory import plan_memory
from stylenet.losses.tiling import margin_of
from stylenet.recipe import RECIPES

from .conftest import (
    CONTENT,
    STYLE,
    ChannelClient,
    custom_ids,
    painting,
    running,
    settings_for,
    text_of,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

MIB = 1024 * 1024


def _grainy() -> bytes:
    """A PNG of noise: more than a message of an unboosted guild holds, in few pixels."""
    pixels = np.random.default_rng(1).integers(0, 256, (1900, 2048, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


@pytest.fixture
def grainy(monkeypatch):
    """Replace the result of every painting of a bot in this process by this picture."""
    picture, run = _grainy(), ProcessExecutor.run
    assert 10 * MIB < len(picture) < 50 * MIB

    async def replaced(self, work, *, stop=None):
        async for event in run(self, work, stop=stop):
            is_last = isinstance(event, Finished)
            yield dataclasses.replace(event, image=picture) if is_last else event

    monkeypatch.setattr(ProcessExecutor, "run", replaced)
    return picture


async def _posted(channel):
    """The finished picture's file: what it is called, its bytes, and it opened."""
    earlier = {each.id for each in channel.finals()}
    channel.ask("!stylize passes=1", CONTENT, STYLE)
    finals = await channel.wait(lambda: [f for f in channel.finals() if f.id not in earlier])
    [attachment, *_] = finals[0].attachments
    return attachment.filename, channel.playground.cdn.read(attachment), channel.picture(attachment)


@pytest.mark.usefixtures("app")
async def test_a_picture_is_posted_as_large_as_the_guilds_boosts_allow(channel, grainy):
    playground, guild = channel.playground, channel.playground.scene.guild
    try:
        name, data, picture = await _posted(channel)
        assert not name.endswith(".png")
        assert 4 * MIB < len(data) < 10 * MIB
        assert picture.size == (2048, 1900)

        for tier in (2, 3):
            playground.set_boost_tier(guild, tier)
            name, data, _ = await _posted(channel)
            assert name.endswith(".png")
            assert data == grainy
    finally:
        playground.set_boost_tier(guild, 0)


@pytest.mark.usefixtures("app")
async def test_a_picture_that_discord_refuses_is_reduced(channel, grainy, painting_gate):
    playground, guild = channel.playground, channel.playground.scene.guild
    playground.set_boost_tier(guild, 2)
    name, _, _ = await _posted(channel)
    assert name.endswith(".png")  # so the bot knows of the boosts
    try:
        guild.premium_tier = 0  # they expire without an event
        name, data, picture = await _posted(channel)
        assert not name.endswith(".png")
        assert 4 * MIB < len(data) < 10 * MIB
        assert picture.size == (2048, 1900)

        with painting_gate.hold():
            channel.ask("!stylize passes=3", CONTENT, STYLE)
            await channel.wait(lambda: len(channel.cards()) == 3)
            declined = playground.faults.fail(path=r"POST .*/messages$", status=413, count=2)
        finals = await channel.wait(lambda: len(channel.finals()) == 3 and channel.finals())
        assert declined.hits == 2  # at what boosts allow, then at what any guild takes
        assert finals[-1].attachments[0].size < 5 * MIB
    finally:
        playground.faults.clear()
        playground.set_boost_tier(guild, 0)


def _is_refused(message):
    offers_less = any(":smaller" in each for each in custom_ids(message))
    return offers_less and "too large for my memory" in text_of(message)


@pytest.mark.usefixtures("painting_workers")
async def test_what_exceeds_the_memory_is_painted_in_tiles_and_beyond_that_refused(tmp_path):
    limit = 460 * MIB
    recipe = RECIPES["default"]
    margin = margin_of(down_to(recipe.layers, recipe.deepest))
    half, whole = (
        plan_memory(torch.device("cpu"), *size, history=recipe.history, margin=margin, limit=limit)
        for size in ((128, 102), (256, 205))
    )
    assert half.tile_side is None
    assert whole.tile_side is not None
    async with Playground(rate_limit_scale=0) as playground:
        settings = settings_for(playground, tmp_path, size=128, painting_memory_bytes=limit)
        async with running(settings):
            channel = ChannelClient(playground)
            content = ("harbour.png", painting(1, width=320, height=256))
            channel.ask("!stylize passes=1", content, STYLE)
            sizes = []
            for count in (1, 2):
                finals = await channel.wait(
                    lambda n=count: len(channel.finals()) == n and channel.finals()
                )
                sizes.append(channel.picture(finals[-1].attachments[0]).size)
                larger = next(each for each in custom_ids(finals[-1]) if ":larger" in each)
                await playground.press(channel.me, finals[-1], larger).settled.wait()
            assert sizes == [(128, 102), (256, 205)]
            await channel.wait(lambda: any(map(_is_refused, channel.answers())))
