"""When to kill: at a random instant, or at one where much could go wrong.

An aim is a function that waits on the scene for its instant and returns; then the target dies.
What it returns is done afterwards: a request that was held on its way, for example, arrives
late, before the next life of the bot or in the midst of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import random

    from bot.playground.faults import Fault

    from .scene import Scene

__all__ = ["AIMS", "Aim", "draw"]

Target = Literal["bot", "worker"]
Afterwards = Callable[[], None] | None

POSTS = r"POST .*/channels/\d+/messages$"
EDITS = r"PATCH .*/channels/\d+/messages/\d+$"
ARRIVAL_SECONDS = 60.0
LATE_SECONDS = (1.0, 12.0)


@dataclass(frozen=True, kw_only=True)
class Aim:
    """One way to choose the instant.

    Attributes:
        name: the phase of a job it aims at.
        target: who is killed.
        weight: how often it is drawn, beside the others.
        wait: returns at the instant.
    """

    name: str
    target: Target
    weight: int
    wait: Callable[[Scene], Awaitable[Afterwards]]


async def _starting(scene: Scene) -> None:
    await asyncio.sleep(scene.rng.uniform(0.0, 3.0))


async def _any_time(scene: Scene) -> None:
    await scene.connected()
    await asyncio.sleep(scene.rng.uniform(0.0, 5.0))


async def _accepting(scene: Scene) -> None:
    await scene.connected()
    scene.ask()
    await asyncio.sleep(scene.rng.uniform(0.0, 0.5))


async def _downloading(scene: Scene) -> Afterwards:
    await scene.connected()
    scene.playground.faults.cdn_delay_seconds = 0.5
    scene.ask()
    await asyncio.sleep(scene.rng.uniform(0.05, 1.2))
    return scene.playground.faults.clear


async def _posting_the_card(scene: Scene) -> Afterwards:
    await scene.connected()
    held = scene.playground.faults.hold(path=POSTS, count=1)
    scene.ask()
    await _arrival(held)
    await asyncio.sleep(scene.rng.uniform(0.0, 0.2))
    return _late(scene, held)


async def _card_unanswered(scene: Scene) -> None:
    await scene.connected()
    lost = scene.playground.faults.lose_response(path=POSTS, count=1)
    scene.ask()
    await _arrival(lost)
    await asyncio.sleep(scene.rng.uniform(0.0, 0.1))


async def _painting(scene: Scene) -> None:
    await scene.painting()
    await asyncio.sleep(scene.rng.uniform(0.0, 1.0))


async def _writing_a_checkpoint(scene: Scene) -> None:
    await scene.some_job()
    await scene.new_file("checkpoint-*")
    await asyncio.sleep(scene.rng.uniform(0.0, 0.02))


async def _half_a_checkpoint(scene: Scene) -> None:
    await scene.some_job()
    await scene.new_file("checkpoint-*.part-*")


async def _finishing(scene: Scene) -> None:
    await scene.some_job()
    await scene.new_file("result*")
    await asyncio.sleep(scene.rng.uniform(0.0, 0.15))


async def _editing(scene: Scene) -> Afterwards:
    await scene.some_job()
    held = scene.playground.faults.hold(path=EDITS, count=1)
    await _arrival(held)
    await asyncio.sleep(scene.rng.uniform(0.0, 0.5))
    return held.release


async def _edit_unanswered(scene: Scene) -> None:
    await scene.some_job()
    await _arrival(scene.playground.faults.lose_response(path=EDITS, count=1))


async def _uploading_the_picture(scene: Scene) -> Afterwards:
    await scene.some_job()
    await scene.new_file("result*")
    held = scene.playground.faults.hold(path=POSTS, count=1)
    await _arrival(held)
    await asyncio.sleep(scene.rng.uniform(0.0, 0.2))
    return _late(scene, held)


async def _picture_unanswered(scene: Scene) -> None:
    await scene.some_job()
    await scene.new_file("result*")
    await _arrival(scene.playground.faults.lose_response(path=POSTS, count=1))
    await asyncio.sleep(scene.rng.uniform(0.0, 0.1))


async def _recording_the_picture(scene: Scene) -> None:
    await scene.some_job()
    await scene.new_final()
    await asyncio.sleep(scene.rng.uniform(0.0, 0.03))


async def _card_deleted(scene: Scene) -> None:
    await scene.painting()
    scene.delete_a_card()
    await asyncio.sleep(scene.rng.uniform(0.0, 1.5))


async def _worker_starting(scene: Scene) -> None:
    await scene.worker()
    await asyncio.sleep(scene.rng.uniform(0.0, 4.0))


def _bot(name: str, weight: int, wait: Callable[[Scene], Awaitable[Afterwards]]) -> Aim:
    return Aim(name=name, target="bot", weight=weight, wait=wait)


def _worker(name: str, weight: int, wait: Callable[[Scene], Awaitable[Afterwards]]) -> Aim:
    return Aim(name=name, target="worker", weight=weight, wait=wait)


AIMS = (
    _bot("starting", 2, _starting),
    _bot("any time", 4, _any_time),
    _bot("accepting", 4, _accepting),
    _bot("downloading", 3, _downloading),
    _bot("posting the card", 3, _posting_the_card),
    _bot("card posted, answer lost", 2, _card_unanswered),
    _bot("painting", 2, _painting),
    _bot("writing a checkpoint", 2, _writing_a_checkpoint),
    _bot("half a checkpoint written", 1, _half_a_checkpoint),
    _bot("finishing", 3, _finishing),
    _bot("editing the card", 2, _editing),
    _bot("card edited, answer lost", 1, _edit_unanswered),
    _bot("card deleted", 1, _card_deleted),
    _bot("uploading the picture", 4, _uploading_the_picture),
    _bot("picture posted, answer lost", 3, _picture_unanswered),
    _bot("recording the picture", 3, _recording_the_picture),
    _worker("starting", 1, _worker_starting),
    _worker("painting", 3, _painting),
    _worker("writing a checkpoint", 2, _writing_a_checkpoint),
    _worker("finishing", 2, _finishing),
)


def draw(rng: random.Random, count: int) -> list[Aim]:
    """Choose `count` aims in random order, in proportion to their weights.

    They are taken from one shuffled list of all aims after another, so that a short run is also
    balanced.
    """
    drawn: list[Aim] = []
    while len(drawn) < count:
        pool = [aim for aim in AIMS for _ in range(aim.weight)]
        rng.shuffle(pool)
        drawn += pool
    return drawn[:count]


async def _arrival(fault: Fault) -> None:
    async with asyncio.timeout(ARRIVAL_SECONDS):
        await fault.arrived.wait()


def _late(scene: Scene, held: Fault) -> Callable[[], None]:
    """Let what was held arrive after its sender's death: at once, or in its next life."""
    after = 0.0 if scene.rng.random() < 0.5 else scene.rng.uniform(*LATE_SECONDS)

    def release() -> None:
        asyncio.get_running_loop().call_later(after, held.release)

    return release
