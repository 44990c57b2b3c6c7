"""What a member reads when a picker cannot be posted."""

from __future__ import annotations

import io
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import AsyncMock

import aiohttp
import discord
import pytest
from PIL import Image

from bot.errors import DiscordUnavailableError, RequestProblem, RequestRefused
from bot.exts.privacy.export import _borrowed_keys
from bot.exts.stylize.picker import PickerHandler
from bot.exts.stylize.picker_record import new_picker, recipe_and_options, request_of_job
from bot.exts.stylize.request import MASK_JSON, StylizeRequest
from bot.intake.job_request import PictureSource, SavedPicture
from bot.jobs.job_inputs import InputImage, InputSource, Interpretation
from bot.jobs.models import Origin
from bot.ops.reply_pacer import ReplyPacer
from bot.settings import Settings
from bot.views.privacy import HeldData
from bot.views.text import errors as text
from stylenet.recipe import Recipe

ORIGIN = Origin(guild_id=None, channel_id=2, message_id=3, requester_id=4)
PICTURE = PictureSource(url="https://cdn.example/a.png", filename="a.png")


def _sheet():
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def intake():
    saved = SavedPicture(key="k", filename="a.png", size=(8, 8), spoiler=False)

    @asynccontextmanager
    async def save_picture(source, origin, *, mask):
        yield saved, mask

    return SimpleNamespace(save_picture=save_picture)


async def _post(intake, error):
    """Post a picker in a channel whose posts fail with `error`."""
    preset = SimpleNamespace(
        name="mosaic", title="Mosaic", emoji="🏺", own=False, alt_text="", description=""
    )
    catalog = SimpleNamespace(
        presets=AsyncMock(return_value=[preset]), sheet=AsyncMock(return_value=_sheet())
    )
    dependencies = SimpleNamespace(
        settings=Settings(_env_file=None),
        intake=intake,
        catalog=catalog,
        store=None,
        reply_pacer=ReplyPacer(messages=100, window=1, max_waiting=1),
    )
    responder = SimpleNamespace(
        origin=ORIGIN,
        request_key="message:1",
        permissions=discord.Permissions.all(),
        channel=SimpleNamespace(send=AsyncMock(side_effect=error)),
    )
    request = StylizeRequest(origin=ORIGIN, pictures=(PICTURE,), avatar=PICTURE)
    await PickerHandler(dependencies).post(responder, request, unknown=None)


def _http(kind, status, code=0):
    return kind(SimpleNamespace(status=status, reason=""), {"code": code, "message": ""})


async def test_a_missing_permission_is_named_as_one(intake):
    with pytest.raises(RequestRefused) as refused:
        await _post(intake, _http(discord.Forbidden, 403, 50013))
    assert refused.value.problem is RequestProblem.NOT_ALLOWED_HERE


@pytest.mark.parametrize(
    "error", [_http(discord.DiscordServerError, 503), aiohttp.ServerDisconnectedError()]
)
async def test_an_outage_of_discord_is_not_called_a_missing_permission(intake, error):
    with pytest.raises(DiscordUnavailableError) as raised:
        await _post(intake, error)
    assert "Discord is not answering" in text.explain(raised.value)


def test_another_style_keeps_what_the_member_set_and_nothing_of_the_style(make_job):
    recipe = Recipe.named("default").evolve(
        size=512, keep_colors=True, seed=7, blend=(2, 1), style_fit="area", passes=20
    )
    recipe = recipe.evolve(style_weight=recipe.style_weight * 2)
    interpretation = Interpretation(
        content=InputImage(name="a.png", place=InputSource.ATTACHED),
        styles=(InputImage(name="Mosaic", place=InputSource.PRESET),),
        mask=InputImage(name="m.png", place=InputSource.ATTACHED),
    )
    job = make_job(
        recipe=recipe,
        preset="mosaic",
        spoiler=True,
        interpretation=interpretation,
        mask_keys=("jobs/x/mask-0",),
    )
    request = request_of_job(job, ORIGIN)
    assert (request.content.key, request.content.filename) == (job.content_key, "a.png")
    assert request.content.spoiler
    assert request.mask.key == "jobs/x/mask-0"
    picker = new_picker(10, request, request.content, request.mask)
    base, options = recipe_and_options(picker, default="default")
    assert base == Recipe.named("default")
    assert options == {
        "size": 512, "keep_colors": True, "passes": 20, "style_weight": recipe.style_weight
    }  # fmt: skip
    assert MASK_JSON.validate_python(picker.mask) == request.mask


@pytest.mark.parametrize("is_own", [True, False])
def test_another_style_of_another_members_picture_keeps_whose_it_is(make_job, is_own):
    requester_id = ORIGIN.requester_id + (not is_own)
    job = make_job(origin=replace(ORIGIN, requester_id=requester_id), mask_keys=("jobs/x/mask-0",))
    request = request_of_job(job, ORIGIN)
    picker = new_picker(10, request, request.content, request.mask)
    assert picker.content.is_borrowed != is_own
    assert MASK_JSON.validate_python(picker.mask).is_borrowed != is_own
    assert _borrowed_keys(HeldData(jobs=(), pickers=(picker,), offers=(), presets=())) == (
        set() if is_own else {picker.content_key, f"{Path(picker.content_key).parent}/mask"}
    )
