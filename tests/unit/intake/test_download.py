"""Downloads from a real server on loopback."""

from __future__ import annotations

import asyncio
import errno
import os
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from bot.errors import PictureProblem, PictureRefused, StorageFullError
from bot.intake import download as download_module
from bot.intake.download import allowed_origins, download, is_allowed
from bot.ops.retry import Backoff
from bot.settings import Settings


def origins_at(base):
    """The allowed origins with a local Discord, or with the real one."""
    return allowed_origins(Settings(_env_file=None, discord_url=base))


@asynccontextmanager
async def serving(handler):
    """A server that answers everything with the handler; yields (its address, a session)."""
    app = web.Application()
    app.router.add_get("/{path:.*}", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        async with aiohttp.ClientSession() as session:
            yield f"http://127.0.0.1:{port}", session
    finally:
        await runner.cleanup()


async def fetched(base, session, **options):
    options = {"filename": "a.png", "max_bytes": 1000, "timeout": 5.0, **options}
    return await downloaded(session, f"{base}/a.png", origins=origins_at(base), **options)


async def downloaded(session, url, **options):
    """Download into a file; return the file's bytes."""
    with tempfile.NamedTemporaryFile() as file:
        size = await download(session, url, Path(file.name), **options)
        data = file.read()
        assert len(data) == size
        return data


@pytest.fixture(autouse=True)
def _no_long_waits(monkeypatch):
    monkeypatch.setattr(download_module, "BACKOFF", Backoff(first=0.001))


async def test_returns_the_bytes_and_keeps_the_signed_query():
    async def handler(request):
        assert request.raw_path == "/a.png?ex=66&is=1f&hm=a%2Bb&"
        return web.Response(body=b"picture")

    async with serving(handler) as (base, session):
        url = f"{base}/a.png?ex=66&is=1f&hm=a%2Bb&"
        data = await downloaded(
            session, url, filename="a", origins=origins_at(base), max_bytes=10, timeout=5
        )
    assert data == b"picture"


@pytest.mark.parametrize("failures", [1, 3])
async def test_server_errors_are_retried(failures):
    seen = []

    async def handler(_):
        seen.append(1)
        return web.Response(status=503) if len(seen) <= failures else web.Response(body=b"ok")

    async with serving(handler) as (base, session):
        assert await fetched(base, session) == b"ok"


async def test_gives_up_after_the_last_attempt():
    async def handler(_):
        return web.Response(status=502)

    async with serving(handler) as (base, session):
        with pytest.raises(PictureRefused) as refused:
            await fetched(base, session)
    assert refused.value.problem is PictureProblem.DOWNLOAD_FAILED
    assert refused.value.got == "HTTP 502"


async def test_retry_after_is_honoured():
    seen = []

    async def handler(_):
        seen.append(asyncio.get_running_loop().time())
        if len(seen) == 1:
            return web.Response(status=429, headers={"Retry-After": "0.2"})
        return web.Response(body=b"ok")

    async with serving(handler) as (base, session):
        assert await fetched(base, session) == b"ok"
    assert seen[1] - seen[0] >= 0.19


async def test_a_connection_that_breaks_is_retried():
    seen = []

    async def handler(request):
        seen.append(1)
        if len(seen) == 1:
            response = web.StreamResponse(headers={"Content-Length": "100"})
            await response.prepare(request)
            await response.write(b"half")
            request.transport.close()
            return response
        return web.Response(body=b"whole")

    async with serving(handler) as (base, session):
        assert await fetched(base, session) == b"whole"


async def test_a_large_picture_is_written_in_small_parts(monkeypatch):
    picture, parts = os.urandom(5 * 1024 * 1024), []
    really_write = download_module._write

    async def write(file, chunk, **options):
        parts.append(len(chunk))
        await really_write(file, chunk, **options)

    monkeypatch.setattr(download_module, "_write", write)

    async def handler(_):
        return web.Response(body=picture)

    async with serving(handler) as (base, session):
        assert await fetched(base, session, max_bytes=len(picture)) == picture
    assert max(parts) <= download_module.CHUNK_BYTES < len(picture) / 10


async def test_a_full_disk_is_told_from_a_broken_connection(monkeypatch):
    def fail(*_, **_options):
        raise OSError(errno.ENOSPC, "no space left")

    monkeypatch.setattr(download_module, "open_private", fail)
    seen = []

    async def handler(_):
        seen.append(1)
        return web.Response(body=b"picture")

    async with serving(handler) as (base, session):
        with pytest.raises(StorageFullError):
            await fetched(base, session)
    assert len(seen) == 1


@pytest.mark.parametrize("status", [403, 404, 301])
async def test_other_statuses_are_not_retried(status):
    seen = []

    async def handler(_):
        seen.append(1)
        return web.Response(status=status, headers={"Location": "/elsewhere"})

    async with serving(handler) as (base, session):
        with pytest.raises(PictureRefused) as refused:
            await fetched(base, session)
    assert refused.value.got == f"HTTP {status}"
    assert len(seen) == 1


async def test_too_many_bytes_announced():
    async def handler(_):
        return web.Response(body=b"x" * 2000)

    async with serving(handler) as (base, session):
        with pytest.raises(PictureRefused) as refused:
            await fetched(base, session)
    assert refused.value.problem is PictureProblem.TOO_MANY_BYTES
    assert (refused.value.got, refused.value.limit) == ("2000", "1000")


async def test_too_many_bytes_streamed():
    async def handler(request):
        response = web.StreamResponse()  # chunked: announces nothing
        await response.prepare(request)
        try:
            while True:
                await response.write(b"x" * 700)
        except ConnectionError:
            return response

    async with serving(handler) as (base, session):
        with pytest.raises(PictureRefused) as refused:
            await fetched(base, session)
    assert refused.value.problem is PictureProblem.TOO_MANY_BYTES


async def test_a_slow_server_times_out():
    async def handler(_):
        await asyncio.sleep(5)
        return web.Response(body=b"late")

    async with serving(handler) as (base, session):
        with pytest.raises(PictureRefused) as refused:
            await fetched(base, session, timeout=0.1)
    assert (refused.value.problem, refused.value.got) == (
        PictureProblem.DOWNLOAD_FAILED,
        "timeout",
    )


@pytest.mark.parametrize(
    "url",
    [
        "http://cdn.discordapp.com/attachments/1/2/a.png",
        "https://cdn.discordapp.com:8443/a.png",
        "https://cdn.discordapp.com.evil.example/a.png",
        "https://user@cdn.discordapp.com/a.png",
        "https://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "//cdn.discordapp.com/a.png",
        "http://[not an address",
        "",
    ],
)
async def test_other_hosts_are_refused(url):
    async with aiohttp.ClientSession() as session:
        with pytest.raises(PictureRefused) as refused:
            await downloaded(
                session, url, filename="a.png", origins=origins_at(None), max_bytes=10, timeout=1
            )
    assert (refused.value.problem, refused.value.got) == (PictureProblem.DOWNLOAD_FAILED, "host")


def test_local_discord_replaces_the_real_one():
    assert origins_at("http://127.0.0.1:8123/") == {URL("http://127.0.0.1:8123")}
    assert URL("https://cdn.discordapp.com") in origins_at(None)


def test_hosts_come_from_the_setting():
    settings = Settings(_env_file=None, picture_hosts="pictures.example, cdn.discordapp.com,")
    origins = allowed_origins(settings)
    assert is_allowed("https://pictures.example/cat.png?size=1", origins)
    assert not is_allowed("http://pictures.example/cat.png", origins)
    assert not is_allowed("https://media.discordapp.net/cat.png", origins)
