"""``python -m bot demo``: start a local Discord and the bot, and have one picture painted.

The playground and the bot run as processes of their own; the member's message is posted through
the chat page's API, as a browser would. Nothing that a visitor of the page does ends the demo.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import math
import signal
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
from pydantic import ValidationError
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)

from bot.demo.child_processes import DemoError, run_bot, run_playground
from bot.demo.member import Member
from bot.demo.sample_request import (
    PaintedSample,
    SampleCancelledError,
    paint_sample,
    read_pictures,
)
from bot.ops.error_report import Where
from bot.ops.tasks import BackgroundTasks
from bot.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from bot.demo.child_processes import ChildProcess

__all__ = ["add_arguments", "run_demo"]

REQUEST_TIMEOUT = aiohttp.ClientTimeout(total=60)


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
    parser.add_argument(
        "--port", type=_port, default=0, help="port of the chat page (default: any)"
    )
    parser.add_argument(
        "--timeout",
        type=_seconds,
        default=1800,
        help="seconds to wait for the picture (default: %(default).0f)",
    )


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) >= 1 << 16:
        msg = f"{text!r} is not a port from 0 to 65535"
        raise argparse.ArgumentTypeError(msg)
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        msg = f"{text!r} is not a number of seconds above 0"
        raise argparse.ArgumentTypeError(msg)
    return seconds


def run_demo(options: argparse.Namespace) -> int:
    """Run the demo and return the exit status.

    Args:
        options: the parsed arguments that `add_arguments` declares.
    """
    console = Console(stderr=False)
    try:
        return asyncio.run(_until_terminated(_demo(options, console)))
    except DemoError as error:
        console.print(f"[bold red]The demo stopped:[/] {error}", highlight=False)
        return 1
    except KeyboardInterrupt:
        return 130
    except asyncio.CancelledError:
        return 128 + signal.SIGTERM


async def _until_terminated(demo: Coroutine[Any, Any, int]) -> int:
    """Run the demo; SIGTERM cancels it, so that it stops the processes it has started."""
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await demo


async def _demo(options: argparse.Namespace, console: Console) -> int:
    pictures = await asyncio.to_thread(read_pictures, options)
    if options.once and options.out is None:
        options.out = Path("demo-out")
    if options.out is not None:
        await asyncio.to_thread(_require_folder, options.out)
    with tempfile.TemporaryDirectory(prefix="stylebot-demo-", ignore_cleanup_errors=True) as folder:
        data_dir = _chosen_data_dir() or Path(folder) / "data"
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
                bot = await stack.enter_async_context(
                    run_bot(Path(folder), playground, options, data_dir=data_dir)
                )
                await member.wait_for_bot(bot)
            console.print(f"Watch at [bold underline]{playground.url}[/].", highlight=False)
            console.print(_where_kept(data_dir, Path(folder)), highlight=False, soft_wrap=True)
            sample = _paint_sample(options, member, pictures, console)
            if options.once:
                await _run_beside(bot, sample)
            else:
                await _serve(bot, sample, console)
    return 0


def _require_folder(path: Path) -> None:
    """Create a folder to write to, unless it exists.

    Raises:
        DemoError: it cannot be created or written to.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise DemoError(f"cannot write to {path}: {error.strerror}") from error


def _chosen_data_dir() -> Path | None:
    """Return the folder that ``STYLEBOT_DATA_DIR`` names; None if it is not set."""
    try:
        settings = Settings()
    except ValidationError:  # the bot says what is wrong
        return None
    return settings.data_dir.absolute() if "data_dir" in settings.model_fields_set else None


def _where_kept(data_dir: Path, folder: Path) -> str:
    if data_dir.is_relative_to(folder):
        until = f"Pictures, jobs and logs are in {folder} until the demo stops"
        return f"{until}; set STYLEBOT_DATA_DIR to keep the pictures and jobs."
    return f"Pictures and jobs are kept in {data_dir}; logs are in {folder} until the demo stops."


async def _run_beside(bot: ChildProcess, sample: Any) -> None:  # noqa: ANN401 - a coroutine
    """Wait for the sample.

    Raises:
        DemoError: it was not painted, or the bot exited.
    """
    async with BackgroundTasks(Where.PROCESS) as tasks:
        painting = tasks.start_awaited(sample, name="sample")
        bot_end = tasks.start_awaited(bot.wait(), name="wait for the bot")
        await asyncio.wait({painting, bot_end}, return_when=asyncio.FIRST_COMPLETED)
        if not painting.done():
            raise DemoError(bot.describe_exit())
        await painting


async def _serve(bot: ChildProcess, sample: Any, console: Console) -> None:  # noqa: ANN401
    """Serve the chat page until interrupted, whatever becomes of the sample.

    Raises:
        DemoError: the bot exited.
    """
    console.print(
        "Meanwhile, drop in two pictures of your own and type [bold]!stylize[/]. "
        "Press Ctrl-C here to stop.",
        highlight=False,
    )
    async with BackgroundTasks(Where.PROCESS) as tasks:
        tasks.start(_report_end(sample, console), name="sample")
        await bot.wait_or_interrupt()
    if bot.has_exited:
        raise DemoError(bot.describe_exit())


async def _report_end(sample: Any, console: Console) -> None:  # noqa: ANN401 - a coroutine
    try:
        await sample
    except SampleCancelledError as error:
        console.print(f"The sample is not painted: {_without_stop(error)}.", highlight=False)
    except (DemoError, aiohttp.ClientError, TimeoutError) as error:
        console.print(
            f"The sample is not followed any more: {_without_stop(error)}.", highlight=False
        )
    console.print("The page goes on. Press Ctrl-C here to stop.", highlight=False)


def _without_stop(error: Exception) -> str:
    return str(error).rstrip(".")


async def _paint_sample(
    options: argparse.Namespace,
    member: Member,
    pictures: Sequence[tuple[str, bytes]],
    console: Console,
) -> None:
    """Have the sample painted; write and print the results.

    Raises:
        DemoError: it was not painted within the time.
    """
    with _progress(console) as progress:
        painting = progress.add_task("painting", total=100)
        try:
            async with asyncio.timeout(options.timeout):
                painted = await paint_sample(
                    member,
                    pictures,
                    lambda percentage: progress.update(painting, completed=percentage),
                )
        except TimeoutError as error:
            raise DemoError(f"no final picture within {options.timeout:.0f} seconds") from error
        finally:
            progress.remove_task(painting)
    out: Path | None = options.out
    if out is not None:
        names = await asyncio.to_thread(_write, out, painted, member.transcript)
        console.print(f"Written to [bold]{out}[/]:", *names)
    console.print(
        f"Card after [bold]{painted.card_seconds:.2f} s[/], "
        f"first snapshot after [bold]{painted.first_snapshot_seconds:.1f} s[/], "
        f"final picture after [bold]{painted.final_seconds:.1f} s[/].",
        highlight=False,
    )


def _progress(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=console,
    )


def _write(out: Path, painted: PaintedSample, transcript: Sequence[dict[str, Any]]) -> list[str]:
    """Write the result, the snapshots and the transcript; return the names in the folder."""
    (out / painted.result_filename).write_bytes(painted.result)
    for name, data in painted.snapshots:
        (out / name).write_bytes(data)
    (out / "transcript.json").write_text(json.dumps(transcript, indent=1), encoding="utf-8")
    return sorted(path.name for path in out.iterdir())
