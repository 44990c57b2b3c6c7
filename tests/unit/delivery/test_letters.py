"""The outcome's message: a picture that fits, or why there is none."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from bot.delivery import letters
from bot.jobs.model import JobState


@pytest.fixture
def noise() -> bytes:
    """A picture that no lossless format makes small."""
    random = np.random.default_rng(1)
    buffer = io.BytesIO()
    pixels = random.integers(0, 256, (300, 400, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


async def test_a_picture_that_fits_is_sent_as_it_is(make_job, noise):
    job = make_job(state=JobState.SUCCEEDED, result_key="r")
    letter = await letters.write(job, noise, limit=len(noise), privately=False)
    [file] = letter.files
    assert file.fp.read() == noise
    assert file.filename == "tubingen-the-scream.png"
    assert file.description == "tubingen.jpg × The Scream, painted by style transfer"
    assert letter.content == "<@4>, here is **tubingen.jpg × The Scream**."


async def test_a_picture_that_does_not_fit_is_made_to(make_job, noise):
    job = make_job(state=JobState.SUCCEEDED, result_key="r")
    limit = len(noise) // 4
    letter = await letters.write(job, noise, limit=limit, privately=False)
    [file] = letter.files
    data = file.fp.read()
    assert len(data) <= limit
    assert file.filename.endswith(".webp")
    assert Image.open(io.BytesIO(data)).format == "WEBP"


async def test_a_failed_job_says_why_and_can_be_tried_again(make_job):
    job = make_job(state=JobState.FAILED, error_code="out_of_memory")
    letter = await letters.write(job, None, limit=1, privately=False)
    assert letter.files == []
    assert "could not be painted" in letter.content
    assert "smaller `size`" in letter.content
    assert letter.view.children


async def test_a_private_letter_names_the_closed_channel(make_job, noise):
    job = make_job(state=JobState.SUCCEEDED, result_key="r")
    letter = await letters.write(job, noise, limit=len(noise), privately=True)
    assert "<#2>" in letter.content


async def test_a_spoiler_is_sent_as_one(make_job, noise):
    job = make_job(state=JobState.SUCCEEDED, result_key="r", spoiler=True)
    letter = await letters.write(job, noise, limit=len(noise), privately=False)
    assert letter.files[0].filename.startswith("SPOILER_")


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("IMG_0001.JPEG × Stained glass", "img-0001-stained-glass.png"),
        ("日本.png × 絵.png", "painting.png"),
        ("x" * 300, "x" * 60 + ".png"),
        ("../../etc/passwd × .ssh", "etc-passwd.png"),
    ],
)
def test_file_names_are_plain(make_job, title, name):
    assert letters.filename(make_job(title=title), "png") == name
