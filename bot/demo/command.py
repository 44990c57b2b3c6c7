"""``python -m bot demo``: start a local Discord and the bot, and have one picture painted.

The playground and the bot run as processes of their own; the member's message is posted through
the chat page's API, as a browser would.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import re
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import aiohttp
from PIL import Image
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from bot.demo.child_processes import DemoError, run_bot, run_playground
from bot.demo.member import Member, Message

if TYPE_CHECKING:
    import argparse
    from collections.abc import AsyncIterator, Sequence

__all__ = ["DemoResult", "add_arguments", "run_demo"]

REQUEST_TIMEOUT = aiohttp.ClientTimeout(total=60)
STEP_OF_TOTAL = re.compile(r"step (\d+) of (\d+)", re.IGNORECASE)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``python -m bot demo``."""
    parser.add_argument(
        "--once",
        action="store_true",
        help="exit when the picture is painted instead of serving the chat page",
    )
    parser.add_argument(
        "--out",
        type=Path,
        help="folder for the result, the snapshots and the transcript (with --once: demo-out)",
    )
    parser.add_argument(
        "--content", type=Path, help="the picture to repaint (default: a sample photograph)"
    )
    parser.add_argument("--style", type=Path, help="the style picture (default: that of --preset)")
    parser.add_argument(
        "--preset",
        default="mosaic",
        help="style preset, unless --style is given (default: %(default)s)",
    )
    parser.add_argument(
        "--recipe", default="default", help="name of the recipe (default: %(default)s)"
    )
    parser.add_argument("--size", type=int, help="longest side of the painting in pixels")
    parser.add_argument("--port", type=int, default=0, help="port of the chat page (default: any)")
    parser.add_argument(
        "--timeout",
        type=float,
        default=1800,
        help="seconds to wait for the picture (default: %(default).0f)",
    )


def run_demo(options: argparse.Namespace) -> int:
    """Run the demo and return the exit status.

    Args:
        options: the parsed arguments that `add_arguments` declares.
    """
    console = Console(stderr=False)
    try:
        return asyncio.run(_demo(options, console))
    except DemoError as error:
        console.print(f"[bold red]The demo stopped:[/] {error}", highlight=False)
        return 1
    except KeyboardInterrupt:
        return 130


async def _demo(options: argparse.Namespace, console: Console) -> int:
    pictures = await asyncio.to_thread(_read_pictures, options)
    out: Path | None = options.out
    if options.once and out is None:
        out = Path("demo-out")
    with tempfile.TemporaryDirectory(prefix="stylebot-demo-", ignore_cleanup_errors=True) as folder:
        async with contextlib.AsyncExitStack() as stack:
            with _progress(console) as progress:
                starting = progress.add_task("starting a local Discord", total=None)
                playground = await stack.enter_async_context(
                    run_playground(Path(folder), port=options.port)
                )
                progress.update(starting, description="starting the bot")
                session = await stack.enter_async_context(
                    aiohttp.ClientSession(timeout=REQUEST_TIMEOUT)
                )
                member = Member(session, playground)
                bot = await stack.enter_async_context(run_bot(Path(folder), playground, options))
                await member.wait_for_bot(bot)
                progress.remove_task(starting)
                console.print(f"Watch at [bold underline]{playground.url}[/].", highlight=False)
                painting = asyncio.create_task(
                    _request_painting(member, pictures, progress, seconds=options.timeout)
                )
                bot_end = asyncio.create_task(bot.wait())
                try:
                    await asyncio.wait({painting, bot_end}, return_when=asyncio.FIRST_COMPLETED)
                    if not painting.done():
                        raise DemoError(bot.describe_exit())
                    result = await painting
                finally:
                    for task in (painting, bot_end):
                        task.cancel()
                    await asyncio.gather(painting, bot_end, return_exceptions=True)
            if out is not None:
                await asyncio.to_thread(_write, out, result, member.transcript)
                console.print(f"Written to [bold]{out}[/]:", *sorted(p.name for p in out.iterdir()))
            console.print(
                f"Card after [bold]{result.card_seconds:.2f} s[/], "
                f"first snapshot after [bold]{result.first_snapshot_seconds:.1f} s[/], "
                f"final picture after [bold]{result.final_seconds:.1f} s[/].",
                highlight=False,
            )
            if not options.once:
                console.print(
                    f"\nNow try it yourself: [bold underline]{playground.url}[/]\n"
                    "Drop in two pictures and type [bold]!stylize[/]. Press Ctrl-C here to stop.",
                    highlight=False,
                )
                await bot.wait_or_interrupt()
                if bot.has_exited:
                    raise DemoError(bot.describe_exit())
    return 0


def _progress(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    )


