"""What every test may lean on: where the shared pictures are, and a browser if there is one."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

# Before anything imports torch: tests run side by side, and so do the processes that they start.
# Threads that wait for one another on busy cores take many times as long as one that works alone.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"


def pytest_report_header() -> list[str]:
    """Say before the first test what will be skipped on this machine, and why."""
    missing = []
    if find_chromium() is None:
        missing.append("no Chromium found: the chat page's browser tests are skipped")
    if not SHARED.is_dir():
        missing.append(
            "no folder 'shared' beside the checkout: tests on its pictures and on "
            "Discord's API contract are skipped"
        )
    return missing


def find_chromium() -> str | None:
    """The path of an installed Chromium or Chrome, or None."""
    for name in ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome"):
        if found := shutil.which(name):
            return found
    return None


@pytest.fixture(scope="session")
def chromium() -> str:
    """An installed Chromium; the test is skipped where there is none."""
    found = find_chromium()
    if found is None:
        pytest.skip("no Chromium found; install it from your system's packages")
    return found


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with benchmark pictures and Discord's API contract; skipped where absent."""
    if not SHARED.is_dir():
        pytest.skip("no folder 'shared' beside the checkout")
    return SHARED
