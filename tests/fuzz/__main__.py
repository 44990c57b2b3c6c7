"""Send hostile files and downloads through the bot's inspection: ``make fuzz``.

FUZZ_FILES is the number of files, FUZZ_SEED repeats a run, FUZZ_PROCESSES is how many inspect at
once, by default one per core. A file that fails is written to FUZZ_KEEP, if that names a folder.
"""

from __future__ import annotations

import asyncio
import collections
import logging
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from . import downloads, files, inspections

if TYPE_CHECKING:
    from .inspections import Inspection

MIB = 1 << 20


def inspect_one(seed: int, keep: str | None, number: int) -> tuple[str, int, Inspection]:
    """Make and inspect one file; return its kind, its size in bytes, and what came of it."""
    kind, data = files.generate(seed, number)
    inspection = inspections.inspect(data)
    if keep and inspection.failure:
        (Path(keep) / f"{seed}-{number}").write_bytes(data)
    return kind, len(data), inspection


def main() -> int:
    """Run, print the figures, and return the number of failures."""
    count = int(os.environ.get("FUZZ_FILES", "10000"))
    seed = int(os.environ.get("FUZZ_SEED") or time.time())
    processes = int(os.environ.get("FUZZ_PROCESSES") or os.cpu_count() or 1)
    keep = os.environ.get("FUZZ_KEEP")
    logging.disable()  # a refusal's warning is no news here
    print(f"FUZZ_FILES={count} FUZZ_SEED={seed}", flush=True)
    outcomes: collections.Counter[str] = collections.Counter()
    kinds: collections.Counter[str] = collections.Counter()
    failures = 0
    slowest, largest = (0.0, ""), (0, "")
    files.seeds()  # made once, before the processes are forked
    with ProcessPoolExecutor(processes, mp_context=get_context("fork")) as pool:
        found = pool.map(partial(inspect_one, seed, keep), range(count), chunksize=8)
        for number, (kind, size, inspection) in enumerate(found):
            outcomes[inspection.outcome] += 1
            kinds[kind.partition(" ")[0] if kind.startswith(("mutated", "polyglot")) else kind] += 1
            name = f"file {number}, {kind}, {size:,} bytes"
            slowest = max(slowest, (inspection.seconds, name))
            largest = max(largest, (inspection.peak_bytes, name))
            if inspection.failure:
                failures += 1
                print(f"FAILED {name}: {inspection.failure}", flush=True)
            if (number + 1) % 1000 == 0:
                print(f"{number + 1:,} files", file=sys.stderr, flush=True)
    for title, counter in (("kinds", kinds), ("outcomes", outcomes)):
        print(f"{title}:")
        for name, times in counter.most_common():
            print(f"  {times:7,}  {name}")
    print(f"peak memory: {largest[0] / MIB:.0f} MiB ({largest[1]})")
    print(f"slowest: {slowest[0]:.2f} CPU s ({slowest[1]})")
    report = asyncio.run(downloads.run())
    print("downloads:")
    for name, outcome in report.outcomes.items():
        print(f"  {name}: {outcome}")
    for failure in report.failures:
        print(f"FAILED download {failure}")
    failures += len(report.failures)
    print(f"{failures} failures", flush=True)
    return failures


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
