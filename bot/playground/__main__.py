"""Run a local Discord until interrupted: ``python -m bot.playground``."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
from pathlib import Path

from bot.playground.coverage import describe_coverage
from bot.playground.server import Playground


def main(arguments: list[str] | None = None) -> int:
    """Run a playground until interrupted and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bot.playground", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address")
    parser.add_argument("--port", type=int, default=0, help="0 picks a free port")
    parser.add_argument(
        "--seed-members", type=int, default=3, metavar="N", help="number of members"
    )
    parser.add_argument("--token", help="the bot's token (default: random)")
    parser.add_argument(
        "--scene",
        type=Path,
        metavar="FILE",
        help="JSON file with the state: loaded if it exists, and saved at the end",
    )
    parser.add_argument(
        "--ready-file", type=Path, metavar="FILE", help="JSON file, written once the server listens"
    )
    parser.add_argument(
        "--coverage",
        action="store_true",
        help="print which of Discord's operations and events are served, and exit",
    )
    options = parser.parse_args(arguments)
    if options.coverage:
        sys.stdout.write(describe_coverage())
        return 0
    try:
        asyncio.run(_run(options))
    except (OSError, ValueError, OverflowError) as error:
        sys.stderr.write(f"playground: {error}\n")
        return 1
    return 0


async def _run(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    playground = Playground(
        host=options.host,
        port=options.port,
        members=options.seed_members,
        token=options.token,
        scene_file=options.scene if options.scene and options.scene.exists() else None,
    )
    async with playground:
        scene = playground.scene
        ready = json.dumps(
            {
                "url": playground.url,
                "bot_token": playground.bot_token,
                "guild_id": scene.guild.id,
                "channel_id": scene.stylize.id,
                "members": [{"id": m.id, "name": m.global_name} for m in scene.members],
            }
        )
        if options.ready_file is not None:
            # Replaced atomically, because the waiting process reads the file at once.
            partial = options.ready_file.with_name(options.ready_file.name + ".part")
            partial.write_text(ready + "\n", encoding="utf-8")
            os.replace(partial, options.ready_file)  # noqa: PTH105 - atomic
        sys.stdout.write(ready + "\n")
        sys.stdout.flush()
        await stop.wait()
    if options.scene is not None:
        playground.save_scene(options.scene)


if __name__ == "__main__":
    sys.exit(main())
