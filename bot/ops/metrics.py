"""Prometheus metrics, served by `bot.ops.health` and described in docs/operations.md."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
)

__all__ = [
    "BUILD",
    "DATABASE_OUTAGES",
    "DELIVERIES_ENDED",
    "DELIVERIES_PENDING",
    "DISCORD_ERRORS",
    "DISCORD_RATE_LIMITS",
    "ERRORS",
    "EVENT_LOOP_LAG",
    "FREE_DISK",
    "JOBS",
    "JOBS_ENDED",
    "OLDEST_DELIVERY",
    "PAINT_SECONDS",
    "QUEUE_WAIT",
    "READY",
    "REGISTRY",
    "REPLIES_DELAYED",
    "REPLIES_DROPPED",
    "TASK_RESTARTS",
    "WORKER_DEATHS",
]

_MINUTES: Final = (1, 2, 5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560)
"""Limits of buckets, in seconds."""

REGISTRY = CollectorRegistry(auto_describe=True)
ProcessCollector(registry=REGISTRY)


def _own_version() -> str:
    try:
        return version("stylebot")
    except PackageNotFoundError:  # run from a checkout without being installed
        return "unknown"


BUILD = Info("stylebot_build", "Version of the bot and of Python.", registry=REGISTRY)
BUILD.info({"version": _own_version(), "python": platform.python_version()})
READY = Gauge(
    "stylebot_ready", "Whether a check of /readyz passes, by check.", ["check"], registry=REGISTRY
)

# Jobs
JOBS = Gauge("stylebot_jobs", "Jobs in the database, by state.", ["state"], registry=REGISTRY)
JOBS_ENDED = Counter(
    "stylebot_jobs_ended_total",
    "Jobs that ended in this process, by final state.",
    ["state"],
    registry=REGISTRY,
)
QUEUE_WAIT = Histogram(
    "stylebot_queue_wait_seconds",
    "Time from the acceptance of a job to its first claim, in seconds.",
    buckets=_MINUTES,
    registry=REGISTRY,
)
PAINT_SECONDS = Histogram(
    "stylebot_paint_seconds",
    "Painting time per finished picture, in seconds.",
    buckets=_MINUTES,
    registry=REGISTRY,
)
WORKER_DEATHS = Counter(
    "stylebot_worker_deaths_total", "Worker processes that exited unexpectedly.", registry=REGISTRY
)

# Deliveries
DELIVERIES_PENDING = Gauge(
    "stylebot_deliveries_pending", "Messages in the outbox that are not sent.", registry=REGISTRY
)
OLDEST_DELIVERY = Gauge(
    "stylebot_oldest_delivery_seconds",
    "Age of the oldest message in the outbox that is not sent, in seconds; 0 if there is none.",
    registry=REGISTRY,
)
DELIVERIES_ENDED = Counter(
    "stylebot_deliveries_ended_total",
    "Deliveries that ended in this process, by result: sent, failed or unneeded.",
    ["result"],
    registry=REGISTRY,
)

# Replies to commands
REPLIES_DELAYED = Counter(
    "stylebot_replies_delayed_total",
    "Replies that waited because of other messages in their channel.",
    registry=REGISTRY,
)
REPLIES_DROPPED = Counter(
    "stylebot_replies_dropped_total",
    "Replies that were not sent, by reason: repeated (the same one to the same member was "
    "waiting) or too_many (one sentence answered instead).",
    ["reason"],
    registry=REGISTRY,
)

# What the bot depends on
DISCORD_ERRORS = Counter(
    "stylebot_discord_errors_total",
    "Requests to Discord that failed, by HTTP status; status none had no answer.",
    ["status"],
    registry=REGISTRY,
)
DISCORD_RATE_LIMITS = Counter(
    "stylebot_discord_rate_limits_total",
    "Answers of Discord that limit the rate (429), by scope: user, global, shared or unknown.",
    ["scope"],
    registry=REGISTRY,
)
DATABASE_OUTAGES = Counter(
    "stylebot_database_outages_total",
    "Times at which the database became unavailable to this process.",
    registry=REGISTRY,
)
FREE_DISK = Gauge(
    "stylebot_free_disk_bytes",
    "Free space of the data folder and of the pictures' folder, in bytes.",
    ["folder"],
    registry=REGISTRY,
)

# The process itself
ERRORS = Counter(
    "stylebot_errors_total",
    "Errors that the operator should know of, by the part of the bot and by class.",
    ["where", "error"],
    registry=REGISTRY,
)
EVENT_LOOP_LAG = Histogram(
    "stylebot_event_loop_lag_seconds",
    "How late the event loop runs what is due, in seconds.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
    registry=REGISTRY,
)
TASK_RESTARTS = Counter(
    "stylebot_task_restarts_total",
    "Background tasks that failed and were restarted, by name.",
    ["task"],
    registry=REGISTRY,
)