@dataclass(frozen=True, kw_only=True)
class DemoResult:
    """The pictures of the request and its latencies.

    Latencies are in seconds, from before the member's message is uploaded until the chat page
    receives the bot's message.

    Attributes:
        result: the finished picture, encoded.
        result_filename: name to write it under.
        snapshots: (name, encoded picture), oldest first.
    """

    result: bytes
    result_filename: str
    snapshots: tuple[tuple[str, bytes], ...]
    card_seconds: float
    first_snapshot_seconds: float
    final_seconds: float


def _read_pictures(options: argparse.Namespace) -> list[tuple[str, bytes]]:
    """Return the member's two files as (name, bytes), the content first.

    Raises:
        DemoError: a file cannot be read, or there is no such preset.
    """
    try:
        content = (
            (options.content.name, options.content.read_bytes())
            if options.content
            else ("chelsea.png", _sample_photograph())
        )
        if options.style:
            return [content, (options.style.name, options.style.read_bytes())]
    except OSError as error:
        raise DemoError(f"cannot read {error.filename}: {error.strerror}") from error
    from bot.presets import library  # noqa: PLC0415 - only for a preset

    preset = library.get(options.preset)
    if preset is None:
        names = ", ".join(each.name for each in library.PRESETS)
        raise DemoError(f"there is no preset {options.preset!r}; there are {names}")
    return [content, (preset.picture_filename, preset.picture_bytes())]


def _sample_photograph() -> bytes:
    """Return a PNG of a cat: a CC0 photograph by Stéfan van der Walt, from scikit-image.

    Raises:
        DemoError: scikit-image is not installed.
    """
    try:
        from skimage import data  # noqa: PLC0415 - a demo dependency
    except ImportError as error:
        raise DemoError(
            "the sample photograph comes with scikit-image: install the extra 'demo', "
            "or give --content and --style"
        ) from error
    buffer = io.BytesIO()
    photograph = data.chelsea()  # type: ignore[no-untyped-call]
    Image.fromarray(photograph).save(buffer, "PNG")
    return buffer.getvalue()


async def _request_painting(
    member: Member, pictures: Sequence[tuple[str, bytes]], progress: Progress, *, seconds: float
) -> DemoResult:
    """Post the request and wait for its final picture.

    Raises:
        DemoError: the bot refused or failed, or no picture arrived within `seconds`.
    """
    try:
        async with asyncio.timeout(seconds), member.listen() as messages:
            started = time.monotonic()
            await member.post("!stylize", pictures)
            return await _follow_job(member, messages, progress, started)
    except TimeoutError as error:
        raise DemoError(f"no final picture within {seconds:.0f} seconds") from error


async def _follow_job(
    member: Member, messages: AsyncIterator[Message], progress: Progress, started: float
) -> DemoResult:
    painting = progress.add_task("painting", total=None)
    snapshots: dict[PurePosixPath, tuple[str, bytes]] = {}
    card_seconds = first_snapshot_seconds = 0.0
    card_id: str | None = None
    async for message in messages:
        if card_id is None:
            if not message["embeds"]:
                raise DemoError(f"the bot answered: {message['content']}")
            card_id, card_seconds = message["id"], time.monotonic() - started
        if message["id"] != card_id:
            if not message["attachments"]:
                raise DemoError(f"the bot answered: {message['content']}")
            final = message["attachments"][0]
            final_seconds = time.monotonic() - started
            progress.remove_task(painting)
            return DemoResult(
                result=await member.download(final["url"]),
                result_filename=f"result{Path(final['filename']).suffix}",
                snapshots=tuple(snapshots.values()),
                card_seconds=card_seconds,
                first_snapshot_seconds=first_snapshot_seconds or final_seconds,
                final_seconds=final_seconds,
            )
        if found := STEP_OF_TOTAL.search(json.dumps(message["embeds"])):
            progress.update(painting, completed=int(found[1]), total=int(found[2]))
        for embed in message["embeds"]:
            if "image" not in embed:
                continue
            address = embed["image"]["url"]
            path = PurePosixPath(urlsplit(address).path)  # without the signature in the query
            if path.name.startswith("step-") and path not in snapshots:  # not the sheet of inputs
                first_snapshot_seconds = first_snapshot_seconds or time.monotonic() - started
                name = f"snapshot-{len(snapshots) + 1:02}{path.suffix}"
                snapshots[path] = (name, await member.download(address))
    raise DemoError("the local Discord closed the connection")


def _write(out: Path, result: DemoResult, transcript: Sequence[dict[str, Any]]) -> None:
    """Write the result, the snapshots and the transcript into a folder."""
    out.mkdir(parents=True, exist_ok=True)
    (out / result.result_filename).write_bytes(result.result)
    for name, data in result.snapshots:
        (out / name).write_bytes(data)
    (out / "transcript.json").write_text(json.dumps(transcript, indent=1), encoding="utf-8")
