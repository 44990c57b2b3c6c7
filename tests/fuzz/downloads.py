"""Hostile servers and addresses, by the bot's own download."""

from __future__ import annotations

import asyncio
import gzip
import tracemalloc
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import NamedTemporaryFile

import aiohttp
from aiohttp import web

from bot.errors import PictureRefused
from bot.intake.download import allowed_origins, download
from bot.settings import Settings
from bot.views.text.errors import explain

MAX_BYTES = 1 << 20
MAX_MEMORY = 64 << 20
SECONDS = 1.0
PATIENCE = 20.0

HOST = "cdn.discordapp.com"
ADDRESSES = (
    *(f"{scheme}://{HOST}/a.png" for scheme in ("http", "ftp", "file", "ws", "gopher", "data")),
    *(
        "file:///etc/passwd",
        "data:image/png;base64,AAAA",
        "javascript:alert(1)",
        "//" + HOST,
        "",
        " ",
    ),
    *(f"https://{host}/a.png" for host in ("127.0.0.1", "[::1]", "0.0.0.0", "2130706433")),
    *(f"https://{host}/a.png" for host in ("0x7f000001", "017700000001", "169.254.169.254")),
    *(f"https://{host}/a.png" for host in ("localhost", "[::ffff:127.0.0.1]", "metadata.google")),
    *(f"https://{user}@{HOST}/a.png" for user in ("user", "user:password", ":", "evil.example:80")),
    *(f"https://{HOST}{rest}" for rest in (".evil.example/", "@evil.example/", ":80/", ":22/a")),
    *(f"https://evil.example{rest}" for rest in (f"/{HOST}", f"?{HOST}", f"#{HOST}", f"\\@{HOST}")),
    *(f"https://evil{HOST}/", f"https://evil.{HOST}/", f"https://{HOST}\\.evil.example/"),
    *(f"https://{HOST}%2eevil.example/", f"https://{HOST}%00.evil.example/", f"https:{HOST}"),
    *("https://cdn。discordapp。com.evil/", "https://cdn.discordapp.com\t.evil/", "https://"),
    *("https://xn--cdn-/", "https://[", "https://]/", "https://" + "a" * 70_000, "https://:443/"),
)
"""None of them is allowed."""


@dataclass
class Report:
    """What came of each case, and what must not have happened."""

    outcomes: dict[str, str] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)


async def _endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(bytes(1 << 16))


async def _slow(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b"a")
        await asyncio.sleep(0.05)


async def _silent(_: web.Request) -> web.StreamResponse:
    await asyncio.sleep(PATIENCE)
    return web.Response()


async def _compressed(_: web.Request) -> web.StreamResponse:
    return web.Response(body=_packed(), headers={"Content-Encoding": "gzip"})


@cache
def _packed() -> bytes:
    """A quarter of a gigabyte of zeros."""
    return gzip.compress(bytes(256 << 20), 1)


async def _lying(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b"short")
    request.transport.close()
    return response


async def _announced(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": str(1 << 40)})
    await response.prepare(request)
    return response


async def _redirect(_: web.Request) -> web.StreamResponse:
    raise web.HTTPFound("http://169.254.169.254/latest/meta-data/")


async def _redirect_to_itself(request: web.Request) -> web.StreamResponse:
    raise web.HTTPFound(request.url)


async def _many_headers(_: web.Request) -> web.StreamResponse:
    return web.Response(headers={f"X-{number}": "a" * 8000 for number in range(200)})


async def _waits_for_ever(_: web.Request) -> web.StreamResponse:
    return web.Response(status=429, headers={"Retry-After": "1e9"})


HANDLERS = {
    "endless": _endless,
    "slow": _slow,
    "silent": _silent,
    "compressed": _compressed,
    "shorter than announced": _lying,
    "a terabyte announced": _announced,
    "redirect to a private address": _redirect,
    "redirect to itself": _redirect_to_itself,
    "many headers": _many_headers,
    "asks to wait for years": _waits_for_ever,
}


@asynccontextmanager
async def _serving():
    app = web.Application()
    for number, handler in enumerate(HANDLERS.values()):
        app.router.add_get(f"/{number}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def run() -> Report:
    """Run every case."""
    report = Report()
    _packed()
    async with _serving() as base, aiohttp.ClientSession() as session:
        origins = allowed_origins(Settings(_env_file=None, discord_url=base))
        for number, name in enumerate(HANDLERS):
            tracemalloc.start()
            await _download(report, session, name, f"{base}/{number}", origins)
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            if peak > MAX_MEMORY:
                report.failures.append(f"{name}: took {peak >> 20} MiB")
        origins = allowed_origins(Settings(_env_file=None))
        for address in ADDRESSES:
            outcomes = Report()
            await _download(outcomes, session, address, address, origins)
            report.failures += outcomes.failures
            if outcomes.outcomes.get(address) != "host":
                report.failures.append(f"{address!r} was asked for: {outcomes.outcomes}")
        report.outcomes[f"{len(ADDRESSES)} addresses"] = "not one is asked for"
    return report


async def _download(report, session, name, address, origins) -> None:
    try:
        with NamedTemporaryFile() as file:
            async with asyncio.timeout(PATIENCE):
                await download(
                    session,
                    address,
                    Path(file.name),
                    filename="a.png",
                    origins=origins,
                    max_bytes=MAX_BYTES,
                    timeout=SECONDS,
                )
    except PictureRefused as refused:
        report.outcomes[name] = str(refused.got)
        if not explain(refused):
            report.failures.append(f"{name}: no sentence for {refused}")
    except BaseException as error:
        report.failures.append(f"{name}: {error!r}")
    else:
        report.failures.append(f"{name}: downloaded")
