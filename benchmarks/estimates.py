"""Accuracy of the time estimates on the cards: ``python benchmarks/estimates.py``.

It runs the real scheduler with a real worker process on this machine. First it paints some jobs
one after another, from which the estimator learns. Then it enqueues jobs of other sizes, passes
and recipes at once, from several members, and compares with the real time each job's estimate
when it was accepted and the one on its card after half the time. Members take turns, so a job
accepted later may run earlier; the estimate at acceptance does not include such jobs.

Other load on the machine changes its speed and so the error; the load average is printed.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import os
import random
import statistics
import tempfile
import time
from pathlib import Path

from PIL import Image

from bot.artefacts import open_artefacts
from bot.artefacts.keys import content_key, style_key
from bot.executors.process import ProcessExecutor
from bot.jobs.change_feed import JobFeed
from bot.jobs.models import Job, JobLimits, JobState, NewJob, Origin, new_job_id
from bot.jobs.store import JobStore
from bot.scheduler.scheduler import Scheduler
from bot.settings import Settings
from stylenet.recipe import Recipe

CARD_SECONDS = 1.0

CardEstimates = list[tuple[float, float]]
"""Estimates on a card: (monotonic time, seconds left)."""

Accepted = tuple[Job, tuple[str, int, int], int | None, CardEstimates]

MANY = JobLimits(per_member=999, per_guild=999, total=999)
LEARN_FROM = [
    ("default", 64, 4), ("default", 160, 3), ("fast", 96, 3), ("fast", 160, 5),
    ("default", 112, 8), ("fast", 128, 8),
]  # fmt: skip


async def main(count: int, seed: int, devices: str) -> None:  # noqa: PLR0915 - one scene
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            _env_file=None,
            data_dir=Path(folder),
            devices=devices,  # type: ignore[call-arg]
        )
        artefacts = open_artefacts(settings.resolved_artefacts_url)
        executor = ProcessExecutor.of(settings)
        async with JobStore(settings.resolved_database_url, feed=JobFeed()) as store:
            scheduler = Scheduler(
                store=store, artefacts=artefacts, executor=executor, settings=settings
            )

            async def accept(recipe: str, size: int, passes: int) -> Job:
                job_id = new_job_id()
                shape = (size, round(size * rng.uniform(0.6, 1)))
                await artefacts.put(content_key(job_id), _picture(shape, rng))
                await artefacts.put(style_key(job_id, 0), _picture((256, 256), rng))
                member = rng.randint(1, 4)
                return await store.enqueue(
                    NewJob(
                        job_id=job_id,
                        origin=Origin(
                            guild_id=1, channel_id=2, message_id=None, requester_id=member
                        ),
                        content_key=content_key(job_id),
                        style_keys=(style_key(job_id, 0),),
                        recipe=Recipe.named(recipe).evolve(size=size, passes=passes),
                        content_size=shape,
                    ),
                    limits=MANY,
                )

            async def ended(shown: dict[str, CardEstimates]) -> dict[str, float]:
                """Return when each job ended; append its card's estimates to `shown`.

                It waits on the change feed: polling would take time from the worker.
                """
                ends: dict[str, float] = {}
                look = time.monotonic()
                with store.feed.subscribe() as changes:
                    touched = set(shown)
                    while len(ends) < len(shown):
                        for job_id in touched & (shown.keys() - ends.keys()):
                            now = await store.get(job_id)
                            if now.state is JobState.SUCCEEDED:
                                ends[job_id] = time.monotonic()
                            elif now.state.is_final:
                                raise SystemExit(f"{now.error_code}: {now.error_message}")
                        if time.monotonic() > look + CARD_SECONDS:
                            look = time.monotonic()
                            for job_id in shown.keys() - ends.keys():
                                left = (
                                    await scheduler.estimate(await store.get(job_id))
                                ).seconds_left
                                shown[job_id].append((time.monotonic(), left or 0.0))
                        changed = await changes.next(CARD_SECONDS)
                        touched = {*changes.drain(), *([changed] if changed else [])}
                return ends

            await executor.start()
            try:
                print(f"painting on {', '.join(await executor.ready())}")
                await scheduler.start()
                for kind in LEARN_FROM:
                    await ended({(await accept(*kind)).job_id: []})
                kinds = [
                    (
                        rng.choice(["default", "fast"]),
                        rng.choice([64, 80, 96, 112, 128, 160, 192, 224]),
                        rng.randint(3, 10),
                    )
                    for _ in range(count)
                ]
                load = os.getloadavg()[0]
                jobs = [await accept(*kind) for kind in kinds]
                accepted = []
                for job, kind in zip(jobs, kinds, strict=True):
                    place = (await scheduler.estimate(job)).place
                    estimate = (await scheduler.estimate(await store.get(job.job_id))).seconds_left
                    shown = [(time.monotonic(), estimate or 0.0)]
                    accepted.append((job, kind, place, shown))
                ends = await ended({job.job_id: shown for job, _, _, shown in accepted})
            finally:
                await scheduler.stop()
                await executor.close()
    _report(accepted, ends)
    print(
        f"seed {seed}; load {load:.1f} before and {os.getloadavg()[0]:.1f} after, of which 1 "
        f"is the worker's; {os.cpu_count()} processors"
    )


def _report(accepted: list[Accepted], ends: dict[str, float]) -> None:
    """Print each estimate with the real time, and how many were within 30%."""
    print("\n| recipe | size | passes | place | estimate, s | real, s | error | error half way |")
    print("|---|---|---|---|---|---|---|---|")
    first, later = [], []
    for job, (recipe, size, passes), place, shown in accepted:
        (at, estimate), end = shown[0], ends[job.job_id]
        real = end - at
        half, left = min(shown, key=lambda one: abs(one[0] - (at + end) / 2))
        first.append(estimate / real - 1)
        later.append(left / max(end - half, 0.1) - 1)
        print(
            f"| {recipe} | {size} | {passes} | {place or 'running'} | {estimate:.1f} | {real:.1f} "
            f"| {first[-1]:+.0%} | {later[-1]:+.0%} |"
        )
    print()
    for name, errors in (("when accepted", first), ("half way", later)):
        sizes = [abs(error) for error in errors]
        print(
            f"{name}: within 30%: {sum(size <= 0.3 for size in sizes)} of {len(sizes)}; "
            f"median error {statistics.median(sizes):.0%}, largest {max(sizes):.0%}"
        )


def _picture(shape: tuple[int, int], rng: random.Random) -> bytes:
    buffer = io.BytesIO()
    tone = Image.linear_gradient("L").resize(shape).rotate(rng.randint(0, 359))
    Image.merge("RGB", [tone, tone.transpose(Image.Transpose.FLIP_LEFT_RIGHT), tone]).save(
        buffer, "PNG"
    )
    return buffer.getvalue()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--devices", default="auto")
    options = parser.parse_args()
    asyncio.run(main(options.jobs, options.seed, options.devices))
