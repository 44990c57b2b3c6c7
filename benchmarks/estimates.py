"""How right the estimates on the cards are: ``python benchmarks/estimates.py``.

The real engine, a real worker process on this machine: some paintings are made first, one after
another, from which it learns. Then jobs of other sizes, passes and recipes are accepted all at
once, by several members; each one's place and estimate at that moment stand beside the truth.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import random
import statistics
import tempfile
import time
from pathlib import Path

from PIL import Image

from bot.executors.process import ProcessExecutor
from bot.jobs.artefacts import content_key, open_artefacts, style_key
from bot.jobs.feed import JobFeed
from bot.jobs.model import Job, JobState, Limits, NewJob, Origin, new_job_id
from bot.jobs.store import JobStore
from bot.scheduler.scheduler import Scheduler
from bot.settings import Settings
from stylenet.recipe import Recipe

MANY = Limits(per_member=999, per_guild=999, total=999)
LEARN_FROM = [
    ("default", 64, 4), ("default", 160, 3), ("fast", 96, 3), ("fast", 160, 5),
    ("default", 112, 8), ("fast", 128, 8),
]  # fmt: skip


async def main(count: int, seed: int, devices: str) -> None:
    dice = random.Random(seed)
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
                shape = (size, round(size * dice.uniform(0.6, 1)))
                await artefacts.put(content_key(job_id), _picture(shape, dice))
                await artefacts.put(style_key(job_id, 0), _picture((256, 256), dice))
                member = dice.randint(1, 4)
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

            async def ended(job: Job) -> float:
                while (now := await store.get(job.job_id)).state is not JobState.SUCCEEDED:
                    if now.state.is_final:
                        raise SystemExit(f"{now.state}: {now.error_code}, {now.error_message}")
                    await asyncio.sleep(0.05)
                return time.monotonic()

            await executor.start()
            try:
                print(f"painting on {', '.join(await executor.ready())}")
                await scheduler.start()
                for kind in LEARN_FROM:
                    await ended(await accept(*kind))
                kinds = [
                    (
                        dice.choice(["default", "fast"]),
                        dice.choice([64, 80, 96, 112, 128, 160, 192, 224]),
                        dice.randint(3, 10),
                    )
                    for _ in range(count)
                ]
                accepted = []
                for kind in kinds:
                    job = await accept(*kind)
                    place = await store.place_in_queue(job.job_id)
                    foretold = await scheduler.estimate(await store.get(job.job_id)) or 0.0
                    accepted.append((job, kind, place, foretold, time.monotonic()))
                ends = await asyncio.gather(*(ended(job) for job, *_ in accepted))
            finally:
                await scheduler.stop()
                await executor.close()
    print("\n| recipe | size | passes | place | estimate, s | truth, s | error |")
    print("|---|---|---|---|---|---|---|")
    errors = []
    for (_, (recipe, size, passes), place, foretold, at), end in zip(accepted, ends, strict=True):
        truth = end - at
        errors.append(abs(foretold / truth - 1))
        print(
            f"| {recipe} | {size} | {passes} | {place or 'begun'} | {foretold:.1f} | {truth:.1f} "
            f"| {foretold / truth - 1:+.0%} |"
        )
    within = sum(error <= 0.3 for error in errors)
    print(
        f"\nwithin 30%: {within} of {len(errors)}; median error {statistics.median(errors):.0%}, "
        f"largest {max(errors):.0%} (seed {seed})"
    )


def _picture(shape: tuple[int, int], dice: random.Random) -> bytes:
    buffer = io.BytesIO()
    tone = Image.linear_gradient("L").resize(shape).rotate(dice.randint(0, 359))
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
