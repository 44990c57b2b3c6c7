"""When to disturb: at a random instant, or at one where much could go wrong.

An aim is a function that waits for its instant and returns. What it returns is called after the
disturbance: a request that was held on its way, for example, then arrives late, possibly after the
bot was started again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .disturbances import Disturbance

if TYPE_CHECKING:
    import random

    from bot.playground.faults import Fault

    from .scene import Scene

__all__ = ["AIMS", "Aim", "draw"]

Afterwards = Callable[[], None] | None
Wait = Callable[["Scene"], Awaitable[Afterwards]]

POSTS = r"POST .*/channels/\d+/messages$"
EDITS = r"PATCH .*/channels/\d+/messages/\d+$"
ARRIVAL_SECONDS = 60.0
LATE_SECONDS = (1.0, 12.0)
SEARCHED_MESSAGES = 1000
"""How far a bot searches a channel for a message of its own, in one direction."""


@dataclass(frozen=True, kw_only=True)
class Aim:
    """One way to choose the instant.

    Attributes:
        name: the phase of a job that it aims at.
        disturbance: what is done then.
        weight: how often it is drawn, in relation to the others.
        wait: returns at the instant.
        bots: the least number of bots that it makes sense for.
    """

    name: str
    disturbance: Disturbance
    weight: int
    wait: Wait
    bots: int = 1


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
    await scene.new_picture()
    await asyncio.sleep(scene.rng.uniform(0.0, 0.03))


async def _card_deleted(scene: Scene) -> None:
    await scene.painting()
    scene.delete_a_card()
    await asyncio.sleep(scene.rng.uniform(0.0, 1.5))


async def _worker_starting(scene: Scene) -> None:
    await scene.worker()
    await asyncio.sleep(scene.rng.uniform(0.0, 4.0))


async def _accepting_in_flight(scene: Scene) -> None:
    await scene.connected()
    scene.to_answer.append(scene.ask())
    await asyncio.sleep(scene.rng.uniform(0.05, 0.5))


async def _downloading_in_flight(scene: Scene) -> Afterwards:
    await scene.connected()
    scene.playground.faults.cdn_delay_seconds = 0.5
    scene.to_answer.append(scene.ask())
    await asyncio.sleep(scene.rng.uniform(0.1, 1.2))
    return scene.playground.faults.clear


async def _busy_channel(scene: Scene) -> None:
    """More messages than a bot searches between the card and the picture, and no nonce left."""
    await scene.connected()
    channel = scene.new_channel("busy")
    scene.ask(channel)
    await scene.card_in(channel)
    scene.chat(channel, SEARCHED_MESSAGES + 100)
    posts = rf"POST .*/channels/{channel.id}/messages$"
    await _arrival(scene.playground.faults.lose_response(path=posts, count=1))
    await scene.until(lambda: _pictures_in(scene, channel.id))
    scene.playground.messages.forget_nonces()


async def _hanging_channel(scene: Scene) -> Afterwards:
    """One channel answers no POST; cards elsewhere must be sent all the same."""
    await scene.connected()
    hanging, other = scene.new_channel("hanging"), scene.new_channel("other")
    posts = rf"POST .*/channels/{hanging.id}/messages$"
    held = scene.playground.faults.hold(path=posts)
    for _ in range(3):
        scene.ask(hanging, passes=2)
    await _arrival(held)
    scene.ask(other)
    await scene.card_in(other)
    await asyncio.sleep(scene.rng.uniform(0.0, 2.0))
    return _late(scene, held)


_AIMS: Mapping[Disturbance, tuple[tuple[str, int, Wait], ...]] = {
    Disturbance.KILL_BOT: (
        ("starting", 2, _starting),
        ("any time", 4, _any_time),
        ("accepting", 4, _accepting),
        ("downloading", 3, _downloading),
        ("posting the card", 3, _posting_the_card),
        ("card posted, answer lost", 2, _card_unanswered),
        ("painting", 2, _painting),
        ("writing a checkpoint", 2, _writing_a_checkpoint),
        ("half a checkpoint written", 1, _half_a_checkpoint),
        ("finishing", 3, _finishing),
        ("editing the card", 2, _editing),
        ("card edited, answer lost", 1, _edit_unanswered),
        ("card deleted", 1, _card_deleted),
        ("uploading the picture", 4, _uploading_the_picture),
        ("picture posted, answer lost", 3, _picture_unanswered),
        ("recording the picture", 3, _recording_the_picture),
        ("picture posted in a busy channel", 3, _busy_channel),
        ("a channel hangs", 3, _hanging_channel),
    ),
    Disturbance.KILL_WORKER: (
        ("starting", 1, _worker_starting),
        ("painting", 3, _painting),
        ("writing a checkpoint", 2, _writing_a_checkpoint),
        ("finishing", 2, _finishing),
    ),
    Disturbance.STOP_BOT: (
        ("accepting", 2, _accepting_in_flight),
        ("downloading", 3, _downloading_in_flight),
        ("painting", 1, _painting),
        ("finishing", 1, _finishing),
    ),
    Disturbance.FREEZE_BOT: (
        ("any time", 2, _any_time),
        ("accepting", 2, _accepting),
        ("posting the card", 2, _posting_the_card),
        ("painting", 2, _painting),
        ("finishing", 3, _finishing),
        ("uploading the picture", 2, _uploading_the_picture),
        ("recording the picture", 2, _recording_the_picture),
    ),
    Disturbance.RESTART_DATABASE: (
        ("any time", 2, _any_time),
        ("accepting", 2, _accepting),
        ("posting the card", 1, _posting_the_card),
        ("painting", 3, _painting),
        ("finishing", 2, _finishing),
        ("uploading the picture", 2, _uploading_the_picture),
        ("recording the picture", 2, _recording_the_picture),
    ),
}

AIMS = tuple(
    Aim(
        name=name,
        disturbance=disturbance,
        weight=weight,
        wait=wait,
        bots=2 if disturbance is Disturbance.FREEZE_BOT else 1,
    )
    for disturbance, aims in _AIMS.items()
    for name, weight, wait in aims
)


def draw(rng: random.Random, count: int, *, bots: int, restartable: bool) -> list[Aim]:
    """Return so many aims in random order, distributed as their weights say.

    They are dealt like cards from one shuffled deck after another, so that a short run does not
    miss a kind by chance.

    Args:
        rng: for the order.
        count: how many.
        bots: how many bots there are.
        restartable: whether the database can be restarted.
    """
    possible = [
        aim
        for aim in AIMS
        if bots >= aim.bots and (restartable or aim.disturbance is not Disturbance.RESTART_DATABASE)
    ]
    drawn: list[Aim] = []
    while len(drawn) < count:
        deck = [aim for aim in possible for _ in range(aim.weight)]
        rng.shuffle(deck)
        drawn += deck
    return drawn[:count]


def _pictures_in(scene: Scene, channel_id: str) -> bool:
    return any(each.channel_id == channel_id for _, each in scene.ledger.messages.pictures())


async def _arrival(fault: Fault) -> None:
    async with asyncio.timeout(ARRIVAL_SECONDS):
        await fault.arrived.wait()


def _late(scene: Scene, held: Fault) -> Callable[[], None]:
    """Let what was held arrive after the disturbance: at once, or some seconds later."""
    after = 0.0 if scene.rng.random() < 0.5 else scene.rng.uniform(*LATE_SECONDS)

    def release() -> None:
        asyncio.get_running_loop().call_later(after, held.release)

    return release
