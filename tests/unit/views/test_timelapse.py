"""The animation of a painting: every frame, within its bound."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from bot.views.timelapse import LAST_MILLISECONDS, timelapse
from stylenet import images


def _frames(count, width=320, height=200):
    random = np.random.default_rng(0)
    noise = random.integers(0, 256, (count, height, width, 3), dtype=np.uint8)
    return [images.encode(frame, "png") for frame in noise]


def test_every_frame_is_shown_and_the_last_one_longest():
    with Image.open(io.BytesIO(timelapse(_frames(4), max_bytes=10**7))) as animation:
        assert (animation.n_frames, animation.size) == (4, (320, 200))
        assert animation.info["loop"] == 0
        durations = []
        for number in range(4):
            animation.seek(number)
            animation.load()
            durations.append(animation.info["duration"])
    assert durations[-1] == LAST_MILLISECONDS
    assert max(durations[:-1]) < LAST_MILLISECONDS


def test_it_is_made_to_fit():
    whole = timelapse(_frames(3), max_bytes=10**7)
    bounded = timelapse(_frames(3), max_bytes=len(whole) // 4)
    assert len(bounded) <= len(whole) // 4
    with Image.open(io.BytesIO(bounded)) as animation:
        assert animation.n_frames == 3
    with pytest.raises(ValueError, match="no time-lapse fits"):
        timelapse(_frames(3), max_bytes=100)


def test_frames_of_another_size_are_brought_to_the_last_ones():
    frames = [*_frames(1, 64, 40), *_frames(1)]
    with Image.open(io.BytesIO(timelapse(frames, max_bytes=10**7))) as animation:
        assert animation.size == (320, 200)


def test_one_picture_is_no_time_lapse():
    with pytest.raises(ValueError, match="1 frames"):
        timelapse(_frames(1), max_bytes=10**7)
