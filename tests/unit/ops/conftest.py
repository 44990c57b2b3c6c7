"""Controlled time: delays are recorded instead of waited for."""

from __future__ import annotations

import asyncio
import random

import pytest


@pytest.fixture
def sleeps(monkeypatch):
    """The delays that were asked for with `asyncio.sleep`, which returns at once."""
    delays = []
    really_sleep = asyncio.sleep

    async def sleep(seconds):
        if seconds:  # sleep(0) only lets others run
            delays.append(seconds)
        await really_sleep(0)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    return delays


@pytest.fixture
def no_jitter(monkeypatch):
    """Delays are exactly those of the backoff."""
    monkeypatch.setattr(random, "uniform", lambda low, high: (low + high) / 2)
