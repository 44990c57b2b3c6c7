"""``python -m tests.acceptance.chaos``, or ``make chaos``: kill the bot, many times, and count.

Exit code 0 when every accepted job has exactly one picture in the channel and nothing is stuck;
1 otherwise, and the bot's log is left where the last line says.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
import shutil
import sys
import tempfile
from pathlib import Path

from .run import run_chaos


def main() -> int:
    """Run and judge; the environment gives the options' defaults."""
    parser = argparse.ArgumentParser(prog="python -m tests.acceptance.chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=int(os.environ.get("CHAOS_KILLS", "200")))
    parser.add_argument("--seed", type=int, default=os.environ.get("CHAOS_SEED"))
    parser.add_argument(
        "--minutes", type=float, default=float(os.environ.get("CHAOS_MINUTES", "inf"))
    )
    arguments = parser.parse_args()
    seed = secrets.randbelow(1_000_000) if arguments.seed is None else arguments.seed
    folder = Path(tempfile.mkdtemp(prefix="stylebot-chaos-"))
    print(f"{arguments.kills} kills, CHAOS_SEED={seed}, log in {folder / 'bot.log'}", flush=True)
    report = asyncio.run(
        run_chaos(
            kills=arguments.kills,
            seed=seed,
            folder=folder,
            minutes=arguments.minutes,
            report_line=lambda line: print(line, flush=True),
        )
    )
    print(f"\n{report.table()}")
    if report.is_clean:
        shutil.rmtree(folder)
        return 0
    print(f"\nNOT as it must be; the bot's log and data are in {folder}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
