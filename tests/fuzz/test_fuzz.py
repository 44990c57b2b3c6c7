"""A short run of the hostile files and downloads; ``make fuzz`` is the long one."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from . import files

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the run forks")


async def test_hostile_files_and_downloads_are_answered():
    count = os.environ.get("FUZZ_FILES", "300")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.fuzz"),
        cwd=ROOT,
        env={"FUZZ_SEED": "1", **os.environ, "FUZZ_FILES": count},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    text = output.decode()
    assert process.returncode == 0, text
    assert text.endswith("\n0 failures\n")
    assert f"FUZZ_FILES={count} FUZZ_SEED=" in text
    outcomes = text.partition("outcomes:")[2].partition("peak memory")[0]
    counts = re.findall(r"^ +([\d,]+)  \w", outcomes, re.MULTILINE)
    assert sum(int(each.replace(",", "")) for each in counts) == int(count)


def test_a_seed_gives_the_same_files():
    assert [files.generate(7, number) for number in range(20)] == [
        files.generate(7, number) for number in range(20)
    ]
    assert files.generate(7, 0) != files.generate(8, 0)
