"""Prometheus metrics, served by `bot.ops.health`."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

__all__ = [
    "ERRORS",
    "FREE_DISK",
    "JOBS",
    "JOBS_ENDED",
    "PAINT_SECONDS",
    "REGISTRY",
    "TASK_RESTARTS",
    "WORKER_DEATHS",
]

REGISTRY = CollectorRegistry(auto_describe=True)

JOBS = Gauge("stylebot_jobs", "Jobs by state.", ["state"], registry=REGISTRY)
JOBS_ENDED = Counter(
    "stylebot_jobs_ended_total",
    "Jobs that ended in this process, by final state.",
    ["state"],
    registry=REGISTRY,
)
ERRORS = Counter(
    "stylebot_errors_total",
    "Errors that members met and that the operator should know of, by class.",
    ["error"],
    registry=REGISTRY,
)
PAINT_SECONDS = Histogram(
    "stylebot_paint_seconds",
    "Painting time per finished picture, in seconds.",
    buckets=(1, 2, 5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560),
    registry=REGISTRY,
)
FREE_DISK = Gauge(
    "stylebot_free_disk_bytes", "Free space where pictures are kept, in bytes.", registry=REGISTRY
)
WORKER_DEATHS = Counter(
    "stylebot_worker_deaths_total", "Worker processes that exited unexpectedly.", registry=REGISTRY
)
TASK_RESTARTS = Counter(
    "stylebot_task_restarts_total",
    "Background tasks that failed and were restarted, by name.",
    ["task"],
    registry=REGISTRY,
)
