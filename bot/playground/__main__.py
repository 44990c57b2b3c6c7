"""``python -m bot.playground``: a local Discord until interrupted."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
from pathlib import Path

from bot.playground.server import Playground


def main(arguments: list[str] | None = None) -> int:
    """Run a playground; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bot.playground", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address")
    parser.add_argument("--port", type=int, default=0, help="0 for any that is free")
    parser.add_argument("--seed-members", type=int, default=3, metavar="N", help="people")
    parser.add_argument("--token", help="the bot's token; made up when not given")
    parser.add_argument(
        "--ready-file", type=Path, metavar="FILE", help="written once it listens, as JSON"
    )
    options = parser.parse_args(arguments)
    try:
        asyncio.run(_run(options))
    except (OSError, ValueError) as error:
        sys.stderr.write(f"playground: {error}\n")
        return 1
    return 0


async def _run(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for wanted in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(wanted, stop.set)
    playground = Playground(
        host=options.host,
        port=options.port,
        members=options.seed_members,
        token=options.token,
    )
    async with playground:
        seeded = playground.seeded
        ready = json.dumps(
            {
                "url": playground.url,
                "bot_token": playground.bot_token,
                "guild_id": seeded.guild.id,
                "channel_id": seeded.stylize.id,
                "members": [{"id": m.id, "name": m.global_name} for m in seeded.members],
            }
        )
        if options.ready_file is not None:
            # Whole or not at all: whoever waits for the file reads it at once.
            partial = options.ready_file.with_name(options.ready_file.name + ".part")
            partial.write_text(ready + "\n", encoding="utf-8")
            os.replace(partial, options.ready_file)  # noqa: PTH105 - the atomic one
        sys.stdout.write(ready + "\n")
        sys.stdout.flush()
        await stop.wait()


if __name__ == "__main__":
    sys.exit(main())
