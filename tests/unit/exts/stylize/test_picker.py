"""What a member reads when a picker cannot be posted."""

from __future__ import annotations

import io
from contextlib import asynccontextmanager
from types import SimpleNamespace
from unittest.mock import AsyncMock

import aiohttp
import discord
import pytest
from PIL import Image

from bot.errors import DiscordUnavailableError, RequestProblem, RequestRefused
from bot.exts.stylize.picker import PickerHandler
from bot.exts.stylize.request import StylizeRequest
from bot.intake.job_request import PictureSource, SavedPicture
from bot.jobs.models import Origin
from bot.settings import Settings
from bot.views.text import errors as text

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
    async def save_picture(source, origin):
        yield saved

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
        settings=Settings(_env_file=None), intake=intake, catalog=catalog, store=None
    )
    responder = SimpleNamespace(
        origin=ORIGIN,
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
