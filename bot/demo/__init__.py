"""The whole thing on one machine: a local Discord, the real bot, and one picture painted.

Everything here is done from outside, as a stranger would: the playground and the bot run as
processes of their own, and the member's message goes through the chat page's own interface.
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

from bot.demo.member import Member, Message
from bot.demo.processes import DemoError, run_bot, run_playground

if TYPE_CHECKING:
    import argparse
    from collections.abc import AsyncIterator, Sequence

__all__ = ["add_arguments", "run_demo"]

REQUEST_TIMEOUT = aiohttp.ClientTimeout(total=60)
STEP_OF_TOTAL = re.compile(r"step (\d+) of (\d+)", re.IGNORECASE)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``python -m bot demo``."""
    parser.add_argument(
        "--once", action="store_true", help="stop when the picture is painted, instead of staying"
    )
    parser.add_argument(
        "--out", type=Path, help="folder for the result, the snapshots and the transcript"
    )
    parser.add_argument("--content", type=Path, help="a picture of your own to repaint")
    parser.add_argument("--style", type=Path, help="a picture of your own whose style to use")
    parser.add_argument(
        "--preset", default="mosaic", help="the sample style (default: %(default)s)"
    )
    parser.add_argument("--recipe", default="default", help="recipe (default: %(default)s)")
    parser.add_argument("--size", type=int, help="longest side painted, in pixels")
    parser.add_argument("--port", type=int, default=0, help="port of the chat page (default: any)")
    parser.add_argument(
        "--timeout", type=float, default=1800, help="seconds to wait for the picture"
    )


def run_demo(options: argparse.Namespace) -> int:
    """Run the demonstration; the process's exit status comes back.

    Args:
        options: what `add_arguments` declared, parsed.
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
    pictures = await asyncio.to_thread(_pictures, options)
    out: Path | None = options.out
    if options.once and out is None:
        out = Path("demo-out")
    with tempfile.TemporaryDirectory(
        prefix="stylebot-demo-", ignore_cleanup_errors=True
    ) as scratch:
        async with contextlib.AsyncExitStack() as stack:
            with _progress(console) as progress:
                starting = progress.add_task("starting a local Discord", total=None)
                playground = await stack.enter_async_context(
                    run_playground(Path(scratch), port=options.port)
                )
                progress.update(starting, description="starting the bot")
                session = await stack.enter_async_context(
                    aiohttp.ClientSession(timeout=REQUEST_TIMEOUT)
                )
                member = Member(session, playground)
                bot = await stack.enter_async_context(run_bot(Path(scratch), playground, options))
                await member.wait_for_bot(bot)
                progress.remove_task(starting)
                console.print(f"Watch at [bold underline]{playground.url}[/].", highlight=False)
                painting = asyncio.create_task(
                    _paint(member, pictures, progress, seconds=options.timeout)
                )
                dying = asyncio.create_task(bot.wait_for_death())
                try:
                    await asyncio.wait({painting, dying}, return_when=asyncio.FIRST_COMPLETED)
                    if not painting.done():
                        raise DemoError(bot.last_words())
                    story = await painting
                finally:
                    for task in (painting, dying):
                        task.cancel()
                    await asyncio.gather(painting, dying, return_exceptions=True)
            if out is not None:
                await asyncio.to_thread(_write, out, story, member.transcript)
                console.print(f"Written to [bold]{out}[/]:", *sorted(p.name for p in out.iterdir()))
            console.print(
                f"Card after [bold]{story.card_seconds:.2f} s[/], "
                f"first snapshot after [bold]{story.first_snapshot_seconds:.1f} s[/], "
                f"final picture after [bold]{story.final_seconds:.1f} s[/].",
                highlight=False,
            )
            if not options.once:
                console.print(
                    f"\nIt is your turn: [bold underline]{playground.url}[/]\n"
                    "Drop in two pictures and type [bold]!stylize[/]. Ctrl-C here ends it.",
                    highlight=False,
                )
                await bot.wait_for_death_or_interrupt()
                if bot.died:
                    raise DemoError(bot.last_words())
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
class Story:
    """What came of the request. Snapshots are (name, bytes), oldest first.

    Seconds are counted from before the member's message is uploaded to the moment in which the
    chat page is told of the answer.
    """

    result: bytes
    result_filename: str
    snapshots: tuple[tuple[str, bytes], ...]
    card_seconds: float
    first_snapshot_seconds: float
    final_seconds: float


def _pictures(options: argparse.Namespace) -> list[tuple[str, bytes]]:
    """The member's two files, content first: (name, bytes)."""
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
    from bot.presets import library  # noqa: PLC0415 - only where the sample style is wanted

    preset = library.get(options.preset)
    if preset is None:
        names = ", ".join(each.name for each in library.PRESETS)
        raise DemoError(f"there is no preset {options.preset!r}; there are {names}")
    return [content, (preset.picture_filename, preset.picture_bytes())]


def _sample_photograph() -> bytes:
    """A cat called Chelsea: a CC0 photograph by Stéfan van der Walt, from scikit-image."""
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


async def _paint(
    member: Member, pictures: Sequence[tuple[str, bytes]], progress: Progress, *, seconds: float
) -> Story:
    """Post the request and follow it to its final picture.

    Raises:
        DemoError: the bot said why there is no picture, or none came within `seconds`.
    """
    try:
        async with asyncio.timeout(seconds), member.listening() as messages:
            started = time.monotonic()
            await member.post("!stylize", pictures)
            return await _follow(member, messages, progress, started)
    except TimeoutError as error:
        raise DemoError(f"no final picture within {seconds:.0f} seconds") from error


async def _follow(
    member: Member, messages: AsyncIterator[Message], progress: Progress, started: float
) -> Story:
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
            return Story(
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
            path = PurePosixPath(urlsplit(address).path)  # what follows it is a signature
            if path.name.startswith("step-") and path not in snapshots:  # else what was taken
                first_snapshot_seconds = first_snapshot_seconds or time.monotonic() - started
                name = f"snapshot-{len(snapshots) + 1:02}{path.suffix}"
                snapshots[path] = (name, await member.download(address))
    raise DemoError("the local Discord closed the connection")


def _write(out: Path, story: Story, transcript: Sequence[dict[str, Any]]) -> None:
    """Leave the result, the snapshots and the transcript in a folder."""
    out.mkdir(parents=True, exist_ok=True)
    (out / story.result_filename).write_bytes(story.result)
    for name, data in story.snapshots:
        (out / name).write_bytes(data)
    (out / "transcript.json").write_text(json.dumps(transcript, indent=1), encoding="utf-8")
