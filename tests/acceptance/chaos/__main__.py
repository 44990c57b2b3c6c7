"""``make chaos``: disturb the bots many times, and count the pictures.

Bots and workers are killed, bots are stopped and frozen, the database is restarted. The exit code
is 0 when every accepted job has exactly one picture in the channels and nothing is left over, else
1, and the bots' logs are kept where the last line says.
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

from .run import DATABASES, run_chaos


def main() -> int:
    """Run and return the exit code; the environment has the options' defaults."""
    parser = argparse.ArgumentParser(prog="python -m tests.acceptance.chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=int(os.environ.get("CHAOS_KILLS", "200")))
    parser.add_argument("--seed", type=int, default=os.environ.get("CHAOS_SEED"))
    parser.add_argument(
        "--database", choices=DATABASES, default=os.environ.get("CHAOS_DATABASE", "sqlite")
    )
    parser.add_argument("--bots", type=int, default=int(os.environ.get("CHAOS_BOTS", "1")))
    parser.add_argument(
        "--minutes", type=float, default=float(os.environ.get("CHAOS_MINUTES", "inf"))
    )
    arguments = parser.parse_args()
    if arguments.database == "sqlite" and arguments.bots > 1:
        parser.error("several bots need --database postgres")
    seed = secrets.randbelow(1_000_000) if arguments.seed is None else arguments.seed
    folder = Path(tempfile.mkdtemp(prefix="stylebot-chaos-"))
    print(f"{arguments.kills} disturbances, CHAOS_SEED={seed}, logs in {folder}", flush=True)
    report = asyncio.run(
        run_chaos(
            kills=arguments.kills,
            seed=seed,
            folder=folder,
            database=arguments.database,
            bots=arguments.bots,
            minutes=arguments.minutes,
            report_line=lambda line: print(line, flush=True),
        )
    )
    print(f"\n{report.table()}")
    if report.is_clean:
        shutil.rmtree(folder)
        return 0
    print(f"\nNOT as it must be; the bots' logs and data are in {folder}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
