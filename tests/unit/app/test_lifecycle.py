"""What a bot process does before it connects."""

from __future__ import annotations

import gc

import pytest

from bot.app import lifecycle
from bot.settings import Settings


@pytest.fixture
def _thawed():
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("_thawed")
async def test_full_collections_skip_what_the_imports_made(monkeypatch):
    frozen = []

    async def run_app(app):
        frozen.append(gc.get_freeze_count())

    monkeypatch.setattr(lifecycle, "_run_app", run_app)
    monkeypatch.setattr(lifecycle, "configure_logging", lambda _: None)
    await lifecycle.run(Settings(_env_file=None))
    assert frozen[0] > 10_000
