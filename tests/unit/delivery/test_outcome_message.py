"""The outcome's message: a picture that fits, or why there is none."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from bot.delivery.job_pictures import JobPictures
from bot.delivery.outcome_message import build_outcome_message
from bot.jobs.models import JobState
from bot.views.result_picture import filename


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
    message = await build_outcome_message(
        job, JobPictures(result=noise), limit=len(noise), largest_size=2048, is_private=False
    )
    [file] = message.files
    assert file.fp.read() == noise
    assert file.filename == "tubingen-the-scream.png"
    assert file.description == "tubingen.jpg × The Scream, painted by style transfer"
    assert message.content == "<@4>, here is **tubingen.jpg × The Scream**.\n-# full size"
    assert message.embed is None


async def test_a_picture_that_does_not_fit_is_made_to(make_job, noise):
    job = make_job(state=JobState.SUCCEEDED, result_key="r")
    limit = len(noise) // 4
    message = await build_outcome_message(
        job, JobPictures(result=noise), limit=limit, largest_size=2048, is_private=False
    )
    [file] = message.files
    data = file.fp.read()
    assert len(data) <= limit
    extension = file.filename.rpartition(".")[2]
    assert Image.open(io.BytesIO(data)).format == {"webp": "WEBP", "jpg": "JPEG"}[extension]


async def test_a_failed_job_says_why_and_can_be_tried_again(make_job):
    job = make_job(state=JobState.FAILED, error_code="out_of_memory")
    message = await build_outcome_message(
        job, JobPictures(), limit=1, largest_size=2048, is_private=False
    )
    assert message.files == []
    assert "could not be painted" in message.content
    assert "smaller `size`" in message.content
    assert message.view.children


async def test_a_private_message_names_the_original_channel(make_job, noise):
    job = make_job(state=JobState.SUCCEEDED, result_key="r")
    message = await build_outcome_message(
        job, JobPictures(result=noise), limit=len(noise), largest_size=2048, is_private=True
    )
    assert "<#2>" in message.content


async def test_a_spoiler_is_sent_as_one(make_job, noise):
    job = make_job(state=JobState.SUCCEEDED, result_key="r", spoiler=True)
    message = await build_outcome_message(
        job, JobPictures(result=noise), limit=len(noise), largest_size=2048, is_private=False
    )
    assert message.files[0].filename.startswith("SPOILER_")


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
    assert filename(make_job(title=title), "png") == name


async def test_before_after_and_style_stand_side_by_side(make_job, noise):
    job = make_job(state=JobState.SUCCEEDED, result_key="r")
    pictures = JobPictures(result=noise, content=noise, styles=(noise,))
    message = await build_outcome_message(
        job, pictures, limit=len(noise), largest_size=2048, is_private=False
    )
    _, strip = message.files
    assert message.embed.image.url == f"attachment://{strip.filename}"
    assert strip.description == (
        "Side by side: tubingen.jpg before, the painting after, and the style The Scream"
    )
    width, height = Image.open(strip.fp).size
    assert width > 2.5 * height
    hidden = await build_outcome_message(
        make_job(state=JobState.SUCCEEDED, result_key="r", spoiler=True),
        pictures,
        limit=len(noise),
        largest_size=2048,
        is_private=False,
    )
    assert hidden.embed is None
    assert all(file.filename.startswith("SPOILER_") for file in hidden.files)
