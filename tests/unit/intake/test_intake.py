"""Intake with real downloads, inspection, artefacts and database."""

from __future__ import annotations

import asyncio
import io
import os
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import SimpleNamespace

import aiohttp
import pytest
from aiohttp import web
from PIL import Image

from bot.artefacts import open_artefacts
from bot.artefacts.keys import preview_key
from bot.errors import (
    DiscordUnavailableError,
    LimitReached,
    PictureProblem,
    PictureRefused,
    RequestProblem,
    RequestRefused,
    StorageFullError,
)
from bot.intake.acceptance import JobAcceptance
from bot.intake.inspection import Inspector
from bot.intake.intake import Intake, default_size
from bot.intake.job_request import JobRequest, PictureSource
from bot.jobs.change_feed import JobFeed
from bot.jobs.models import JobState, Origin, Picker
from bot.jobs.store import JobStore
from bot.settings import Settings
from stylenet.recipe import Recipe

ORIGIN = Origin(guild_id=1, channel_id=2, message_id=3, requester_id=4)


def picture(width=80, height=60, color=(200, 40, 40), mode="RGB"):
    out = io.BytesIO()
    image = Image.new(mode, (width, height), color)
    if mode == "RGB":
        image.paste("white", (0, 0, width // 2, height // 2))
    image.save(out, "PNG")
    return out.getvalue()


FILES = {
    "content.png": picture(),
    "plain.png": picture(color="white"),
    "clear.png": picture(color=(0, 0, 0, 0), mode="RGBA"),
    "style.png": picture(64, 64, (20, 90, 200)),
    "tiny.png": picture(4, 4),
    "text.png": b"no picture at all",
}


@dataclass
class PresetCatalog:
    """A catalog of one preset."""

    title: str = "Sky"
    recipe_changes: dict = field(default_factory=lambda: {"style_weight": 900, "passes": 12})

    async def picture(self):
        return FILES["style.png"]

    async def preview(self):
        return FILES["style.png"]

    async def get(self, name, /, *, guild_id):
        return self if name == "sky" and guild_id == ORIGIN.guild_id else None

    async def nearest(self, name, /, *, guild_id):
        return "sky" if name.startswith("s") else None


@pytest.fixture
async def env(tmp_path):
    """Real dependencies, and `make(**settings)`, which builds an `Intake`."""

    async def serve(request):
        name = request.match_info["name"]
        return web.Response(body=FILES[name]) if name in FILES else web.Response(status=404)

    app = web.Application()
    app.router.add_get("/{name}", serve)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    artefacts = open_artefacts(str(tmp_path / "artefacts"))
    basic = Settings(data_dir=tmp_path, discord_url=base, min_free_disk_bytes=0)
    async with (
        JobStore(f"sqlite+aiosqlite:///{tmp_path / 'jobs.sqlite3'}", feed=JobFeed()) as store,
        Inspector(basic) as inspector,
        aiohttp.ClientSession() as session,
    ):

        def make(**changes):
            changed = basic.model_copy(update=changes)
            return Intake(
                changed,
                acceptance=JobAcceptance(changed, store=store, artefacts=artefacts),
                artefacts=artefacts,
                inspector=inspector,
                presets=PresetCatalog(),
                session=session,
            )

        yield SimpleNamespace(make=make, store=store, artefacts=artefacts, base=base)
    await artefacts.close()
    await runner.cleanup()


def make_source(env, name, **options):
    return PictureSource(url=f"{env.base}/{name}", filename=name, **options)


def make_request(env, content="content.png", style="style.png", **options):
    styles = (make_source(env, style),) if style else ()
    options = {"recipe": Recipe.named("default"), **options}
    return JobRequest(origin=ORIGIN, content=make_source(env, content), styles=styles, **options)


async def stored_keys(env):
    return sorted([info.key async for info in env.artefacts.list()])


def artefact_keys(job):
    keys = [job.content_key, *job.style_keys]
    return sorted([*keys, *map(preview_key, keys)])


async def test_accepts_two_pictures(env):
    job = await env.make().accept(make_request(env, request_key="message:3"))
    assert job.state is JobState.QUEUED
    assert job.origin == ORIGIN
    assert job.title == "content.png × style.png"
    assert job.content_size == (80, 60)
    assert await env.artefacts.get(job.content_key) == FILES["content.png"]
    assert await env.artefacts.get(job.style_keys[0]) == FILES["style.png"]
    preview = await env.artefacts.get(preview_key(job.content_key))
    assert Image.open(io.BytesIO(preview)).size == (80, 60)
    assert await env.store.get(job.job_id) == job


async def test_accepts_a_preset_and_its_recipe(env):
    request = make_request(env, style=None, presets=("sky",), options={"passes": 30})
    job = await env.make().accept(request)
    assert (job.preset, job.title) == ("sky", "content.png × Sky")
    assert await env.artefacts.get(job.style_keys[0]) == FILES["style.png"]
    assert job.recipe.style_weight == 900  # the preset's
    assert job.recipe.passes == 30  # the member's option overrides the preset's


async def test_missing_size_gets_the_default(env):
    assert (await env.make().accept(make_request(env))).recipe.size == 384
    assert (await env.make(size=512).accept(make_request(env))).recipe.size == 512
    request = make_request(env, options={"size": 640})
    assert (await env.make(size=512).accept(request)).recipe.size == 640


async def test_spoiler_is_kept(env):
    request = JobRequest(
        origin=ORIGIN,
        content=make_source(env, "content.png", spoiler=True),
        styles=(make_source(env, "style.png"),),
        recipe=Recipe.named("default"),
    )
    assert (await env.make().accept(request)).spoiler


async def test_same_request_key_returns_the_same_job(env):
    intake = env.make()
    first = await intake.accept(make_request(env, request_key="message:3"))
    again = await intake.accept(make_request(env, request_key="message:3"))
    assert again.job_id == first.job_id
    assert await stored_keys(env) == artefact_keys(first)


async def test_rejected_job_leaves_no_artefacts(env):
    intake = env.make(max_jobs_per_member=1)
    first = await intake.accept(make_request(env))
    with pytest.raises(LimitReached) as reached:
        await intake.accept(make_request(env))
    assert reached.value.scope == "member"
    assert await stored_keys(env) == artefact_keys(first)


@pytest.mark.parametrize(
    ("content", "style", "problem", "filename"),
    [
        ("tiny.png", "style.png", PictureProblem.TOO_SMALL, "tiny.png"),
        ("content.png", "text.png", PictureProblem.NOT_A_PICTURE, "text.png"),
        ("gone.png", "style.png", PictureProblem.DOWNLOAD_FAILED, "gone.png"),
        ("plain.png", "style.png", PictureProblem.SINGLE_COLOR, "plain.png"),
        ("clear.png", "style.png", PictureProblem.TRANSPARENT, "clear.png"),
        ("content.png", "clear.png", PictureProblem.TRANSPARENT, "clear.png"),
    ],
)
async def test_unusable_picture_is_refused_by_name(env, content, style, problem, filename):
    with pytest.raises(PictureRefused) as refused:
        await env.make().accept(make_request(env, content, style))
    assert (refused.value.problem, refused.value.filename) == (problem, filename)
    assert await stored_keys(env) == []
    assert await env.store.list_for_member(ORIGIN.requester_id) == []


async def test_style_of_a_single_colour_is_accepted(env):
    assert (await env.make().accept(make_request(env, style="plain.png"))).style_keys


async def test_single_colour_is_not_saved_as_content(env):
    with pytest.raises(PictureRefused) as refused:
        await _save_picker(env, env.make(), 1, "plain.png")
    assert refused.value.problem is PictureProblem.SINGLE_COLOR


async def test_file_announced_as_too_large_is_not_downloaded(env):
    request = JobRequest(
        origin=ORIGIN,
        content=PictureSource(url="https://nowhere.example/", filename="raw.tif", size=10**9),
        styles=(make_source(env, "style.png"),),
        recipe=Recipe.named("default"),
    )
    with pytest.raises(PictureRefused) as refused:
        await env.make().accept(request)
    assert (refused.value.problem, refused.value.got) == (
        PictureProblem.TOO_MANY_BYTES,
        "1000000000",
    )


@pytest.mark.parametrize(
    ("changes", "problem", "detail", "suggestion"),
    [
        ({"presets": ("skye",)}, RequestProblem.UNKNOWN_PRESET, "skye", "sky"),
        ({"presets": ("oil",)}, RequestProblem.UNKNOWN_PRESET, "oil", None),
        (
            {"options": {"passes": -1}},
            RequestProblem.BAD_OPTION_VALUE,
            "passes",
            "a number from 1 to 10000",
        ),
        ({"options": {"strngth": 2}}, RequestProblem.UNKNOWN_OPTION, "strngth", ...),
    ],
)
async def test_unknown_preset_or_invalid_option_is_refused(
    env, changes, problem, detail, suggestion
):
    with pytest.raises(RequestRefused) as refused:
        await env.make().accept(make_request(env, **changes))
    assert (refused.value.problem, refused.value.detail) == (problem, detail)
    if suggestion is not ...:
        assert refused.value.suggestion == suggestion


async def test_too_many_styles_are_refused(env):
    request = JobRequest(
        origin=ORIGIN,
        content=make_source(env, "content.png"),
        styles=(make_source(env, "style.png"),) * 5,
        recipe=Recipe.named("default"),
    )
    with pytest.raises(RequestRefused) as refused:
        await env.make().accept(request)
    assert refused.value.problem is RequestProblem.TOO_MANY_PICTURES


def test_a_request_needs_a_style():
    with pytest.raises(ValueError, match="style picture or a preset"):
        JobRequest(
            origin=ORIGIN,
            content=PictureSource(url="", filename="a.png"),
            recipe=Recipe.named("default"),
        )


async def test_size_is_limited_by_the_setting(env):
    intake = env.make(largest_size=256)
    assert (await intake.accept(make_request(env))).recipe.size == 256
    with pytest.raises(RequestRefused) as refused:
        await intake.accept(make_request(env, options={"size": 257}))
    assert (refused.value.detail, refused.value.suggestion) == (
        "size=257",
        "at most 256 pixels",
    )


async def test_full_disk_is_refused_before_downloading(env):
    with pytest.raises(LimitReached) as reached:
        await env.make(min_free_disk_bytes=10**18).accept(make_request(env, "gone.png"))
    assert (reached.value.scope, reached.value.limit) == ("disk", 10**18)


async def test_disk_filling_up_leaves_no_artefacts(env, monkeypatch):
    put_file = env.artefacts.put_file

    async def put_one(key, file):
        if "style" in key:
            raise StorageFullError("no space left")
        await put_file(key, file)

    intake = env.make()
    monkeypatch.setattr(env.artefacts, "put_file", put_one)
    with pytest.raises(LimitReached) as reached:
        await intake.accept(make_request(env))
    assert reached.value.scope == "disk"
    assert await stored_keys(env) == []


async def test_requests_leave_no_temporary_files(env, tmp_path):
    left_over = tmp_path / "uploads" / "of a killed process"
    left_over.mkdir(parents=True)
    os.utime(left_over, (0, 0))
    intake = env.make()
    await intake.accept(make_request(env))
    with pytest.raises(PictureRefused):
        await intake.accept(make_request(env, "text.png"))
    assert list((tmp_path / "uploads").iterdir()) == []


async def test_saved_picture_is_used_by_a_later_request(env):
    intake = env.make()
    source = make_source(env, "content.png", spoiler=True)
    async with intake.save_picture(source, ORIGIN) as (saved, _):
        pass
    assert (saved.filename, saved.spoiler, saved.size) == ("content.png", True, (80, 60))
    assert saved.key.startswith("pickers/")
    request = JobRequest(
        origin=ORIGIN, content=saved, presets=("sky",), recipe=Recipe.named("default")
    )
    job = await intake.accept(request)
    assert await env.artefacts.get(job.content_key) == FILES["content.png"]
    assert job.content_size == (80, 60)
    assert job.spoiler


async def test_a_picture_whose_picker_is_not_posted_is_deleted(env):
    intake = env.make()
    with pytest.raises(DiscordUnavailableError):
        async with intake.save_picture(make_source(env, "content.png"), ORIGIN):
            raise DiscordUnavailableError("503")
    assert await stored_keys(env) == []


async def _save_picker(env, intake, message_id, file="content.png"):
    async with intake.save_picture(make_source(env, file), ORIGIN) as (saved, _):
        await env.store.pickers.save(
            Picker(
                message_id=message_id,
                channel_id=ORIGIN.channel_id,
                guild_id=ORIGIN.guild_id,
                requester_id=ORIGIN.requester_id,
                request_message_id=None,
                content_key=saved.key,
                filename="content.png",
                spoiler=False,
                created_at=datetime.now(UTC),
                stored_bytes=saved.stored_bytes,
            )
        )
        return saved.stored_bytes


@pytest.mark.parametrize("scope", ["member", "guild"])
async def test_open_pickers_and_cancelled_jobs_count_against_the_caps(env, scope):
    size = await _save_picker(env, env.make(), 1)
    intake = env.make(**{f"max_stored_bytes_per_{scope}": size * 7 // 2})
    job = await intake.accept(make_request(env))
    of_member, _ = await env.store.stored_bytes.measure(ORIGIN.requester_id, None)
    assert of_member == size  # a job to be painted does not count
    await env.store.cancel(job.job_id)
    with pytest.raises(LimitReached) as reached:
        await _save_picker(env, intake, 2)
    assert reached.value.scope == f"{scope}_storage"
    with pytest.raises(LimitReached):
        await intake.accept(make_request(env, request_key="another"))


async def test_pictures_that_are_being_saved_count_against_the_caps(env):
    size = await _save_picker(env, env.make(), 1)
    intake = env.make(max_stored_bytes_per_member=size * 5 // 2)
    async with intake.save_picture(make_source(env, "content.png"), ORIGIN):
        with pytest.raises(LimitReached):
            async with intake.save_picture(make_source(env, "content.png"), ORIGIN):
                pass


def test_the_default_size_depends_on_the_devices_unless_it_is_set():
    settings = Settings(_env_file=None)
    assert default_size(settings, ("cpu",)) == 384
    assert default_size(settings, ("cuda:0", "cuda:1")) == 1024
    assert default_size(Settings(_env_file=None, size=200), ("cpu",)) == 200


async def test_slow_pictures_of_one_member_hold_up_only_that_member(env, monkeypatch):
    intake, served, release = env.make(), [], asyncio.Event()
    inspect = Inspector.inspect

    async def slow(self, data, *, filename):
        served.append(filename)
        if filename == "style.png":
            await release.wait()
        return await inspect(self, data, filename=filename)

    monkeypatch.setattr(Inspector, "inspect", slow)
    slow_ones = [
        asyncio.create_task(intake.accept(make_request(env, "style.png", request_key=str(number))))
        for number in range(6)
    ]
    while not served:
        await asyncio.sleep(0.01)
    other = replace(
        make_request(env, style=None, presets=("sky",)), origin=replace(ORIGIN, requester_id=5)
    )
    job = await asyncio.wait_for(intake.accept(other), 60)
    assert job.origin.requester_id == 5
    assert served == ["style.png", "content.png"]
    release.set()
    await asyncio.gather(*slow_ones, return_exceptions=True)
