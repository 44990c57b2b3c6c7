"""The operator's command ``check``: try everything that a start needs, but Discord."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.app.composition import make_data_folder, new_store
from bot.app.login import read_token
from bot.artefacts import open_artefacts
from bot.errors import (
    ConfigurationError,
    StorageFullError,
    StoreUnavailableError,
    StyleBotError,
    WorkerDiedError,
)
from bot.executors.process import create_executor
from bot.intake.inspection import Inspector
from bot.intake.intake import default_size
from bot.ops.health import HealthServer
from bot.ops.logging import configure_logging
from bot.settings_check import find_unknown_variables
from bot.views.text.units import megabytes

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.settings import Settings

__all__ = ["CheckResult", "check"]


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckResult:
    """The result of one check: its subject, whether it passed, and details."""

    subject: str
    passed: bool
    text: str


async def check(settings: Settings, *, report: Callable[[CheckResult], None]) -> bool:
    """Check everything that a start needs, without connecting to Discord.

    Args:
        settings: what to check.
        report: called with each result as soon as it is known.

    Returns:
        Whether every check passed.
    """
    configure_logging(settings)
    checks: dict[str, Callable[[Settings], Awaitable[str]]] = {
        "settings": _check_variables,
        "token": _check_token,
        "data folder": _check_data_folder,
        "database": _check_database,
        "pictures": _check_pictures,
        "health port": _check_health_port,
        "sandbox": _check_sandbox,
        "worker": _check_worker,
    }
    all_passed = True
    for subject, check_one in checks.items():
        try:
            text, passed = await check_one(settings), True
        except (StyleBotError, OSError) as error:
            text, passed = str(error), False
        except Exception as error:  # one check must not keep the others from being made
            text, passed = f"unexpected {type(error).__name__}: {error}", False
        all_passed &= passed
        report(CheckResult(subject=subject, passed=passed, text=" ".join(text.split())))
    return all_passed


async def _check_variables(_: Settings) -> str:
    if unknown := find_unknown_variables():
        raise ConfigurationError("; ".join(unknown))
    return "every variable is known"


async def _check_token(settings: Settings) -> str:
    token = read_token(settings)
    if token.count(".") != 2 or " " in token:
        raise ConfigurationError(
            "DISCORD_TOKEN does not look like a bot token, which has three parts separated by dots"
        )
    return "set"


async def _check_data_folder(settings: Settings) -> str:
    folder = settings.data_dir
    await asyncio.to_thread(make_data_folder, settings)
    probe = folder / f".check-{secrets.token_hex(4)}"
    try:
        await asyncio.to_thread(probe.touch)
        await asyncio.to_thread(probe.unlink)
    except OSError as error:
        msg = f"STYLEBOT_DATA_DIR: no file can be made in {folder}: {error.strerror}"
        raise ConfigurationError(msg) from error
    return str(folder)


async def _check_database(settings: Settings) -> str:
    try:
        async with new_store(settings) as store:
            jobs = await store.count_by_state()
    except StoreUnavailableError as error:
        own = settings.database_url is None
        setting = "STYLEBOT_DATA_DIR" if own else "STYLEBOT_DATABASE_URL"
        raise ConfigurationError(f"{setting}: the database cannot be reached: {error}") from error
    unfinished = sum(count for state, count in jobs.items() if not state.is_final)
    return f"{sum(jobs.values())} jobs, {unfinished} of them unfinished"


async def _check_pictures(settings: Settings) -> str:
    """Store a file and delete it again; look for free space."""
    artefacts = open_artefacts(settings.resolved_artefacts_url)
    key = f"check-{secrets.token_hex(4)}"
    try:
        await artefacts.put(key, b"check")
        await artefacts.delete(key)
        free = await artefacts.free_bytes()
    except (OSError, StorageFullError) as error:
        msg = f"STYLEBOT_ARTEFACTS_URL: nothing can be stored there: {error}"
        raise ConfigurationError(msg) from error
    finally:
        await artefacts.close()
    if free is None:
        return "object storage takes and deletes files"
    if free < settings.min_free_disk_bytes:
        raise ConfigurationError(
            f"{megabytes(free)} free; new jobs are refused below "
            f"{megabytes(settings.min_free_disk_bytes)} (STYLEBOT_MIN_FREE_DISK_BYTES)"
        )
    return f"{megabytes(free)} free"


async def _check_health_port(settings: Settings) -> str:
    if settings.health_port is None:
        return "off (STYLEBOT_HEALTH_PORT)"
    server = HealthServer(settings.health_host, settings.health_port, {})
    await server.start()
    await server.close()
    return f"{settings.health_host}:{settings.health_port} is free"


async def _check_sandbox(settings: Settings) -> str:
    """Say what the processes that decode are held by, and what the kernel lacks for it."""
    async with Inspector(settings) as inspector:
        gaps = inspector.confinement.gaps
    if gaps:  # members' pictures are decoded all the same, so a start does not fail
        return f"incomplete: {'; '.join(gaps)}"
    return "decoders have no files, no network and no secrets (Landlock, seccomp)"


async def _check_worker(settings: Settings) -> str:
    """Start the workers, which load the weights and use the devices."""
    executor = create_executor(settings)
    await executor.start()
    try:
        devices = await executor.all_ready()
    except WorkerDiedError as error:
        msg = "STYLEBOT_DEVICES: a worker does not start; its last output is above"
        raise ConfigurationError(msg) from error
    finally:
        await executor.close()
    return f"{', '.join(devices)}, {default_size(settings, devices)} px by default"
